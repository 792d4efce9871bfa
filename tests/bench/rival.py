# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads one rival runtime with its model and transcribes the files it is given, for `compare`.

usage: rival.py NAME RIVALS_FOLDER MODEL_FOLDER N_THREADS      (with the rivals' own Python)

Prints {"versions", "load_seconds", "isa", "note"} when the model is loaded. Then, for each line of
stdin, the path of a 16 kHz mono WAV file, prints {"wall_seconds", "text", "peak_rss_bytes"}.
Decodes English greedily, with timestamps. The time is measured from the samples in memory to the
text.
"""

import importlib.metadata
import json
import os
import re
import resource
import sys
import time

import numpy
import soundfile


def faster_whisper(_, model_folder, n_threads):
    import faster_whisper as package
    model = package.WhisperModel(model_folder, device='cpu', compute_type='int8',
                                 cpu_threads=n_threads)
    return lambda audio: text_of(model.transcribe(audio, language='en', beam_size=1)[0])


def faster_whisper_batched(_, model_folder, n_threads):
    import faster_whisper as package
    model = package.BatchedInferencePipeline(model=package.WhisperModel(
        model_folder, device='cpu', compute_type='int8', cpu_threads=n_threads))
    return lambda audio: text_of(
        model.transcribe(audio, language='en', beam_size=1, batch_size=8)[0])


def openvino_precision():
    # OpenVINO checks only the CPU for bf16 support, not the limit of oneDNN. It therefore fails with
    # bf16 if oneDNN is limited to a lower instruction set.
    return 'f32' if 'ONEDNN_MAX_CPU_ISA' in os.environ else 'bf16'


def openvino_in(folder, n_threads):
    import openvino_genai
    pipeline = openvino_genai.WhisperPipeline(
        folder, 'CPU', INFERENCE_PRECISION_HINT=openvino_precision(),
        INFERENCE_NUM_THREADS=n_threads)
    config = pipeline.get_generation_config()
    config.language, config.task, config.return_timestamps = '<|en|>', 'transcribe', True
    return lambda audio: str(pipeline.generate(audio.tolist(), config))


def openvino(rivals, _, n_threads):
    return openvino_in(os.path.join(rivals, 'openvino'), n_threads)


def openvino_int8(rivals, _, n_threads):
    return openvino_in(os.path.join(rivals, 'openvino-int8'), n_threads)


def pywhispercpp(rivals, _, n_threads):
    from pywhispercpp.model import Model
    model = Model(os.path.join(rivals, 'ggml-base.bin'), n_threads=n_threads, print_progress=False,
                  print_realtime=False, print_timestamps=False, redirect_whispercpp_logs_to=None)
    return lambda audio: text_of(model.transcribe(audio, language='en'))


def text_of(segments):
    return ' '.join(segment.text for segment in segments)


def instruction_sets(name, rivals):
    """Returns the instruction sets that the runtime itself reports as built in or used."""
    if name == 'pywhispercpp':
        from pywhispercpp.model import Model
        return re.findall(r'(\w+) = 1', Model.system_info())
    if name.startswith('OpenVINO'):
        return openvino_kernels(os.path.join(rivals, 'openvino', 'openvino_encoder_model.xml'))
    return []


def openvino_kernels(graph):
    """Returns the kernels that OpenVINO chooses for `graph`, such as jit_avx512_f32."""
    import openvino
    compiled = openvino.Core().compile_model(
        graph, 'CPU', {'INFERENCE_PRECISION_HINT': openvino_precision()})
    kernels = {operation.get_rt_info()['primitiveType'].astype(str)
               for operation in compiled.get_runtime_model().get_ops()
               if 'primitiveType' in operation.get_rt_info()}
    return sorted(kernel for kernel in kernels if re.search('sse|avx|amx', kernel))


# Name -> (function that loads the model, Python packages whose versions matter).
RIVALS = {
    'faster-whisper int8': (faster_whisper, ('faster-whisper', 'ctranslate2')),
    'faster-whisper int8 batched 8': (faster_whisper_batched, ('faster-whisper', 'ctranslate2')),
    'OpenVINO': (openvino, ('openvino-genai', 'openvino')),
    'OpenVINO int8 weights': (openvino_int8, ('openvino-genai', 'openvino')),
    'pywhispercpp': (pywhispercpp, ('pywhispercpp',)),
}


def main():
    name, rivals, model_folder, n_threads = sys.argv[1:]
    # Libraries may print to stdout. Their output therefore goes to stderr, and the answers go to a
    # duplicate of the original stdout.
    answers = os.fdopen(os.dup(1), 'w', encoding='utf8')
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    load, packages = RIVALS[name]
    start = time.perf_counter()
    transcribe = load(rivals, model_folder, int(n_threads))
    answer({'load_seconds': time.perf_counter() - start, 'isa': instruction_sets(name, rivals),
            'note': openvino_precision() if name.startswith('OpenVINO') else '',
            'versions': {package: importlib.metadata.version(package) for package in packages}})
    for path in map(str.strip, sys.stdin):
        audio, rate = soundfile.read(path, dtype='float32')
        assert rate == 16000 and audio.ndim == 1, path
        audio = numpy.ascontiguousarray(audio)
        start = time.perf_counter()
        text = transcribe(audio)
        answer({'wall_seconds': time.perf_counter() - start, 'text': text,
                'peak_rss_bytes': 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})


if __name__ == '__main__':
    main()

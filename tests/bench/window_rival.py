# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads one rival runtime with a model and times one window of audio, for `architecture-speed`.

usage: window_rival.py RUNTIME MODEL MEL N_MELS N_THREADS N END TOKEN...      (with the rivals' own Python)

RUNTIME is one of RUNTIMES. MEL is a file with the window's log-mel: f32, [3000, N_MELS]. Prints {"versions", "isa"}
when the model is loaded. Then, for each line of stdin, encodes the window, decodes N tokens after the TOKENs, and
prints {"seconds", "tokens"}. Every token has the largest logit of all tokens except END, without other decoding rules.
"seconds" has the duration of each stage that the runtime runs separately.
"""
import ctypes
import functools
import importlib.metadata
import json
import os
import re
import sys
import time

import numpy as np

from measurement_help import documented_parser


def with_ctranslate2(compute_type):
    def load(args, mel):
        import ctranslate2
        whisper = ctranslate2.models.Whisper(args.model, device='cpu', compute_type=compute_type,
                                             intra_threads=args.n_threads)
        features = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel.T[None]))

        def run():
            start = time.perf_counter()
            encoded = whisper.encode(features)
            middle = time.perf_counter()
            # CTranslate2 decodes at most max_length / 2 tokens.
            found = whisper.generate(encoded, [args.tokens], beam_size=1, max_length=2 * args.n, suppress_blank=False,
                                     suppress_tokens=[args.end])
            end = time.perf_counter()
            return {'encode': middle - start, 'decode': end - middle}, found[0].sequences_ids[0]

        return run, []  # CTranslate2 reports its instruction sets only in its log.

    return load


class ContextParams(ctypes.Structure):
    """whisper_context_params of whisper.cpp 1.8."""
    _fields_ = [('use_gpu', ctypes.c_bool), ('flash_attn', ctypes.c_bool), ('gpu_device', ctypes.c_int),
                ('dtw_token_timestamps', ctypes.c_bool), ('dtw_aheads_preset', ctypes.c_int),
                ('dtw_n_top', ctypes.c_int), ('dtw_n_heads', ctypes.c_size_t), ('dtw_heads', ctypes.c_void_p),
                ('dtw_mem_size', ctypes.c_size_t)]


def whisper_cpp_library():
    import _pywhispercpp
    # A lookup in a library also finds the symbols of the libraries that it needs, here those of whisper.cpp.
    library = ctypes.CDLL(_pywhispercpp.__file__)
    library.whisper_context_default_params.restype = ContextParams
    library.whisper_init_from_file_with_params.restype = ctypes.c_void_p
    library.whisper_init_from_file_with_params.argtypes = [ctypes.c_char_p, ContextParams]
    library.whisper_get_logits.restype = ctypes.POINTER(ctypes.c_float)
    library.whisper_print_system_info.restype = ctypes.c_char_p
    return library


def with_whisper_cpp(args, mel, flash_attention=True):
    library = whisper_cpp_library()
    params = library.whisper_context_default_params()
    if not params.flash_attn:
        sys.exit('whisper.cpp: found no flash attention in the default parameters, wanted that of version 1.8')
    params.flash_attn = flash_attention
    context = ctypes.c_void_p(library.whisper_init_from_file_with_params(os.fsencode(args.model), params))
    if not context:
        sys.exit(f'{args.model}: whisper.cpp cannot load it')
    n_vocab = library.whisper_n_vocab(context)

    def call(function, *arguments):
        if status := getattr(library, function)(context, *arguments):
            sys.exit(f'{function} returned {status}')

    values = np.ascontiguousarray(mel.T)
    call('whisper_set_mel', values.ctypes.data_as(ctypes.c_void_p), len(mel), args.n_mels)

    def decode(tokens, n_past):
        """Returns the best token after `tokens`, which follow the n_past tokens of the calls before."""
        call('whisper_decode', (ctypes.c_int32 * len(tokens))(*tokens), len(tokens), n_past, args.n_threads)
        logits = np.ctypeslib.as_array(library.whisper_get_logits(context), (len(tokens), n_vocab))[-1]
        logits[args.end] = -np.inf
        return int(logits.argmax())

    def run():
        start = time.perf_counter()
        call('whisper_encode', 0, args.n_threads)
        encoded = time.perf_counter()
        tokens = [decode(args.tokens, 0)]
        prompted = time.perf_counter()
        while len(tokens) < args.n:
            tokens.append(decode(tokens[-1:], len(args.tokens) + len(tokens) - 1))
        end = time.perf_counter()
        return {'encode': encoded - start, 'prompt': prompted - encoded, 'steps': end - prompted}, tokens

    info = library.whisper_print_system_info().decode()
    return run, re.findall(r'(\w+) = 1', info)


# Name -> (function that loads the model, Python packages whose versions matter).
RUNTIMES = {
    'faster-whisper int8': (with_ctranslate2('int8'), ('faster-whisper', 'ctranslate2')),
    'faster-whisper float32': (with_ctranslate2('float32'), ('faster-whisper', 'ctranslate2')),
    'whisper.cpp': (with_whisper_cpp, ('pywhispercpp',)),
    'whisper.cpp without flash attention': (functools.partial(with_whisper_cpp, flash_attention=False),
                                            ('pywhispercpp',)),
}


def main():
    parser = documented_parser(__doc__)
    parser.add_argument('runtime', choices=RUNTIMES)
    parser.add_argument('model')
    parser.add_argument('mel')
    for name in ('n_mels', 'n_threads', 'n', 'end'):
        parser.add_argument(name, type=int)
    parser.add_argument('tokens', type=int, nargs='+')
    args = parser.parse_args()
    # Libraries may print to stdout. Their output therefore goes to stderr, and the answers go to a duplicate of the
    # original stdout.
    answers = os.fdopen(os.dup(1), 'w', encoding='utf8')
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    load, packages = RUNTIMES[args.runtime]
    run, isa = load(args, np.fromfile(args.mel, '<f4').reshape(-1, args.n_mels))
    answer({'versions': {package: importlib.metadata.version(package) for package in packages}, 'isa': isa})
    for _ in sys.stdin:
        seconds, tokens = run()
        answer({'seconds': seconds, 'tokens': tokens})


if __name__ == '__main__':
    main()

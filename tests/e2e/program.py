# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs npuwhisper-transcribe on recorded speech, for the tests next to this file.

NPUWHISPER_TRANSCRIBE names the program, and GStreamer must find the element (GST_PLUGIN_PATH):
Meson sets both. The recordings are those of Debian's package pocketsphinx-testdata. Without the
recordings or the model, tests are skipped. The exit status is then 77, which shows that tests were
skipped.
"""
import array
import os
import pathlib
import subprocess
import sys
import unittest
import wave

PROGRAM = os.environ.get('NPUWHISPER_TRANSCRIBE', 'npuwhisper-transcribe')
MODEL = 'base'
LIBRIVOX = pathlib.Path('/usr/share/pocketsphinx/test/data/librivox')
CARDS = pathlib.Path('/usr/share/pocketsphinx/test/data/cards')
RECORDINGS = [str(LIBRIVOX / f'sense_and_sensibility_01_austen_64kb-{number}.wav')
              for number in ('0870', '0880', '0890', '0920', '0930')]
SPOKEN = (
    'and mister john dashwood had then leisure to consider how much there might be prudently in '
    'his power to do for them',
    'he was not an ill disposed young man',
    'unless to be rather cold hearted and rather selfish is to be ill disposed',
    'had he married a more amiable woman he might have been made still more respectable than he '
    'was',
    'he might even have been made amiable himself',
)


def cache_home():
    return pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache')


def weights_folders():
    """Returns NPUWHISPER_MODEL_DIR, if it is set, and npuwhisper's cache."""
    set_by_user = os.environ.get('NPUWHISPER_MODEL_DIR')
    return [pathlib.Path(folder) for folder in (set_by_user, cache_home() / 'npuwhisper') if folder]


def model_folder(model=MODEL):
    """Returns the folder of the model, or None. Searches NPUWHISPER_MODEL_DIR, npuwhisper's cache and the
    Hugging Face cache, in the order of npuwhisper::find_model()."""
    hub = pathlib.Path(os.environ.get('HF_HUB_CACHE') or
                       pathlib.Path(os.environ.get('HF_HOME') or cache_home() / 'huggingface') / 'hub')
    places = [folder / model for folder in weights_folders()]
    places += hub.glob(f'models--Systran--faster-whisper-{model}/snapshots/*')
    return next((place for place in places if (place / 'model.bin').exists()), None)


def vad_weights():
    """Returns the file with the weights of voice activity detection, or None. Searches NPUWHISPER_MODEL_DIR
    and npuwhisper's cache, in the order of npuwhisper::find_vad()."""
    files = [folder / 'silero-vad' / 'silero_vad_16k.safetensors' for folder in weights_folders()]
    return next((file for file in files if file.exists()), None)


needs_speech = unittest.skipUnless(
    model_folder() is not None and all(os.path.exists(path) for path in RECORDINGS),
    f'needs the model {MODEL} (tools/fetch-model {MODEL}) and pocketsphinx-testdata')


def needs_model(model):
    """Returns a decorator that skips a test if `model` is not on this machine."""
    return unittest.skipUnless(model_folder(model) is not None,
                               f'needs the model {model} (tools/fetch-model {model})')


def transcribe(*args, timeout=300, **kwargs):
    """Runs the program until it ends. Returns the finished process, whose output is text."""
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, encoding='utf-8',
                          timeout=timeout, check=False, **kwargs)


def encoder_type(stats):
    """Returns the data type of the encoder's arithmetic, "bf16" or "f32". It is the last word of the
    encoder's part of stats['kernels']."""
    [encoder] = [part for part in stats['kernels'].split('; ') if part.startswith('encoder')]
    return encoder.split()[-1]


def read_samples(path):
    """Returns the samples of a 16-bit mono recording, and its rate."""
    with wave.open(str(path)) as recording:
        assert recording.getnchannels() == 1 and recording.getsampwidth() == 2
        return (array.array('h', recording.readframes(recording.getnframes())),
                recording.getframerate())


def write_recording(path, seconds):
    """Writes the recordings repeatedly, half a second apart, for at least `seconds`.
    Returns the duration of the file in seconds."""
    samples = array.array('h')
    rate = 0
    while not rate or len(samples) < seconds * rate:
        for source in RECORDINGS:
            piece, rate = read_samples(source)
            samples += piece + array.array('h', bytes(rate))
    with wave.open(str(path), 'wb') as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(samples.tobytes())
    return len(samples) / rate


def main():
    result = unittest.main(exit=False, verbosity=2).result
    if result.wasSuccessful() and result.skipped:
        for test, reason in result.skipped:
            print(f'NOT TESTED: {test}: {reason}', file=sys.stderr)
        sys.exit(77)
    sys.exit(not result.wasSuccessful())

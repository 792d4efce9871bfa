#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that audio written by the decoder into the NPU's memory reaches the array without a copy.

usage: allocation_test.py EMULATE npu1|npu2 TRANSCRIBE

Exit status 77 (skipped) without Debian's pocketsphinx-testdata, vorbisenc or the model base."""
import json
import pathlib
import subprocess
import sys
import tempfile

from insight_test import CLIP, SKIPPED


def main():
    emulate, array, transcribe = sys.argv[1:]
    options = ['--quiet', '--model', 'base', '--language', 'en', '--beam-size', '1']
    with tempfile.TemporaryDirectory(prefix='npuwhisper-allocation-') as folder:
        # Vorbis decodes to floats. The element that converts the floats to 16 bits therefore
        # allocates its output buffers. wavparse would forward the bytes of the file, and flacdec
        # would use its own memory.
        clip = pathlib.Path(folder, 'clip.ogg')
        made = CLIP.exists() and subprocess.run(
            ['gst-launch-1.0', '-q', 'filesrc', f'location={CLIP}', '!', 'wavparse', '!',
             'audioconvert', '!', 'vorbisenc', '!', 'oggmux', '!', 'filesink', f'location={clip}'],
            check=False).returncode == 0
        probe = subprocess.run([transcribe, *options, '--plan'], capture_output=True, check=False)
        if not made or probe.returncode != 0:
            print('skipped: no recording, no vorbisenc, or no model')
            return SKIPPED
        done = subprocess.run(
            [emulate, array, '--', transcribe, *options, '--device', 'npu', '--npu-stages',
             'mel,encoder', '--format', 'json', clip],
            capture_output=True, encoding='utf8', check=True, timeout=300)
    found = json.loads(done.stdout)
    stats = found['stats']
    print({name: stats[name] for name in ('pool_buffers', 'device_buffers', 'copied_buffers',
                                          'bytes_copied', 'pool_hits', 'pool_misses')})
    failures = []
    if not found['text'].strip():
        failures.append('no text')
    if stats['device_buffers'] == 0 or stats['device_buffers'] != stats['pool_buffers']:
        failures.append('not all buffers came in the memory of the device')
    if stats['bytes_copied'] != 0 or stats['copied_buffers'] != 0:
        failures.append('audio was copied')
    for failure in failures:
        print(f'FAILED: {failure}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())

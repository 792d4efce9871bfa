# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the text of speech, without GStreamer.

usage: python3 samples_to_text.py MODEL <SAMPLES   (16-bit samples of this machine's byte order, 16 kHz, mono)
"""
import array
import sys

import npuwhisper


def main():
    engine = npuwhisper.Engine(sys.argv[1] if len(sys.argv) > 1 else 'base')
    samples = array.array('h', sys.stdin.buffer.read())  # transcribe() also accepts a numpy array.
    for segment in engine.transcribe(samples, language='en'):
        print(segment.text)


if __name__ == '__main__':
    try:
        main()
    except npuwhisper.Error as error:
        sys.exit(f'samples_to_text: {error}')

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the words of a live source at most 2 seconds after they were spoken.

usage: SOURCE | python3 live_to_text.py MODEL   (16-bit samples of this machine's byte order, 16 kHz, mono)
"""
import array
import asyncio
import sys

import npuwhisper


async def arriving_samples():
    loop = asyncio.get_running_loop()
    while piece := await loop.run_in_executor(None, sys.stdin.buffer.read, 3200):  # 0.1 s of audio.
        yield array.array('h', piece)


async def main():
    engine = npuwhisper.Engine(sys.argv[1] if len(sys.argv) > 1 else 'base')
    async for segment in npuwhisper.transcribe_live(engine, arriving_samples(), latency=2, language='en'):
        print(segment.text, end='', flush=True)
    print()


if __name__ == '__main__':
    try:
        asyncio.run(main())
    except npuwhisper.Error as error:
        sys.exit(f'live_to_text: {error}')

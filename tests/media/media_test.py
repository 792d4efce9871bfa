# SPDX-License-Identifier: LGPL-2.1-or-later
"""The media matrix: a pairwise table of containers, codecs, formats, shapes, programs and actions.

Prints one line per row. NPUWHISPER_MEDIA_ROWS selects rows with a regular expression.
"""
import concurrent.futures
import os
import re
import sys
import tempfile
import threading
import time

import clips
import rows
import table

EXIT_SKIPPED = 77
N_WORKERS = 2
N_LISTENERS = 2  # Workers for rows of the monitor, which plays in real time and mostly waits.
MOST_INCOMPARABLE = 0.1  # Largest accepted share of incomparable rows.

# Media that the table leaves out, and the requirement for testing them.
UNTESTED = {
    'ProRes': 'the decoder of gstreamer1.0-libav', 'WMA': 'the decoder of gstreamer1.0-libav',
    'ALAC': 'the decoder of gstreamer1.0-libav',
    'AC-3 whose channels change': "another decoder: GStreamer's a52dec writes beyond its buffer",
    'FLV whose audio begins 6 s late': 'a demuxer that waits longer: flvdemux stops looking for streams',
    'MOV, PCM above 65535 Hz': "another demuxer: GStreamer's qtdemux gives each buffer the timestamp 0",
    'HE-AAC': "an encoder: Debian's ffmpeg has none (libfdk-aac)"}


def main():
    if not rows.can_run():
        print('NOT TESTED: the model base, silero-vad or pocketsphinx-testdata is missing')
        return EXIT_SKIPPED
    wanted = re.compile(os.environ.get('NPUWHISPER_MEDIA_ROWS', ''))
    chosen = [row for row in table.covering_table() if wanted.search(' '.join(map(str, row)))]
    if 'NPUWHISPER_MONITOR' not in os.environ:
        chosen = [row for row in chosen if row.program != 'monitor']
        print('untested: the monitor: needs libsoup when this is built')
    failed, incomparable = {}, []
    lock = threading.Lock()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='npuwhisper-media-') as folder:
        checker = rows.Checker(clips.Clips(folder))

        def check(row):
            start = time.monotonic()
            try:
                result = checker.check(row)
            except (AssertionError, RuntimeError) as error:
                result = f'FAILED: {error}'
            with lock:
                if result.startswith('FAILED'):
                    failed[row] = result
                elif not result.startswith('ok'):
                    incomparable.append(row)
                print(f'{time.monotonic() - start:5.1f} s  {" ".join(map(str, row))}: {result}',
                      flush=True)

        workers = concurrent.futures.ThreadPoolExecutor(N_WORKERS)
        listeners = concurrent.futures.ThreadPoolExecutor(N_LISTENERS)
        with workers, listeners:
            # The longest rows come first, so that the workers finish at about the same time.
            done = [(listeners if row.program == 'monitor' else workers).submit(check, row)
                    for row in sorted(chosen, key=rows.cpu_time, reverse=True)]
        for row_done in done:
            row_done.result()  # Re-raises exceptions that check() did not expect.
        # The monitor plays in real time. On a machine that is busy with other rows, its live text is committed with
        # less context and may differ, so these rows are repeated alone.
        for row in [row for row in failed if row.program == 'monitor']:
            print(f'repeated alone: {failed.pop(row)}')
            check(row)
    for name, needs in UNTESTED.items():
        print(f'untested: {name}: needs {needs}')
    print(f'{len(chosen)} rows, {len(failed)} failed, {len(incomparable)} that GStreamer alone does not '
          f'play, {time.monotonic() - begin:.0f} s')
    for row, result in failed.items():
        print(f'{" ".join(map(str, row))}: {result}')
    return 1 if failed or len(incomparable) > MOST_INCOMPARABLE * len(chosen) else 0


if __name__ == '__main__':
    sys.exit(main())

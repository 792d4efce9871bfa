# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs npuwhisper-monitor on a file and reads the words that it sends to browsers.

NPUWHISPER_MONITOR names the program.
"""
import pathlib
import sys

from compare import SECOND
from media_run import MODEL, Watchdog

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e'))
from monitor_program import Events, Monitor  # noqa: E402

# Latency in milliseconds. It is longer than a clip, so that the live pipeline skips nothing, even
# on a slow machine.
LATENCY = 60000


class Failed(Exception):
    """The source or the element failed. The text is the error that browsers receive."""


def listen(path):
    """Plays the file in real time. Returns the final words, [(begin, end, word)], in nanoseconds of
    the stream. Raises Failed, Hang, or AssertionError if audio was skipped."""
    with Monitor(path, '--model', MODEL, '--language', 'en', '--latency', LATENCY) as monitor, \
            Watchdog(monitor.process):
        if not monitor.url:
            raise Failed(monitor.process.stderr.read())
        events = Events(monitor.url)
        if events.wait_for_state('ended', 'failed') == 'failed':
            raise Failed(events.named('status')[-1]['message'])
    skipped = events.named('status')[-1]['skipped']
    assert skipped == 0, f'{skipped} s of the audio were skipped'
    return [(word['start'] * SECOND, word['end'] * SECOND, word['text'])
            for piece in events.named('final') for word in piece['words']]

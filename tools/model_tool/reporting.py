# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages, progress and errors of npuwhisper-models. All messages go to stderr."""
import contextlib
import signal
import sys
import time


class FetchError(Exception):
    """The command failed; the message is for the user."""


class UsageError(Exception):
    """The command line is wrong; the message is for the user."""


class Unreachable(Exception):
    """This source does not have the expected file. Another source may have it."""


def say(text):
    print(f'npuwhisper: {text}', file=sys.stderr, flush=True)


@contextlib.contextmanager
def deadline(seconds):
    """Raises FetchError in the body if it takes longer than `seconds`. Only for the main thread.

    The signal SIGALRM interrupts all calls that wait: for a lock, for a server, for pip. Until the
    body ends, the signal is repeated each second, because Python ignores an exception that is
    raised in a finalizer."""
    def passed(*_):
        raise FetchError(f'not finished within {seconds:g} s (--timeout). A partial download is '
                         'kept, and the next attempt continues it.')

    before = signal.signal(signal.SIGALRM, passed)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Progress:
    """Redraws one line on a terminal; elsewhere, prints a new line every few seconds."""

    def __init__(self, what, done, total):
        self._what, self._first, self._total = what, done, total
        self._start = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def show(self, done, last=False):
        now = time.monotonic()
        if not last and now - self._shown < (0.2 if self._terminal else 5):
            return
        if last and not self._terminal:
            return
        self._shown = now
        rate = (done - self._first) / max(now - self._start, 1e-3)
        left = f', {(self._total - done) / rate:.0f} s left' if rate > 0 and not last else ''
        filled = 30 * done // self._total
        bar = f'[{"#" * filled}{"." * (30 - filled)}] ' if self._terminal else ''
        text = (f'{self._what} {bar}{100 * done // self._total:3d} %  {done / 1e6:.1f} of '
                f'{self._total / 1e6:.1f} MB, {rate / 1e6:.1f} MB/s{left}')
        if self._terminal:
            print(f'\r\033[K{text}', end='\n' if last else '', file=sys.stderr, flush=True)
        else:
            say(text)

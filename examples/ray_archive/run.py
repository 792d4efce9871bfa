# SPDX-License-Identifier: LGPL-2.1-or-later
"""Distributes files to workers, and repeats what was lost with a worker."""
import collections
import dataclasses
import time
from typing import Optional

import ray

from .fleet import reason_of

_WAIT_SECONDS = 0.5  # Longest time between two updates of the progress.
_MOST_SAME = 1000  # Files that wait for the transcription of another file with the same content.


@dataclasses.dataclass
class File:
    """A file of the archive, while it is in work."""

    path: str
    key: Optional[str] = None  # The key of its result, after a worker has read it.
    n_bytes: int = 0
    n_failed: int = 0  # Failed attempts.
    n_started: int = 0  # Transcriptions that were started.


class Run:
    """One run over an archive. It decides what is transcribed: a worker transcribes a file only if its
    content has no result and is not in work elsewhere. The number of files in memory is limited by the
    number of workers and by _MOST_SAME. Belongs to one thread.

    results: a Results; fleet: a Fleet; n_attempts: the attempts for a file; report: a Report; progress:
    a function that is called at least twice a second."""

    def __init__(self, results, fleet, n_attempts, report, progress):
        self._results, self._fleet, self._n_attempts = results, fleet, n_attempts
        self._report, self._progress = report, progress
        self._calls = {}  # (worker, file, handler of the answer) by the object that a worker returns.
        self._idle = collections.deque()  # Workers without a file.
        self._again = collections.deque()  # Files whose last attempt failed.
        self._same = {}  # For each key in work, the other files with this key. They wait.
        self._n_same = 0
        self._is_stopped = False

    def process(self, names):
        """Transcribes the files with these names. Returns whether it has processed all of them. Raises
        FleetError, and the errors of the iterator."""
        names = iter(names)
        while not self._is_stopped:
            self._fleet.refresh()
            is_done = not self._assign(names)
            if is_done and not self._calls and not self._again:
                return True
            self._progress()
            self._wait()
        return False

    def stop(self):
        """Makes process() return soon. A signal handler may call this function."""
        self._is_stopped = True

    def _assign(self, names):
        """Gives each idle worker a file. Returns whether there may be more names."""
        while self._idle:
            if self._again:
                self._resume(self._again.popleft())
            elif self._n_same < _MOST_SAME:
                name = next(names, None)
                if name is None:
                    return False
                self._examine(File(name))
            else:
                break
        return True

    def _examine(self, file):
        worker = self._idle.popleft()
        self._calls[worker.examine.remote(file.path)] = worker, file, self._examined

    def _resume(self, file):
        """Continues a file after a failed attempt, with an idle worker."""
        if file.key is None:
            self._examine(file)
        elif self._results.has(file.key):  # Its last worker was lost after it had published the result.
            self._finish(file, 'transcribed')
        else:
            self._transcribe(file, self._idle.popleft())

    def _transcribe(self, file, worker):
        file.n_started += 1
        self._report.n_started += 1
        self._calls[worker.transcribe.remote(file.path, file.key)] = worker, file, self._transcribed

    def _wait(self):
        """Handles the answers that arrive within _WAIT_SECONDS."""
        pending = [*self._calls, *self._fleet.starts()]
        if not pending:
            time.sleep(_WAIT_SECONDS)
            return
        arrived, _ = ray.wait(pending, timeout=_WAIT_SECONDS)
        arrived, _ = ray.wait(pending, num_returns=len(pending), timeout=0) if arrived else ([], [])
        for answer in arrived:
            if answer in self._calls:
                self._take(answer)
            elif worker := self._fleet.started(answer):
                self._idle.append(worker)

    def _take(self, answer):
        """Handles the answer of a worker, or its loss."""
        worker, file, handle = self._calls.pop(answer)
        try:
            value = ray.get(answer)
        except ray.exceptions.RayTaskError as error:  # A method of the worker has raised an exception.
            self._idle.append(worker)
            self._fail(file, reason_of(error))
        except ray.exceptions.RayError as error:
            self._fail(file, f'worker {self._fleet.name_of(worker)} was lost: {reason_of(error)}')
            self._fleet.lose(worker)
        else:
            handle(worker, file, value)

    def _examined(self, worker, file, answer):
        file.key, file.n_bytes = answer
        if file.key in self._same:
            self._same[file.key].append(file)
            self._n_same += 1
        elif self._results.has(file.key):
            self._report.add(file, 'present', place=self._results.place(file.key))
        else:
            self._same[file.key] = []
            self._transcribe(file, worker)
            return
        self._idle.append(worker)

    def _transcribed(self, worker, file, answer):
        self._idle.append(worker)
        facts, reason = answer
        if facts is None:
            self._fail(file, reason)
        else:
            self._finish(file, 'transcribed', **facts, worker=self._fleet.name_of(worker))

    def _fail(self, file, reason):
        """Records a failed attempt."""
        file.n_failed += 1
        if file.n_failed < self._n_attempts:
            self._again.append(file)
        elif file.key is None:
            self._report.add(file, 'failed', error=reason)
        elif self._results.has(file.key):
            self._finish(file, 'transcribed')
        else:
            self._finish(file, 'failed', error=reason)

    def _finish(self, file, status, **facts):
        """Reports a file whose key was in work, and the other files with this key."""
        if status == 'transcribed':
            facts['place'] = self._results.place(file.key)
        self._report.add(file, status, **facts)
        same = self._same.pop(file.key)
        self._n_same -= len(same)
        for other in same:
            if status == 'failed':
                self._report.add(other, 'failed', error=facts['error'])
            else:
                self._report.add(other, 'present', place=facts['place'])

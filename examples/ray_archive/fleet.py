# SPDX-License-Identifier: LGPL-2.1-or-later
"""The workers of a run: one actor for each free place on the machines of the cluster."""
import time

import ray

REFRESH_SECONDS = 2.0
PATIENCE_SECONDS = 300.0  # A run without any worker for so long ends.
MOST_FAILED_STARTS = 5  # A run without any worker ends after so many failed starts in succession.


class FleetError(Exception):
    """There are no workers; the message is for the user."""


class Fleet:
    """Starts workers wherever a machine has enough CPUs, also on machines that join later, and replaces
    lost ones. Belongs to one thread.

    create: a function that returns a new actor; n_cpus, n_bytes: the CPUs and the memory that the actor
    requests; n_most: the maximum number of workers, or None; may_grow: whether machines may join."""

    def __init__(self, create, n_cpus, n_bytes, n_most, may_grow):
        self._create, self._n_cpus, self._n_bytes, self._n_most = create, n_cpus, n_bytes, n_most
        self._may_grow = may_grow
        self._starting = {}  # Actors by the object that they return when they have started.
        self._ready = {}  # Names by actor.
        self._n_failed_starts = 0
        self._next_refresh = float('-inf')
        self._seen = time.monotonic()  # When there last was a worker.
        self.n_lost = 0

    def __len__(self):
        return len(self._ready)

    def starts(self):
        """Returns the objects to wait for: each belongs to a worker that is starting."""
        return list(self._starting)

    def started(self, start):
        """Takes the result of an object of starts(). Returns the new worker, or None if it could not
        start. Raises FleetError."""
        actor = self._starting.pop(start)
        try:
            self._ready[actor] = ray.get(start)
        except ray.exceptions.RayError as error:
            ray.kill(actor)
            self._n_failed_starts += 1
            if self._n_failed_starts >= MOST_FAILED_STARTS and not self._ready:
                raise FleetError(f'{MOST_FAILED_STARTS} workers failed to start, the last one with: '
                                 f'{reason_of(error)}') from error
            # A machine on which no worker can start must not take the time of the others.
            pause = min(REFRESH_SECONDS * 2 ** self._n_failed_starts, PATIENCE_SECONDS / 2)
            self._next_refresh = time.monotonic() + pause
            return None
        self._n_failed_starts = 0
        return actor

    def lose(self, actor):
        """Removes a worker that no longer answers."""
        ray.kill(actor)  # The actor may still run, on a machine that cannot be reached.
        del self._ready[actor]
        self.n_lost += 1
        self._next_refresh = float('-inf')

    def name_of(self, actor):
        return self._ready[actor]

    def refresh(self):
        """Starts as many workers as the machines have places for. Raises FleetError if there has been no
        worker for PATIENCE_SECONDS, or if there is no place and no machine can join."""
        now = time.monotonic()
        if self._ready:
            self._seen = now
        elif now - self._seen > PATIENCE_SECONDS or not (self._may_grow or self._places()):
            raise FleetError(f'there has been no worker for {now - self._seen:.0f} s: found '
                             f'{self._places()} places in the cluster, wanted a machine with '
                             f'{self._n_cpus} CPUs and {self._n_bytes >> 20} MiB of memory for a worker')
        if now < self._next_refresh:
            return
        self._next_refresh = now + REFRESH_SECONDS
        n_missing = self._places() - len(self._ready) - len(self._starting)
        for _ in range(n_missing):
            actor = self._create()
            self._starting[actor.start.remote()] = actor
        # Places may have gone with their machine while workers waited for them.
        for start in list(self._starting)[:max(0, -n_missing)]:
            ray.kill(self._starting.pop(start))

    def _places(self):
        """Returns the number of workers for which the living machines have CPUs and memory."""
        n_places = sum(self._places_on(node['Resources']) for node in ray.nodes() if node['Alive'])
        return n_places if self._n_most is None else min(n_places, self._n_most)

    def _places_on(self, resources):
        n_places = resources.get('CPU', 0) // self._n_cpus
        if self._n_bytes:
            n_places = min(n_places, resources.get('memory', 0) // self._n_bytes)
        return int(n_places)


def reason_of(error):
    """Returns an error of Ray as one line, without the trace of a worker."""
    if isinstance(error, ray.exceptions.RayTaskError):
        return str(error.cause)
    return str(error).strip().partition('\n')[0]

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the programs on media, each under a watchdog that distinguishes a hang from a failure.

NPUWHISPER_MEDIA_RUN, NPUWHISPER_TRANSCRIBE and NPUWHISPER_PLAYER name the programs.
"""
import json
import os
import pathlib
import re
import subprocess
import threading
import time

MODEL = 'base'
HANG = 120  # A process hangs after this many seconds without progress.
PROGRESS = 0.5  # Seconds of CPU time that count as progress. Even on a busy machine, a run gets them within HANG.
# Factor by which a sanitizer slows a run down.
SLOWNESS = 10 if 'ASAN_OPTIONS' in os.environ else 1
# Seconds of CPU time after which a thread that has not waited once counts as spinning. Threads that
# decode or compute wait many times a second.
SPIN = 10 * SLOWNESS
LONGEST = 120 * SLOWNESS  # Seconds of CPU time of a run. The longest clip needs far less.


class Unplayable(Exception):
    """GStreamer cannot play the file without npuwhisper either."""


class Hang(AssertionError):
    """A program made no progress, or did not end, and was killed."""


def cpu_seconds(pid):
    """Returns the CPU time that all threads of a process have used, in seconds; see proc(5). `pid` may
    also be PID/task/TID, for one thread."""
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text('utf-8').rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def uses_of_threads(pid):
    """Returns {thread: (CPU time in seconds, number of waits)} of a process; see proc(5)."""
    threads = {}
    for folder in pathlib.Path(f'/proc/{pid}/task').iterdir():
        try:
            waits = re.search(r'^voluntary_ctxt_switches:\s*(\d+)',
                              (folder / 'status').read_text('utf-8'), re.MULTILINE)
            threads[folder.name] = (cpu_seconds(f'{pid}/task/{folder.name}'), int(waits[1]))
        except (FileNotFoundError, ProcessLookupError):
            pass  # The thread has ended.
    return threads


class SpinDetector:
    """Finds a thread of a process that has used SPIN seconds of CPU time without waiting."""

    def __init__(self):
        self.waited = {}  # {thread: (CPU time, number of waits)} when the number last changed

    def finds_spin(self, pid):
        """Returns whether a thread spins. Must be called repeatedly."""
        for thread, (used, n_waits) in uses_of_threads(pid).items():
            if thread not in self.waited or self.waited[thread][1] != n_waits:
                self.waited[thread] = (used, n_waits)
            elif used - self.waited[thread][0] >= SPIN:
                return True
        return False


class Watchdog:
    """Kills a process that makes no progress, spins, or uses LONGEST seconds of CPU time. Leaving the
    context then raises Hang.

    Progress is measured in CPU time, because a run may be slow on a busy machine without hanging.
    """

    def __init__(self, process):
        self.process = process
        self.has_killed = False
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        if self.has_killed:
            raise Hang(f'hangs: {" ".join(self.process.args)}')

    def _watch(self):
        begin, used = time.monotonic(), 0
        detector = SpinDetector()
        while not self.over.wait(1):
            try:
                now_used = cpu_seconds(self.process.pid)
                spins = now_used >= LONGEST or detector.finds_spin(self.process.pid)
            except (FileNotFoundError, ProcessLookupError):
                return  # The process has ended.
            if not spins and now_used - used >= PROGRESS:
                begin, used = time.monotonic(), now_used
            elif spins or time.monotonic() - begin > HANG:
                self.has_killed = True
                self.process.kill()
                return


def environment(source):
    """Returns the environment of a program that plays `source`, a path or URI of clips.py."""
    variables = dict(os.environ)
    if 'h265' in str(source):
        # de265dec of GStreamer 1.22 leaks frames. A suppression cannot select these leaks, because
        # the stacks of some of them do not contain de265dec's library.
        variables['ASAN_OPTIONS'] = variables.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
    return variables


def run(command):
    """Returns the finished process, with stdout and stderr as text. The last argument is the source.
    Raises Hang."""
    command = list(map(str, command))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding='utf-8',
                          env=environment(command[-1])) as process, Watchdog(process):
        out, complaints = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, complaints)


def media_run(source, captions=None, action='play', at=0.0, queue=5, wait=0.0, sinks=None):
    """Returns the report on the data that arrives at the sinks. `captions` is npuwhisperbin's mode. If
    it is None, the pipeline has no bin.

    Without the bin, queues of `queue` seconds take its place. A seek follows `wait` seconds after
    the preroll. `sinks`, {'audio': elements, 'video': elements}, replaces the default sinks, which
    only observe. Raises Hang, or AssertionError if the program fails.
    """
    uri = source if '://' in str(source) else pathlib.Path(source).as_uri()
    command = [os.environ['NPUWHISPER_MEDIA_RUN'], '--action', action, '--at', at,
               '--queue', queue, '--wait', wait]
    for media, elements in (sinks or {}).items():
        command += [f'--{media}-to', elements]
    if captions:
        command += ['--captions', captions, '--model', MODEL]
    done = run([*command, uri])
    if done.returncode != 0:
        raise AssertionError(f'{command} {uri}: status {done.returncode}: {done.stderr}')
    return json.loads(done.stdout)


def transcribe(path):
    """Returns the JSON of npuwhisper-transcribe, with word times."""
    done = run([os.environ['NPUWHISPER_TRANSCRIBE'], '--model', MODEL, '--language', 'en',
                '--format', 'json', '--word-times', path])
    if done.returncode != 0:
        raise AssertionError(f'transcribe {path}: status {done.returncode}: {done.stderr}')
    return json.loads(done.stdout)


def decode(path, wav):
    """Writes the audio that GStreamer decodes from `path`, without its timestamps. Returns whether
    GStreamer can decode the file."""
    line = (f'uridecodebin uri={path.as_uri()} caps=audio/x-raw expose-all-streams=false '
            '! audioconvert ! audioresample ! audio/x-raw,format=F32LE,rate=16000,channels=1 '
            f'! wavenc ! filesink location={wav}')
    return run(['gst-launch-1.0', '-q', *line.split(' ')]).returncode == 0

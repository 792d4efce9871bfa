# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs runtimes as processes, for `compare` and `architecture-speed`."""
import contextlib
import json
import os
import pathlib
import platform
import re
import subprocess
import tempfile


class LeftOut(Exception):
    """Raised if a runtime cannot be measured here. The message gives the reason."""


class LineProcess:
    """A process that prints a JSON object in a line when it is ready, and another one for each line of its stdin.

    The constructor and ask() wait for the next object. They raise LeftOut if the process ends instead.
    """

    def __init__(self, command, environment):
        self._log = tempfile.TemporaryFile('w+', encoding='utf8')
        self._process = subprocess.Popen([str(word) for word in command], env=environment, encoding='utf8',
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        try:
            self.hello = self._answer()
        except LeftOut:
            self.close()
            raise

    def ask(self, line=''):
        """Returns the answer to `line`."""
        with contextlib.suppress(BrokenPipeError):  # _answer() raises LeftOut if the process has ended.
            print(line, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise LeftOut(last_line(self.log()))
        return json.loads(line)

    def log(self):
        """Returns all output of the process to stderr."""
        self._log.seek(0)
        return self._log.read()

    def cpu_seconds(self):
        """Returns the CPU time of all threads of the process, with the resolution of the kernel's clock (10 ms)."""
        fields = pathlib.Path(f'/proc/{self._process.pid}/stat').read_text(encoding='utf8').rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def peak_rss_bytes(self):
        """Returns the peak resident memory of the process since its start (VmHWM of proc(5))."""
        status = pathlib.Path(f'/proc/{self._process.pid}/status').read_text(encoding='utf8')
        return 1024 * int(re.search(r'VmHWM:\s*(\d+) kB', status)[1])

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()


def rivals_folder():
    """Returns the folder in which setup-rivals installs the rivals."""
    cache = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache')
    return cache / 'npuwhisper' / 'rivals'


def rivals_python():
    """Returns the rivals' own Python. Raises LeftOut if it does not exist."""
    python = rivals_folder() / 'venv' / 'bin' / 'python'
    if not python.exists():
        raise LeftOut('no tests/bench/setup-rivals has run')
    return python


def last_line(text):
    return (text.strip().splitlines() or ['it ended without a word'])[-1]


def cpu_name():
    with contextlib.suppress(OSError):
        if found := re.search(r'model name\s*: (.*)', pathlib.Path('/proc/cpuinfo').read_text(encoding='utf8')):
            return found[1]
    return platform.machine()

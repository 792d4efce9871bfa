# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the programs that build an image, and reports the time and the memory that each takes."""

import os
import subprocess
import time

from image_tool.reporting import BuildError, say

LAST_LINES = 30  # Number of lines of a failed program's output to show.


def run(what, command, log, folder=None):
    """Runs a program with its output in the file `log`. Reports its duration and its maximum memory.

    what: the step's name for messages. Raises BuildError with the end of the output if the program
    fails."""
    say(f'{what} ...')
    begin = time.monotonic()
    with open(log, 'wb') as output:
        with subprocess.Popen(list(map(str, command)), cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=output, stderr=subprocess.STDOUT) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BuildError(f'{what} failed (exit status {process.returncode}):\n{last_lines(log)}')
    say(f'{what}: {time.monotonic() - begin:.1f} s, {usage.ru_maxrss / 1024:.0f} MiB')


def last_lines(log):
    lines = log.read_text(encoding='utf8', errors='replace').splitlines()
    return '\n'.join(lines[-LAST_LINES:])

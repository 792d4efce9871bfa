# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user's shell, which runs the commands of the fences in order."""
import dataclasses
import os
import subprocess

SECONDS = 300  # Limit for the commands of a fence.


@dataclasses.dataclass
class Done:
    """The result of commands: the exit status, and stdout and stderr in the order in which a terminal shows them."""
    status: int
    output: str


class Session:
    """A shell whose exported variables last from one run() to the next, as in a terminal.

    `scratch` is a folder for the shell's own files. `variables` are added to the environment of this
    process and take precedence."""

    def __init__(self, scratch, variables):
        self._state = scratch / 'exported'
        self._state.write_text('', encoding='utf8')
        self._environment = {**os.environ, **variables}

    def run(self, commands, folder):
        """Runs commands in `folder` until one fails. Keeps the exported variables if none fails."""
        script = f'set -e\n. {self._state}\n{commands}\ndeclare -px >{self._state}\n'
        done = subprocess.run(['bash', '-c', script], cwd=folder, env=self._environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              encoding='utf8', errors='replace', check=False, timeout=SECONDS)
        return Done(done.returncode, done.stdout)

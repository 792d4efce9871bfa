# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the programs that check the style of the checkout, for format_test.py and tidy_test.py."""
import functools
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77


def output_of(*command):
    return subprocess.run(command, cwd=SOURCE, capture_output=True, encoding='utf8', check=False, timeout=600)


@functools.cache
def clang_program(name):
    """Returns the command of `name` (clang-format or clang-tidy) in version 14; None if there is none."""
    for command in (f'{name}-14', name):
        if shutil.which(command) and re.search(r'version 14\.', output_of(command, '--version').stdout):
            return command
    return None


def skip_without(wanted):
    """Skips the test if a requirement is missing. `wanted`: {requirement: whether it is present}."""
    missing = [name for name, found in wanted.items() if not found]
    if missing:
        print('skipped: found no ' + ' and no '.join(missing))
        sys.exit(SKIPPED)

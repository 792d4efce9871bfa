# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers --help for measurements that import packages which may be missing."""
import sys


def answer_help(docstring):
    """Prints `docstring` and ends the program if --help or -h is the only argument. Call it before the imports."""
    if sys.argv[1:] in (['-h'], ['--help']):
        print(docstring.strip())
        sys.exit()

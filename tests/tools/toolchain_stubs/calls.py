# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions that the stand-ins share: they record calls, and read the contents of objects."""
import json
import os
import pathlib
import sys

MARK = b'\nstand-in: '  # The object's functions follow this mark as JSON.


def record():
    """Appends this call to the file $CALLS."""
    with open(os.environ['CALLS'], 'a', encoding='utf8') as calls:
        json.dump({'program': pathlib.Path(sys.argv[0]).stem, 'arguments': sys.argv[1:],
                   'folder': os.getcwd(), 'files': sorted(os.listdir())}, calls)
        calls.write('\n')


def refuse(message):
    """Ends the program as the real tool does after an error."""
    sys.exit(message)


def number(variable, default):
    """Returns the number in an environment variable with which a test sets a size."""
    return int(os.environ.get(variable, default))


def read_object(path):
    """Returns the description that the stand-in of clang++ has appended to an object."""
    return json.loads(path.read_bytes().split(MARK)[1])

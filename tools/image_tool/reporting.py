# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages of tools/build-npu-image, and the error that ends it."""

import sys


class BuildError(Exception):
    """The image cannot be built; the message is for the user."""


def say(text):
    """Prints a message to stderr."""
    print(f'npuwhisper: {text}', file=sys.stderr, flush=True)

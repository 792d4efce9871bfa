# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the docstrings of measurements as their help."""
import argparse
import sys


def answer_help(docstring):
    """Prints `docstring` and ends the program if --help or -h is the only argument. For measurements that import
    packages which may be missing; call it before the imports."""
    if sys.argv[1:] in (['-h'], ['--help']):
        print(docstring.strip())
        sys.exit()


def documented_parser(docstring, **options):
    """Returns an argparse.ArgumentParser with `options`. Its help contains `docstring` without the paragraph that begins
    with "usage:", because argparse prints the usage itself."""
    paragraphs = docstring.strip().split('\n\n')
    return argparse.ArgumentParser(
        description='\n\n'.join(text for text in paragraphs if not text.startswith('usage:')),
        formatter_class=argparse.RawDescriptionHelpFormatter, **options)

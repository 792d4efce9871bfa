#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that libnpuwhisper exports the C functions of npuwhisper/c_api.h, the C++ interface, and nothing else.

usage: exports_test.py LIBRARY [unittest options]
"""
import pathlib
import re
import subprocess
import sys
import unittest

LIBRARY = sys.argv.pop(1)
HEADER = pathlib.Path(__file__).parents[3] / 'runtime' / 'include' / 'npuwhisper' / 'c_api.h'
CXX = re.compile(r'((vtable|typeinfo|typeinfo name) for )?npuwhisper::')


def exported(*options):
    """Returns the names of the symbols that the library defines for other files."""
    done = subprocess.run(['nm', '--dynamic', '--defined-only', '--format=posix', *options, LIBRARY],
                          capture_output=True, encoding='utf8', check=True)
    # A line has a name, a type, and two numbers in hexadecimal.
    return {re.sub(r' [A-Za-z]( [0-9a-f]+){0,2} ?$', '', line) for line in done.stdout.splitlines()}


class Exports(unittest.TestCase):
    def test_c_functions_are_those_of_the_header(self):
        declared = set(re.findall(r'\b(npuwhisper_\w+)\s*\(', re.sub(r'//.*', '', HEADER.read_text('utf8'))))
        self.assertGreater(len(declared), 40)
        self.assertEqual({name for name in exported() if not name.startswith('_Z')}, declared)

    def test_everything_else_is_the_cxx_interface(self):
        others = {name for name in exported('--demangle') if not name.startswith('npuwhisper_')}
        self.assertIn('npuwhisper::Engine::open(npuwhisper::EngineOptions const&)', others)
        self.assertEqual({name for name in others if not CXX.match(name)}, set())


if __name__ == '__main__':
    unittest.main()

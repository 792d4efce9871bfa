#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests C++ files with clang-tidy 14, which Debian 12 has. The checks are in .clang-tidy.

usage: tidy_test.py BUILD [--all]

BUILD is a build folder with compile_commands.json. The test checks at most 12 of the source files that the last 20
commits or the working tree changed. The hash of the last commit selects them. With --all, the test checks all source
files of BUILD, which takes about 25 minutes on two cores. The exit status is 77 (skipped) without clang-tidy 14 or
outside a git checkout.
"""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import unittest

from style_programs import SOURCE, clang_program, output_of, skip_without

N_COMMITS = 20
MOST_FILES = 12
# The build may use warning options of GCC that clang does not know: clang must not warn about them. With -Dwerror=true,
# clang's own warnings would become errors, although they are not among the checks.
OPTIONS = ('--quiet', '--extra-arg=-Wno-unknown-warning-option', '--extra-arg=-Wno-error')


def sources(build):
    """Returns the source files of a build, relative to SOURCE, without generated files and code for the NPU's cores.

    The emulation of aie_api, which that code includes, needs builtin functions that clang 14 does not have.
    """
    commands = json.loads((build / 'compile_commands.json').read_text(encoding='utf8'))
    found = {pathlib.Path(os.path.realpath(pathlib.Path(entry['directory']) / entry['file'])) for entry in commands
             if 'aie_api/include' not in entry['command']}
    return sorted(str(file.relative_to(SOURCE)) for file in found
                  if file.is_relative_to(SOURCE) and not file.is_relative_to(build.resolve()))


def changed():
    """Returns the files that the last commits or the working tree changed."""
    committed = output_of('git', 'log', f'-{N_COMMITS}', '--name-only', '--format=').stdout.splitlines()
    return {*committed, *output_of('git', 'diff', 'HEAD', '--name-only').stdout.splitlines()}


def chosen(build):
    files = sorted(set(sources(build)) & changed())
    head = output_of('git', 'rev-parse', 'HEAD').stdout
    return files if len(files) <= MOST_FILES else random.Random(head).sample(files, MOST_FILES)


def findings(build, file, *options):
    """Returns the lines with clang-tidy's findings in a file.

    Errors of the compiler are not findings: GCC compiles the code, but clang 14 does not support all of C++20.
    """
    done = output_of(clang_program('clang-tidy'), '-p', str(build), *OPTIONS, *options, str(file))
    return [line for line in done.stdout.splitlines()
            if re.search(r'(warning|error): .*\[.+\]$', line) and '[clang-diagnostic-error' not in line]


class Tidy(unittest.TestCase):
    build = pathlib.Path()
    check_all = False

    def test_sources_have_no_findings(self):
        files = sources(self.build) if self.check_all else chosen(self.build)
        print(f'clang-tidy: {len(files)} files: {" ".join(files)}')
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() if self.check_all else 1) as pool:
            found = list(pool.map(lambda file: findings(self.build, SOURCE / file), files))
        self.assertEqual('\n'.join(line for lines in found for line in lines), '')

    def test_a_mistake_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / 'mistake.cpp'
            file.write_text('struct A { virtual ~A() = default; virtual void f() {} };\n'
                            'struct B : A { void f() {} };\n', encoding='utf8')
            found = findings(self.build, file, f'--config-file={SOURCE / ".clang-tidy"}')
        self.assertEqual(len(found), 1, found)
        self.assertIn('modernize-use-override', found[0])


if __name__ == '__main__':
    skip_without({'clang-tidy 14': clang_program('clang-tidy'),
                  'git checkout': shutil.which('git') and output_of('git', 'rev-parse', 'HEAD').stdout})
    Tidy.build = pathlib.Path(sys.argv[1])
    Tidy.check_all = '--all' in sys.argv[2:]
    unittest.main(argv=sys.argv[:1])

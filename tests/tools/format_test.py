#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the format of all C and C++ files with clang-format 14, and the spelling of all texts with codespell.

The test needs codespell 2.2. Debian 12 has both programs in these versions. Other versions format
some lines differently and report other words. The exit status is 77 (skipped) without these versions
or outside a git checkout."""
import shutil
import unittest

from style_programs import SOURCE, clang_program, output_of, skip_without

# Words that codespell wrongly reports, and files with words of other languages. Whisper's vocabulary
# has parts of words.
WORDS = SOURCE / 'tests' / 'tools' / 'words.txt'
OTHER_LANGUAGES = ('runtime/api/languages.cpp', 'runtime/captions/function_words.cpp',
                   'runtime/model/published_models.cpp')


def has_codespell():
    return shutil.which('codespell') and output_of('codespell', '--version').stdout.startswith('2.2.')


def tracked(*patterns):
    return output_of('git', 'ls-files', '--', *patterns).stdout.splitlines()


class Format(unittest.TestCase):
    def test_sources_are_formatted(self):
        files = tracked('*.h', '*.c', '*.cpp', '*.cc')
        self.assertGreater(len(files), 1000)
        done = output_of(clang_program('clang-format'), '--dry-run', '--Werror', *files)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_words_are_spelt_right(self):
        files = [file for file in tracked()
                 if not file.endswith(('.svg', '.png', '.json')) and file not in OTHER_LANGUAGES
                 and not file.startswith(('tests/golden/', 'tests/fuzz/', 'runtime/model/vocabulary/'))]
        self.assertGreater(len(files), 1200)
        done = output_of('codespell', '--ignore-words', str(WORDS), *files)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == '__main__':
    skip_without({'clang-format 14': clang_program('clang-format'), 'codespell 2.2': has_codespell(),
                  'git checkout': shutil.which('git') and tracked('meson.build')})
    unittest.main()

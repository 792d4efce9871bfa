# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that every program of the checkout answers --help at once: it prints its usage, and starts
no build, no installation and no download."""
import os
import pathlib
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ('examples', 'tests', 'tests/bench', 'tests/fuzz', 'tools')
# Commands with which the programs build, install and download. They fail in this test.
STARTED = ('apt-get', 'debootstrap', 'meson', 'ninja', 'pip', 'sudo', 'unshare')


def programs():
    return sorted(path for folder in FOLDERS for path in (SOURCE / folder).iterdir()
                  if path.is_file() and os.access(path, os.X_OK))


class Help(unittest.TestCase):
    def test_help_is_printed_at_once(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-help-') as name:
            home, commands = pathlib.Path(name) / 'home', pathlib.Path(name) / 'commands'
            home.mkdir()
            commands.mkdir()
            for command in STARTED:
                (commands / command).write_text(f'#!/bin/sh\necho started >>{name}/log\nexit 99\n')
                (commands / command).chmod(0o755)
            environment = {**os.environ, 'HOME': str(home), 'PYTHONDONTWRITEBYTECODE': '1',
                           'XDG_CACHE_HOME': str(home / 'cache'),
                           'PATH': f'{commands}:{os.environ["PATH"]}'}
            self.assertGreater(len(programs()), 20)
            for program in programs():
                with self.subTest(program=str(program.relative_to(SOURCE))):
                    done = subprocess.run([program, '--help'], capture_output=True, encoding='utf8',
                                          cwd=home, env=environment, stdin=subprocess.DEVNULL,
                                          timeout=120, check=False)
                    self.assertEqual((done.returncode, done.stderr), (0, ''))
                    self.assertIn('usage:', done.stdout.lower())
                    self.assertEqual(list(home.iterdir()), [])
                    self.assertFalse((pathlib.Path(name) / 'log').exists())


if __name__ == '__main__':
    unittest.main()

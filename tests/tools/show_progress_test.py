# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests how tools/show-progress presents the output of Ninja and apt."""
import os
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)


def ninja(n):
    return ''.join(f'[{i}/{n}] Compiling C++ object a{i}.o\n' for i in range(1, n + 1))


def shown(text):
    """Returns the program's stderr when it is not a terminal."""
    done = subprocess.run([PROGRAM, 'compiling'], input=text, capture_output=True, text=True,
                          check=True, timeout=60)
    assert done.stdout == ''
    return done.stderr.splitlines()


class ShowProgressTest(unittest.TestCase):
    def test_ninja_gets_a_line_each_ten_percent(self):
        lines = shown(ninja(200))
        self.assertEqual(len(lines), 10)
        self.assertEqual(lines[0], 'npuwhisper: compiling: 10 %, 20 of 200 steps')
        self.assertEqual(lines[-1], 'npuwhisper: compiling: 100 %, 200 of 200 steps')

    def test_few_steps_get_one_line_each(self):
        self.assertEqual(shown(ninja(2)), ['npuwhisper: compiling: 50 %, 1 of 2 steps',
                                           'npuwhisper: compiling: 100 %, 2 of 2 steps'])

    def test_other_lines_are_ignored(self):
        self.assertEqual(shown('ninja: Entering directory\n[1/x] a\n 50%\n\n'), [])

    def test_ninja_that_begins_again_is_shown_again(self):
        self.assertEqual(len(shown('[0/1] Regenerating build files.\n' + ninja(1) + ninja(10))), 11)

    def test_apt_downloads_and_installs(self):
        text = ('dlstatus:1:9.5:Retrieving file 1 of 2\ndlstatus:2:60.25:Retrieving file 2 of 2\n'
                'Preparing to unpack a\npmstatus:a:5.0000:Unpacking a\npmstatus:a:100:Installed a\n')
        self.assertEqual(shown(text), ['npuwhisper: compiling: 60 % downloaded',
                                       'npuwhisper: compiling: 100 % installed'])

    def test_a_terminal_has_one_line_that_goes(self):
        terminal, stderr = os.openpty()
        self.addCleanup(os.close, terminal)
        with subprocess.Popen([PROGRAM, 'compiling'], stdin=subprocess.PIPE, stderr=stderr) as process:
            os.close(stderr)
            process.stdin.write(ninja(30).encode())
            process.stdin.close()
            found = b''
            try:
                while more := os.read(terminal, 4096):
                    found += more
            except OSError:  # The program has closed its end of the terminal.
                pass
        self.assertEqual(process.returncode, 0)
        self.assertNotIn(b'\n', found)
        self.assertEqual(found.count(b'\r\x1b[Knpuwhisper: compiling: '), 30)
        self.assertTrue(found.endswith(b'100 %, 30 of 30 steps\r\x1b[K'), found)


if __name__ == '__main__':
    unittest.main()

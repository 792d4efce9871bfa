# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests Meson's option `fft`: the library that a build looks for, and the licence that it states.

Configures a folder for each value, without the tests, and compiles the plugin's entry point in it.
"""
import json
import pathlib
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).parents[2]
ENTRY = 'gst/libgstnpuwhisper.so.p/plugin.cpp.o'


class FftOption(unittest.TestCase):
    def run_ok(self, *command):
        done = subprocess.run(command, capture_output=True, encoding='utf-8', check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def configure(self, folder, *options):
        self.run_ok('meson', 'setup', folder, str(SOURCE), '-Dtests=disabled', '-Dnpu=disabled',
                    '-Dmonitor=disabled', *options)

    def check(self, options, package, other_package, source, licence):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-fft-') as folder:
            self.configure(folder, *options)
            # Dependencies that Meson looked for, found or not.
            looked_for = {dependency['name'] for dependency in
                          json.loads(self.run_ok('meson', 'introspect', '--dependencies', folder))}
            self.assertIn(package, looked_for)
            self.assertNotIn(other_package, looked_for)

            commands = (pathlib.Path(folder) / 'compile_commands.json').read_text('utf-8')
            compiled = {pathlib.Path(command['file']).name for command in json.loads(commands)}
            self.assertEqual({name for name in compiled if name.startswith('fft_plan')}, {source})

            written = (pathlib.Path(folder) / 'meson-private' / 'npuwhisper.pc').read_text('utf-8')
            self.assertIn(f'licence={licence}\n', written)
            self.assertIn(package, written)
            self.assertNotIn(other_package, written)

            self.run_ok('ninja', '-C', folder, ENTRY)
            strings = (pathlib.Path(folder) / ENTRY).read_bytes().split(b'\0')
            self.assertEqual({word for word in (b'GPL', b'LGPL') if word in strings},
                             {licence.encode()})

    def test_default_is_fftw(self):
        self.check([], 'fftw3f', 'kissfft-float', 'fft_plan_fftw.cpp', 'GPL')

    def test_kissfft(self):
        self.check(['-Dfft=kissfft'], 'kissfft-float', 'fftw3f', 'fft_plan_kissfft.cpp', 'LGPL')


if __name__ == '__main__':
    unittest.main()

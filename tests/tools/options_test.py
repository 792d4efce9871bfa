# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests Meson's options `fft` and `emulator`, a second configuration, and the emulator as a separate project.

`fft` selects the library that a build looks for, and the licence that the build states. `emulator`
selects whether a build looks for libffi and CLI11, and compiles the emulator. Each case configures
its own build folder. Most cases configure it without the tests.
"""
import json
import pathlib
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).parents[2]
ENTRY = 'gst/libgstnpuwhisper.so.p/plugin.cpp.o'


class Options(unittest.TestCase):
    def run_ok(self, *command):
        done = subprocess.run(command, capture_output=True, encoding='utf-8', check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def configure(self, folder, *options):
        self.run_ok('meson', 'setup', folder, str(SOURCE), '-Dtests=disabled', '-Dnpu=disabled',
                    '-Dhttp=disabled', *options)

    def looked_for(self, folder):
        """Returns the dependencies that Meson looked for, found or not."""
        return {dependency['name'] for dependency in
                json.loads(self.run_ok('meson', 'introspect', '--dependencies', folder))}

    def compiled(self, folder):
        """Returns the paths of the sources, from the root of the tree. Leaves out generated files."""
        commands = (pathlib.Path(folder) / 'compile_commands.json').read_text('utf-8')
        paths = [(pathlib.Path(folder) / command['file']).resolve() for command in json.loads(commands)
                 if not command['file'].startswith('/')]
        return {path.relative_to(SOURCE.resolve()) for path in paths
                if path.is_relative_to(SOURCE.resolve())}

    def check_fft(self, options, package, other_package, source, licence):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-fft-') as folder:
            self.configure(folder, *options)
            looked_for = self.looked_for(folder)
            self.assertIn(package, looked_for)
            self.assertNotIn(other_package, looked_for)
            names = {path.name for path in self.compiled(folder)}
            self.assertEqual({name for name in names if name.startswith('fft_plan')}, {source})

            written = (pathlib.Path(folder) / 'meson-private' / 'npuwhisper.pc').read_text('utf-8')
            self.assertIn(f'licence={licence}\n', written)
            self.assertIn(package, written)
            self.assertNotIn(other_package, written)

            self.run_ok('ninja', '-C', folder, ENTRY)
            strings = (pathlib.Path(folder) / ENTRY).read_bytes().split(b'\0')
            self.assertEqual({word for word in (b'GPL', b'LGPL') if word in strings},
                             {licence.encode()})

    def test_default_is_fftw(self):
        self.check_fft([], 'fftw3f', 'kissfft-float', 'fft_plan_fftw.cpp', 'GPL')

    def test_kissfft(self):
        self.check_fft(['-Dfft=kissfft'], 'kissfft-float', 'fftw3f', 'fft_plan_kissfft.cpp', 'LGPL')

    def test_a_build_can_be_configured_again(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-again-') as folder:
            self.run_ok('meson', 'setup', folder, str(SOURCE))
            self.run_ok('meson', 'setup', '--reconfigure', folder, str(SOURCE))

    def emulator_of(self, *options):
        """Returns which of libffi and CLI11 a build looks for, and the number of the emulator's
        sources."""
        with tempfile.TemporaryDirectory(prefix='npuwhisper-emulator-') as folder:
            self.configure(folder, *options)
            folders = ('subprojects/xdna-emulator', 'kernels/encoder_core')
            # Ignores the reference of the cores' functions, because npuwhisper-npu-check also contains it.
            sources = [path for path in self.compiled(folder)
                       if str(path).startswith(folders) and path.name != 'encoder_core_ref.cpp']
            return {'libffi', 'CLI11'} & set(self.looked_for(folder)), len(sources)

    def test_a_build_without_the_emulator(self):
        self.assertEqual(self.emulator_of('-Demulator=disabled'), (set(), 0))

    def test_a_build_with_the_emulator(self):
        looks, n_sources = self.emulator_of('-Demulator=enabled')
        self.assertEqual(looks, {'libffi', 'CLI11'})
        self.assertGreater(n_sources, 50)

    def test_the_emulator_alone(self):
        with tempfile.TemporaryDirectory(prefix='xdna-emulator-') as folder:
            self.run_ok('meson', 'setup', folder, str(SOURCE / 'subprojects' / 'xdna-emulator'),
                        '-Dtests=disabled')
            self.run_ok('ninja', '-C', folder, 'emulator/array/libemu_array.a.p/.._image.cpp.o')
            folders = {path.parts[:2] for path in self.compiled(folder)}
            self.assertEqual(folders, {('subprojects', 'xdna-emulator'), ('subprojects', 'xdna-array')})


if __name__ == '__main__':
    unittest.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests an installed copy without GST_PLUGIN_PATH: programs, plugin, model tool, library, examples.

Meson sets NPUWHISPER_BUILD and NPUWHISPER_INSTALLED. The latter holds the folders of the programs,
libraries, pkg-config files, plugins and Python packages below the installation's root, and the
programs' rpath.
Tests that need the model tiny.en or the recordings are skipped without them (exit status 77).
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import program

BUILD = pathlib.Path(os.environ['NPUWHISPER_BUILD'])
FOLDERS = json.loads(os.environ['NPUWHISPER_INSTALLED'])
MODEL = 'tiny.en'
RECORDING = next(path for path in program.RECORDINGS if '0880' in path)
SOURCE = pathlib.Path(__file__).parents[2]
LIBRARY = SOURCE / 'docs' / 'library.md'
EXAMPLES = SOURCE / 'examples'
# A program that transcribes samples live, faster than real time, and prints the words.
LIVE = '''
import array, asyncio, sys, npuwhisper
async def pieces():
    samples = array.array('h', sys.stdin.buffer.read())
    for start in range(0, len(samples), 1600):
        yield samples[start:start + 1600]
async def main():
    engine = npuwhisper.Engine(sys.argv[1])
    async for segment in npuwhisper.transcribe_live(engine, pieces(), latency=2, language='en', pace='audio'):
        print(segment.text, end='')
asyncio.run(main())
'''
# The arguments for each program and a part of the expected error. Each program finds the element
# before it fails.
TRIES = {
    'npuwhisper-transcribe': (('--model', '/nowhere', 'nothing.wav'), '/nowhere'),
    'npuwhisper-player': (('--videosink', 'fakesink', '--audiosink', 'fakesink', '/nowhere.wav'),
                          'not found'),
    'npuwhisper-monitor': (('--port', '0', '--model', '/nowhere', '--source', 'audiotestsrc'),
                           '/nowhere'),
    'npuwhisper-hls': (('/dev/null/folder', 'audiotestsrc ! speech.'), '/dev/null/folder'),
}


def needs_model(test):
    found = any((folder / MODEL / 'model.bin').exists() for folder in program.weights_folders())
    return unittest.skipUnless(
        found and os.path.exists(RECORDING),
        f'needs the model {MODEL} (tools/fetch-model {MODEL}) and pocketsphinx-testdata')(test)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='npuwhisper-install-')
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.root = cls.folder / 'root'
        subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir',
                        cls.root], check=True, stdout=subprocess.DEVNULL, timeout=120)
        cls.bin, cls.lib, cls.pkgconfig, cls.plugins, cls.python = (
            cls.root / FOLDERS[name].lstrip('/')
            for name in ('bin', 'lib', 'pkgconfig', 'plugins', 'python'))

    def environment(self, **more):
        """Returns the environment without variables that help to find plugins or libraries, but
        with a registry of its own."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(('GST_', 'LD_', 'PKG_CONFIG', 'PYTHON', 'NPUWHISPER_LIBRARY'))}
        if not FOLDERS['rpath']:  # Without an rpath, the dynamic linker does not search self.lib.
            kept['LD_LIBRARY_PATH'] = str(self.lib)
        return {**kept, 'GST_REGISTRY': str(self.folder / 'registry.bin'), **more}

    def run_clean(self, *command, timeout=120, **more):
        return subprocess.run([str(word) for word in command], env=self.environment(**more),
                              capture_output=True, encoding='utf-8', timeout=timeout, check=False)

    def programs(self, folder):
        return {path.name: path for path in folder.rglob('npuwhisper-*')
                if path.name in TRIES and path.is_file()}

    def try_all(self, programs):
        """Runs each program, which must fail. Returns {name of the program: stderr}."""
        said = {}
        for name, path in programs.items():
            done = self.run_clean(path, *TRIES[name][0])
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertGreater(done.returncode, 0, done.stderr)  # A signal would give a negative status.
            said[name] = done.stderr
        return said

    def test_programs_of_a_prefix_find_the_plugin(self):
        programs = self.programs(self.bin)
        self.assertLessEqual({'npuwhisper-transcribe', 'npuwhisper-player', 'npuwhisper-hls'},
                             set(programs))
        for name, stderr in self.try_all(programs).items():
            with self.subTest(program=name):
                self.assertIn(TRIES[name][1], stderr)
                self.assertNotIn('GST_PLUGIN_PATH', stderr)

    def test_programs_of_the_build_folder_find_the_plugin(self):
        programs = self.programs(BUILD / 'programs')
        self.assertLessEqual({'npuwhisper-transcribe', 'npuwhisper-hls'}, set(programs))
        for name, stderr in self.try_all(programs).items():
            with self.subTest(program=name):
                self.assertIn(TRIES[name][1], stderr)
                self.assertNotIn('GST_PLUGIN_PATH', stderr)

    def test_missing_plugin_names_the_variable_and_the_folder(self):
        moved = self.folder / 'without-plugin'
        shutil.copytree(self.root, moved, symlinks=True)
        shutil.rmtree(moved / self.plugins.relative_to(self.root))
        folder = moved / self.plugins.relative_to(self.root)
        for name, stderr in self.try_all(self.programs(moved)).items():
            with self.subTest(program=name):
                self.assertIn('GST_PLUGIN_PATH', stderr)
                self.assertIn(f"'{folder}'", stderr)
                self.assertIn('libgstnpuwhisper.so', stderr)
                self.assertEqual(len(stderr.splitlines()), 1, stderr)

    def test_plugin_that_does_not_load_says_why(self):
        moved = self.folder / 'broken-plugin'
        shutil.copytree(self.root, moved, symlinks=True)
        plugin = moved / self.plugins.relative_to(self.root) / 'libgstnpuwhisper.so'
        plugin.write_text('no library')
        for name, stderr in self.try_all(self.programs(moved)).items():
            with self.subTest(program=name):
                self.assertIn(f"cannot load the plugin '{plugin}'", stderr)

    def test_gst_plugin_path_names_another_folder(self):
        moved = self.folder / 'elsewhere'
        shutil.copytree(self.root, moved, symlinks=True)
        elsewhere = self.folder / 'plugins'
        (moved / self.plugins.relative_to(self.root)).rename(elsewhere)
        path = moved / self.bin.relative_to(self.root) / 'npuwhisper-transcribe'
        done = self.run_clean(path, *TRIES[path.name][0], GST_PLUGIN_PATH=elsewhere,
                              GST_REGISTRY=self.folder / 'other-registry.bin',
                              LD_LIBRARY_PATH=self.lib)
        self.assertIn(TRIES[path.name][1], done.stderr)
        self.assertNotIn('GST_PLUGIN_PATH', done.stderr)

    def test_the_service_names_the_installed_server(self):
        units = list(self.root.rglob('npuwhisper-server.service'))
        self.assertEqual([(self.bin / 'npuwhisper-server').is_file()], [len(units) == 1])
        for unit in units:
            [line] = re.findall(r'^ExecStart=(\S+) ', unit.read_text('utf-8'), re.M)
            self.assertEqual(self.root / line.lstrip('/'), self.bin / 'npuwhisper-server')
            done = self.run_clean(self.bin / 'npuwhisper-server', '--model', '/nowhere')
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn('/nowhere', done.stderr)

    @needs_model
    def test_transcribes_speech(self):
        done = self.run_clean(self.bin / 'npuwhisper-transcribe', '--model', MODEL, RECORDING)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('young man', done.stdout)

    @needs_model
    def test_brings_the_model_tool(self):
        done = self.run_clean(self.bin / 'npuwhisper-models', 'fetch', MODEL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((pathlib.Path(done.stdout.strip()) / 'model.bin').is_file(), done.stdout)

    def test_brings_the_doctor(self):
        done = self.run_clean(self.bin / 'npuwhisper-doctor', '--json')
        findings = json.loads(done.stdout)
        self.assertEqual(done.stderr, '')
        plugin = [finding for finding in findings if 'libgstnpuwhisper.so' in finding['text']]
        self.assertEqual([finding['command'] for finding in plugin],
                         [f'export GST_PLUGIN_PATH={self.plugins.resolve()}'])

    def test_message_for_a_missing_model_names_the_model_tool(self):
        done = self.run_clean(self.bin / 'npuwhisper-transcribe', '--model', 'tiny', RECORDING,
                              XDG_CACHE_HOME=self.folder / 'cache', HOME=self.folder,
                              HF_HOME='', HF_HUB_CACHE='', NPUWHISPER_MODEL_DIR='')
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('npuwhisper-models fetch tiny', done.stderr)

    # Tests of the installed library.

    def compile(self, line):
        """Runs `line`, which compiles an example, against the installed library."""
        for example in EXAMPLES.glob('samples_to_text.c*'):
            shutil.copy(example, self.folder)
        return subprocess.run(
            ['bash', '-c', line], cwd=self.folder, capture_output=True, encoding='utf-8',
            timeout=120, check=False, env=self.environment(
                PKG_CONFIG_PATH=str(self.pkgconfig), PKG_CONFIG_SYSROOT_DIR=str(self.root)))

    def documented_line(self, compiler):
        [line] = re.findall(rf'^    ({re.escape(compiler)} .*npuwhisper\))$', LIBRARY.read_text('utf-8'),
                            re.M)
        return line

    def check_transcribes(self, *command, **more):
        """Runs a program that reads the samples of the recording and prints their text."""
        samples, _ = program.read_samples(RECORDING)
        done = subprocess.run([str(word) for word in command], input=samples.tobytes(),
                              env=self.environment(**more), capture_output=True, timeout=120,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('young man', done.stdout.decode())

    @needs_model
    def test_documented_line_compiles_the_cxx_example(self):
        done = self.compile(self.documented_line('g++'))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.check_transcribes(self.folder / 'a.out', MODEL, LD_LIBRARY_PATH=str(self.lib))

    @needs_model
    def test_documented_line_compiles_the_c_example(self):
        done = self.compile(self.documented_line('gcc') + ' -Wall -Wextra -pedantic')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.check_transcribes(self.folder / 'a.out', MODEL, LD_LIBRARY_PATH=str(self.lib))

    def test_c_example_reports_a_missing_model(self):
        done = self.compile(self.documented_line('gcc'))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        failed = self.run_clean(self.folder / 'a.out', '/nowhere', LD_LIBRARY_PATH=str(self.lib))
        self.assertEqual(failed.returncode, 1)
        self.assertIn("samples_to_text: model '/nowhere'", failed.stderr)

    def test_headers_say_that_they_need_cxx20(self):
        done = self.compile(self.documented_line('g++').replace('c++20', 'c++17'))
        self.assertNotEqual(done.returncode, 0)
        errors = [line for line in done.stderr.splitlines() if 'error:' in line]
        self.assertIn('compile with -std=c++20', errors[0], done.stderr)

    # Tests of the installed Python package.

    def run_python(self, *arguments):
        return self.run_clean('python3', *arguments, PYTHONPATH=self.python)

    def test_pkg_config_tells_the_folder_of_the_python_package(self):
        found = subprocess.run(['pkg-config', '--variable=pythondir', 'npuwhisper'],
                               capture_output=True, encoding='utf-8', check=True,
                               env=self.environment(PKG_CONFIG_PATH=str(self.pkgconfig)))
        self.assertEqual(found.stdout.strip(), FOLDERS['python'])

    def test_python_package_loads_the_library_of_its_installation(self):
        done = self.run_python('-c', 'import npuwhisper; print(open("/proc/self/maps").read())')
        self.assertEqual(done.returncode, 0, done.stderr)
        mapped = set(re.findall(r'\S+/libnpuwhisper\.so\S*', done.stdout))
        self.assertEqual({pathlib.Path(path).parent for path in mapped}, {self.lib.resolve()})

    def test_python_example_reports_a_missing_model(self):
        done = self.run_python(EXAMPLES / 'samples_to_text.py', '/nowhere')
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("samples_to_text: model '/nowhere'", done.stderr)

    @needs_model
    def test_python_example_transcribes(self):
        self.check_transcribes('python3', EXAMPLES / 'samples_to_text.py', MODEL,
                               PYTHONPATH=str(self.python))

    @needs_model
    def test_python_transcribes_live(self):
        self.check_transcribes('python3', '-c', LIVE, MODEL, PYTHONPATH=str(self.python))

    @needs_model
    def test_live_python_example_ends_with_its_source(self):
        done = subprocess.run(['python3', str(EXAMPLES / 'live_to_text.py'), MODEL], input=bytes(32000),
                              env=self.environment(PYTHONPATH=str(self.python)), capture_output=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout[-1:], b'\n')

    def test_pkg_config_tells_the_licence_of_the_binary(self):
        licence = subprocess.run(['pkg-config', '--variable=licence', 'npuwhisper'],
                                 capture_output=True, encoding='utf-8', check=True,
                                 env=self.environment(PKG_CONFIG_PATH=str(self.pkgconfig)))
        inspected = self.run_clean('gst-inspect-1.0', self.plugins / 'libgstnpuwhisper.so')
        self.assertEqual(inspected.returncode, 0, inspected.stderr)
        [field] = re.findall(r'^ *License +(\S+)$', inspected.stdout, re.M)
        self.assertEqual(field, os.environ['NPUWHISPER_BINARY_LICENCE'])
        self.assertEqual(licence.stdout.strip(), field)


if __name__ == '__main__':
    program.main()

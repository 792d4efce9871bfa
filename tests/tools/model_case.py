# SPDX-License-Identifier: LGPL-2.1-or-later
"""The environment of the tests of tools/npuwhisper-models: a hub, an index and an empty home.

The first argument of each test program is the path of npuwhisper-models. A table with the checksums
of a small test model replaces the row of the model `small`, so the program knows the checksums of
this model. The checksums of `tiny` come from the hub.
"""
import contextlib
import dataclasses
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import zipfile

import model_hub
from model_hub import git_sha1, sha256


def load_program(path):
    sys.path.insert(0, str(pathlib.Path(path).parent))
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader('npuwhisper_models', path)
    spec = importlib.util.spec_from_loader('npuwhisper_models', loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


PATH = sys.argv.pop(1)
program = load_program(PATH)
# The modules of the program, which load_program() has made importable.
from model_tool import packages, reporting, table

FILES = {
    'config.json': b'{}',
    'tokenizer.json': b'{"model": {}}',
    'vocabulary.txt': b'a\nb\n',
    'model.bin': random.Random(1).randbytes(3_000_000),
}
WEIGHTS = FILES['model.bin']
REPOSITORY = 'Systran/faster-whisper-small'
SMALL = dataclasses.replace(
    table.MODELS['small'],
    files=tuple(table.File(name, len(data), f'sha256:{sha256(data)}')
                for name, data in FILES.items()),
    packages=(table.Package('npuwhisper-test-one==1.0.0', 'npuwhisper_test_one/data'),
              table.Package('npuwhisper-test-two==1.0.0', 'npuwhisper_test_two/data')))
NO_SERVER = 'http://127.0.0.1:9'  # No server listens on port 9.


class Case(unittest.TestCase):
    """Runs the program with a hub and an empty home."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext_(tempfile.TemporaryDirectory()))
        self.cache = self.folder / 'cache'
        self.hub = model_hub.Hub()
        self.addCleanup(self.hub.server_close)
        self.addCleanup(self.hub.shutdown)
        self.hub.repositories[REPOSITORY] = dict(FILES)
        self.hub.repositories['Systran/faster-whisper-tiny'] = {
            **FILES, 'preprocessor_config.json': b'{"feature_size": 80}', 'README.md': b'# tiny'}
        unset = ('pip_', 'hf_', 'npuwhisper_', 'xdg_', 'http')
        environment = {key: value for key, value in os.environ.items()
                       if not key.lower().startswith(unset)}
        environment.update(
            HOME=str(self.folder), XDG_CACHE_HOME=str(self.cache), HF_ENDPOINT=self.hub.url,
            PIP_INDEX_URL=f'{self.hub.url}/simple/', PIP_CONFIG_FILE=os.devnull,
            PIP_NO_CACHE_DIR='1', PIP_DISABLE_PIP_VERSION_CHECK='1')
        self.enterContext_(unittest.mock.patch.dict(os.environ, environment, clear=True))
        self.enterContext_(unittest.mock.patch.dict(table.MODELS, small=SMALL))

    def enterContext_(self, context):  # Python 3.11 and later have enterContext().
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def run_command(self, *arguments):
        """Runs `npuwhisper-models`. Returns (exit status, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with tempfile.TemporaryFile('w+') as err_file:  # A child process, such as pip, also writes to this file.
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err_file):
                status = program.main(list(arguments))
            err_file.seek(0)
            err.write(err_file.read())
        return status, out.getvalue().strip(), err.getvalue()

    def start_program(self, *arguments, **options):
        """Starts `npuwhisper-models` as a process of its own."""
        return subprocess.Popen([sys.executable, PATH, *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)

    def place(self, folder):
        """Writes the files of a model into `folder`."""
        folder.mkdir(parents=True)
        for name, data in FILES.items():
            (folder / name).write_bytes(data)

    def assert_whole(self, folder):
        self.assertEqual({file.name: file.read_bytes() for file in pathlib.Path(folder).iterdir()},
                         FILES)

    def in_cache(self, name):
        return self.cache / 'npuwhisper' / name

    def need_pip(self):
        try:
            packages.pip_command(self.folder)
        except reporting.Unreachable as error:
            self.skipTest(str(error))

    def serve_packages(self, corrupt=False):
        """Puts the two packages into the index. Each package has one half of model.bin."""
        data = dict(FILES)
        half = len(data['model.bin']) // 2
        one = {**data, 'model.bin.part1': data['model.bin'][:half]}
        del one['model.bin']
        two = {'model.bin.part2': data['model.bin'][half:-1] + (b'?' if corrupt else
                                                                data['model.bin'][-1:])}
        for number, files in (('one', one), ('two', two)):
            name, wheel = f'npuwhisper_test_{number}', io.BytesIO()
            information = f'{name}-1.0.0.dist-info'
            with zipfile.ZipFile(wheel, 'w') as archive:
                for file, content in files.items():
                    archive.writestr(f'{name}/data/{file}', content)
                archive.writestr(f'{information}/METADATA', 'Metadata-Version: 2.1\n'
                                 f'Name: npuwhisper-test-{number}\nVersion: 1.0.0\n')
                archive.writestr(f'{information}/WHEEL', 'Wheel-Version: 1.0\nGenerator: test\n'
                                 'Root-Is-Purelib: true\nTag: py3-none-any\n')
                archive.writestr(f'{information}/RECORD', '')
            file = f'{name}-1.0.0-py3-none-any.whl'
            self.hub.pages[f'/wheels/{file}'] = wheel.getvalue()
            self.hub.pages[f'/simple/npuwhisper-test-{number}/'] = (
                f'<!DOCTYPE html><a href="/wheels/{file}">{file}</a>').encode()

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of tools/npuwhisper-models against a hub and a package index on the loopback interface.

usage: models_test.py PATH_OF_NPUWHISPER_MODELS [unittest options]

The test creates a small model. A table with the checksums of this model replaces the program's
table.
"""

import contextlib
import hashlib
import http.server
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import pwd
import random
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock
import zipfile


def load_program(path):
    loader = importlib.machinery.SourceFileLoader('npuwhisper_models', path)
    spec = importlib.util.spec_from_loader('npuwhisper_models', loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules['npuwhisper_models'] = module
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


PATH = sys.argv.pop(1)
models = load_program(PATH)

FILES = {
    'config.json': b'{}',
    'tokenizer.json': b'{"model": {}}',
    'vocabulary.txt': b'a\nb\n',
    'model.bin': random.Random(1).randbytes(3_000_000),
}
SMALL = models.Model(
    repository='someone/small',
    files=tuple(models.File(name, len(data), hashlib.sha256(data).hexdigest())
                for name, data in FILES.items()),
    packages=(models.Package('npuwhisper-test-one==1.0.0', 'npuwhisper_test_one/data'),
              models.Package('npuwhisper-test-two==1.0.0', 'npuwhisper_test_two/data')))
MODEL_BIN = '/someone/small/resolve/main/model.bin'


class Server(http.server.ThreadingHTTPServer):
    """Serves `pages`, records the (path, Range) of each request, and can break off transfers."""

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.pages, self.requests = {}, []
        self.break_after, self.breaks, self.knows_range = None, 0, True
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.01},
                         daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_port}'


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get('Range')
        server.requests.append((self.path, asked))
        if self.path not in server.pages:
            self.send_error(404)
            return
        body = server.pages[self.path]
        if asked and server.knows_range:
            self.send_response(206)
            body = body[int(asked.removeprefix('bytes=').rstrip('-')):]
        else:
            self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Content-Type', 'text/html' if self.path.endswith('/') else 'a/b')
        self.end_headers()
        if server.breaks and len(body) > server.break_after:
            server.breaks -= 1
            body = body[:server.break_after]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class ModelsTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext_(tempfile.TemporaryDirectory()))
        self.cache = self.folder / 'cache'
        self.server = Server()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        for name, data in FILES.items():
            self.server.pages[f'/someone/small/resolve/main/{name}'] = data
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith(('PIP_', 'HF_', 'NPUWHISPER_', 'http', 'HTTP'))}
        environment.update(
            HOME=str(self.folder), XDG_CACHE_HOME=str(self.cache), HF_ENDPOINT=self.server.url,
            PIP_INDEX_URL=f'{self.server.url}/simple/', PIP_CONFIG_FILE=os.devnull,
            PIP_NO_CACHE_DIR='1', PIP_DISABLE_PIP_VERSION_CHECK='1')
        self.environment = environment
        self.enterContext_(unittest.mock.patch.dict(os.environ, environment, clear=True))
        self.enterContext_(unittest.mock.patch.dict(models.MODELS, small=SMALL))

    def enterContext_(self, context):  # Python 3.11 and later have enterContext().
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def run_program(self, *arguments):
        """Runs `npuwhisper-models fetch`. Returns (exit status, stdout, stderr)."""
        return self.run_command('fetch', *(arguments or ['small']))

    def run_command(self, *arguments):
        """Runs `npuwhisper-models`. Returns (exit status, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with tempfile.TemporaryFile('w+') as err_file:  # pip inherits this file.
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err_file):
                status = models.main(list(arguments))
            err_file.seek(0)
            err.write(err_file.read())
        return status, out.getvalue().strip(), err.getvalue()

    def assert_whole(self, folder):
        self.assertEqual({file.name: file.read_bytes() for file in pathlib.Path(folder).iterdir()},
                         FILES)

    def model_bin_ranges(self):
        return [asked for path, asked in self.server.requests if path == MODEL_BIN]

    @property
    def model(self):
        return self.cache / 'npuwhisper' / 'small'

    @property
    def partial(self):
        return self.cache / 'npuwhisper' / '.small.partial'

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
            self.server.pages[f'/wheels/{file}'] = wheel.getvalue()
            self.server.pages[f'/simple/npuwhisper-test-{number}/'] = (
                f'<!DOCTYPE html><a href="/wheels/{file}">{file}</a>').encode()

    def need_pip(self):
        try:
            models.pip_command()
        except models.Unreachable as error:
            self.skipTest(str(error))

    # Tests of the search for a model on this machine.

    def test_takes_the_model_where_it_lies_in_order(self):
        hub = self.cache / 'huggingface' / 'hub' / 'models--Systran--faster-whisper-small'
        old, new = hub / 'snapshots' / 'aaa', hub / 'snapshots' / 'bbb'
        named = self.folder / 'models' / 'small'
        os.environ['NPUWHISPER_MODEL_DIR'] = str(named.parent)
        # Fills the places from the last to the first. Each new folder takes precedence over the
        # folders that exist already.
        for folder in (old, new, self.model, named):
            folder.mkdir(parents=True)
            for name, data in FILES.items():
                (folder / name).write_bytes(data)
            if folder == new:
                (hub / 'refs').mkdir()
                (hub / 'refs' / 'main').write_text('bbb')
            self.assertEqual(self.run_program(), (0, str(folder), ''))
        self.assertEqual(self.server.requests, [])

    def test_passes_over_a_folder_without_weights(self):
        named = self.folder / 'models' / 'small'
        named.mkdir(parents=True)
        (named / 'config.json').write_text('{}')
        os.environ['NPUWHISPER_MODEL_DIR'] = str(named.parent)
        self.assertEqual(self.run_program()[:2], (0, str(self.model)))

    # Tests of the download from the hub.

    def test_without_home_the_account_has_one(self):
        """Without HOME, the cache is in the home of the account, as in the library (find_model_test.cpp)."""
        del os.environ['XDG_CACHE_HOME']
        wanted = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir) / '.cache'
        for home in (None, ''):
            os.environ.pop('HOME', None)
            if home is not None:
                os.environ['HOME'] = home
            self.assertEqual(models.cache_folder(), wanted, home)
        os.environ['HOME'] = str(self.folder)
        self.assertEqual(models.cache_folder(), self.folder / '.cache')

    def test_without_any_home_it_says_what_to_set(self):
        del os.environ['XDG_CACHE_HOME'], os.environ['HOME']
        with unittest.mock.patch.object(models.pwd, 'getpwuid', side_effect=KeyError):
            with self.assertRaisesRegex(models.FetchError, 'XDG_CACHE_HOME'):
                models.cache_folder()

    def test_fetches_once_and_then_asks_nobody(self):
        status, out, _ = self.run_program()
        self.assertEqual((status, out), (0, str(self.model)))
        self.assert_whole(self.model)
        self.assertFalse(self.partial.exists())
        n_requests = len(self.server.requests)
        self.assertEqual(self.run_program(), (0, str(self.model), ''))
        self.assertEqual(len(self.server.requests), n_requests)

    def test_goes_on_after_a_broken_transfer(self):
        self.server.break_after, self.server.breaks = 1_000_000, 2
        self.assertEqual(self.run_program()[0], 0)
        self.assert_whole(self.model)
        self.assertEqual(self.model_bin_ranges(), [None, 'bytes=1000000-', 'bytes=2000000-'])

    def test_goes_on_in_a_later_run(self):
        self.partial.mkdir(parents=True)
        (self.partial / 'model.bin.part').write_bytes(FILES['model.bin'][:1234])
        (self.partial / 'config.json').write_bytes(FILES['config.json'])
        self.assertEqual(self.run_program()[0], 0)
        self.assert_whole(self.model)
        self.assertEqual(self.model_bin_ranges(), ['bytes=1234-'])
        self.assertNotIn('/someone/small/resolve/main/config.json', dict(self.server.requests))

    def test_starts_again_where_the_server_knows_no_range(self):
        self.server.knows_range = False
        self.server.break_after, self.server.breaks = 1_000_000, 1
        self.assertEqual(self.run_program()[0], 0)
        self.assert_whole(self.model)

    def test_wrong_sum_is_an_error_with_both_sums(self):
        for wrong in (b'x' + FILES['model.bin'][1:], b'too short', FILES['model.bin'] + b'more'):
            with self.subTest(n_bytes=len(wrong)):
                self.server.pages[MODEL_BIN] = wrong
                status, out, err = self.run_program()
                self.assertEqual((status, out), (1, ''))
                self.assertIn(hashlib.sha256(FILES['model.bin']).hexdigest(), err)
                self.assertIn(hashlib.sha256(wrong).hexdigest(), err)
                self.assertFalse(self.model.exists())
                self.assertFalse((self.partial / 'model.bin').exists())
                self.assertFalse((self.partial / 'model.bin.part').exists())
        self.server.pages[MODEL_BIN] = FILES['model.bin']
        self.assertEqual(self.run_program()[0], 0)
        self.assert_whole(self.model)

    def test_no_folder_before_all_files_are_there(self):
        """If the last file fails, the others are kept, but the model does not appear."""
        del self.server.pages[MODEL_BIN]
        status, out, _ = self.run_program()
        self.assertEqual((status, out), (1, ''))
        self.assertFalse(self.model.exists())
        self.assertEqual((self.partial / 'vocabulary.txt').read_bytes(), FILES['vocabulary.txt'])

    # Tests of the download of packages.

    def test_falls_back_to_the_packages(self):
        self.need_pip()
        self.serve_packages()
        del self.server.pages[MODEL_BIN]
        status, out, err = self.run_program()
        self.assertEqual((status, out), (0, str(self.model)), err)
        self.assertIn('HTTP status 404', err)
        self.assert_whole(self.model)

    def test_falls_back_when_the_hub_does_not_answer(self):
        self.need_pip()
        self.serve_packages()
        os.environ['HF_ENDPOINT'] = 'http://127.0.0.1:9'  # No server listens on port 9.
        self.assertEqual(self.run_program()[0], 0)
        self.assert_whole(self.model)

    def test_wrong_sum_of_the_packages(self):
        self.need_pip()
        self.serve_packages(corrupt=True)
        del self.server.pages[MODEL_BIN]
        status, _, err = self.run_program()
        self.assertEqual(status, 1)
        self.assertIn(hashlib.sha256(FILES['model.bin'][:-1] + b'?').hexdigest(), err)
        self.assertFalse(self.model.exists())

    def test_a_model_without_a_repository_asks_no_hub(self):
        self.need_pip()
        self.serve_packages()
        file, = (file for file in SMALL.files if file.name == 'config.json')
        models.MODELS['bare'] = models.Model(
            repository=None, files=(file,), packages=SMALL.packages[:1])
        status, out, err = self.run_program('bare')
        self.assertEqual((status, out), (0, str(self.cache / 'npuwhisper' / 'bare')), err)
        self.assertEqual((pathlib.Path(out) / file.name).read_bytes(), FILES[file.name])
        self.assertFalse([path for path, _ in self.server.requests if 'resolve' in path])
        n_requests = len(self.server.requests)
        self.assertEqual(self.run_program('bare'), (0, out, ''))
        self.assertEqual(len(self.server.requests), n_requests)

    # Tests in which no source has the model.

    def test_offline_says_what_is_missing_and_what_was_tried(self):
        os.environ['HF_ENDPOINT'] = os.environ['PIP_INDEX_URL'] = 'http://127.0.0.1:9'
        status, out, err = self.run_program()
        self.assertEqual((status, out), (1, ''))
        for part in ("model 'small'", '127.0.0.1:9', 'NPUWHISPER_MODEL_DIR', str(self.model)):
            self.assertIn(part, err)

    def test_what_is_optional_is_tried_once_a_day(self):
        ask = ('--optional', 'small')
        pages, self.server.pages = self.server.pages, {}
        with unittest.mock.patch.object(models, 'fetch_from_packages',
                                        side_effect=models.Unreachable('no packages')):
            self.assertEqual(self.run_program(*ask)[:2], (1, ''))
            n_requests = len(self.server.requests)
            self.assertGreater(n_requests, 0)
            status, out, err = self.run_program(*ask)
            self.assertEqual((status, out), (1, ''))
            self.assertEqual(len(err.splitlines()), 1, err)
            self.assertIn('npuwhisper-models fetch small', err)
            self.assertEqual(len(self.server.requests), n_requests)
            # An explicit request always tries again. An optional request tries again after a day.
            self.assertEqual(self.run_program()[0], 1)
            n_asked = len(self.server.requests)
            self.assertGreater(n_asked, n_requests)
            with unittest.mock.patch.object(models, 'OPTIONAL_AGAIN_S', 0):
                self.assertEqual(self.run_program(*ask)[0], 1)
            self.assertGreater(len(self.server.requests), n_asked)
        self.server.pages = pages
        self.assertEqual(self.run_program()[0], 0)
        self.assertEqual(self.run_program(*ask), (0, str(self.model), ''))

    def test_unknown_name(self):
        status, out, err = self.run_program('enormous')
        self.assertEqual((status, out), (1, ''))
        self.assertIn("'enormous'", err)
        self.assertIn('base, tiny.en, silero-vad', err)

    # Tests of the command line.

    def assert_usage_error(self, arguments, *parts):
        status, out, err = self.run_command(*arguments)
        self.assertEqual((status, out), (2, ''), err)
        self.assertEqual(len(err.splitlines()), 1, err)
        for part in (*parts, '--help'):
            self.assertIn(part, err)
        self.assertEqual(self.server.requests, [])

    def test_help_names_the_commands_and_the_models(self):
        for arguments in (['--help'], ['-h'], ['fetch', '--help']):
            status, out, err = self.run_command(*arguments)
            self.assertEqual((status, err), (0, ''))
            for part in ('npuwhisper-models fetch', '--optional', 'NPUWHISPER_MODEL_DIR',
                         *(name for name in models.MODELS if name != 'small')):
                self.assertIn(part, out)

    def test_usage_errors_say_what_was_found_and_wanted(self):
        self.assert_usage_error([], 'wanted a command: fetch')
        self.assert_usage_error(['remove', 'small'], "unknown command 'remove'", 'fetch')
        self.assert_usage_error(['base'], "unknown command 'base'", '`fetch base`')
        self.assert_usage_error(['fetch'], 'wanted one NAME', 'found none')
        self.assert_usage_error(['fetch', 'small', 'base'], 'wanted one NAME', 'found small base')
        self.assert_usage_error(['fetch', '--force', 'small'], "unknown option '--force'")

    def test_fetch_model_of_the_checkout_is_the_same(self):
        self.model.mkdir(parents=True)
        for name, data in FILES.items():
            (self.model / name).write_bytes(data)
        done = subprocess.run([pathlib.Path(PATH).with_name('fetch-model'), '--optional', 'small'],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f'{self.model}\n', ''))


if __name__ == '__main__':
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of tools/npuwhisper-models: the commands list, check and remove, and the command line.

usage: models_commands_test.py PATH_OF_NPUWHISPER_MODELS [unittest options]
"""

import json
import os
import pathlib
import subprocess
import sys
import unittest

import model_hub
from model_case import FILES, PATH, Case, program
from model_hub import git_sha1, sha256
from model_tool import table


class Commands(Case):
    """Tests of list, check and remove, and of the command line."""

    def test_list_shows_what_is_where(self):
        self.place(self.in_cache('large-v3'))
        openai = self.cache / 'whisper' / 'base.pt'
        openai.parent.mkdir()
        openai.write_bytes(bytes(2_000_000))
        ggml = self.folder / '.local' / 'share' / 'pywhispercpp' / 'models' / 'ggml-small.bin'
        ggml.parent.mkdir(parents=True)
        ggml.write_bytes(b'x')
        status, out, err = self.run_command('list')
        self.assertEqual((status, err), (0, ''))
        lines = {line.split(',')[0].split()[0]: ' '.join(line.split()) for line in out.splitlines()}
        self.assertEqual(set(lines), {'name', *table.MODELS})
        self.assertEqual(lines['large-v3'],
                         'large-v3, large yes CTranslate2 3 MB 2162 MB 3087 MB '
                         f'{self.in_cache("large-v3")}')
        self.assertIn(f' yes OpenAI 2 MB 159 MB 148 MB {openai}', lines['base'])
        self.assertEqual(lines['tiny'], 'tiny no 100 MB 76 MB')
        self.assertIn(f' yes ggml 0 MB 411 MB 3 MB {ggml}', lines['small'])
        self.assertEqual(self.hub.requests, [])

    def test_list_as_json(self):
        self.place(self.in_cache('base'))
        status, out, err = self.run_command('list', '--json')
        self.assertEqual((status, err), (0, ''))
        rows = {row['name']: row for row in json.loads(out)}
        self.assertEqual(list(rows), list(table.MODELS))
        self.assertEqual(rows['base'], {
            'name': 'base', 'aliases': [], 'parameters': 72593920, 'memory_bytes': 159000000,
            'fetched_bytes': 147882941, 'path': str(self.in_cache('base')), 'format': 'CTranslate2',
            'bytes_on_disk': sum(map(len, FILES.values()))})
        self.assertIsNone(rows['tiny']['path'])
        self.assertEqual(rows['large-v3-turbo']['aliases'], ['turbo'])

    def test_sizes_are_those_of_published_checkpoints(self):
        """The size of a known file of 16-bit weights follows from the number of parameters."""
        for name in ('base', 'tiny.en'):
            file = next(file for file in table.MODELS[name].files if file.name == 'model.bin')
            computed = 2 * table.MODELS[name].shape.parameters()
            self.assertLess(computed, file.n_bytes)
            # The file also contains the names of the variables.
            self.assertLess(file.n_bytes - computed, 60_000)

    def check(self, name, status):
        found, out, err = self.run_command('check', name)
        self.assertEqual(found, status, out + err)
        return out + err

    def test_check_compares_with_the_table(self):
        self.place(self.in_cache('small'))
        self.assertEqual(self.check('small', 0).splitlines(),
                         [f'{name}: correct' for name in FILES])
        (self.in_cache('small') / 'vocabulary.txt').write_bytes(b'a\nc\n')
        self.assertIn('vocabulary.txt: found the checksum sha256:', self.check('small', 1))
        (self.in_cache('small') / 'tokenizer.json').unlink()
        text = self.check('small', 1)
        self.assertIn('tokenizer.json: the file is missing', text)
        self.assertIn('2 of 4 files are wrong', text)

    def test_check_advises_what_can_be_done(self):
        self.place(self.in_cache('small'))
        os.environ['NPUWHISPER_MODEL_DIR'] = str(self.folder / 'models')
        for place, parts, others in (
                (self.in_cache('small'), ('`npuwhisper-models remove small`',
                                          '`npuwhisper-models fetch small`'), ('belongs to',)),
                (self.folder / 'models' / 'small',
                 ('belongs to NPUWHISPER_MODEL_DIR', 'by hand'), ('models remove', 'models fetch'))):
            with self.subTest(place=place):
                if not place.exists():
                    self.place(place)
                (place / 'vocabulary.txt').write_bytes(b'a\nc\n')
                text = self.check('small', 1)
                for part in parts:
                    self.assertIn(part, text)
                for other in others:
                    self.assertNotIn(other, text)

    def test_check_names_files_without_a_sum(self):
        """For a model that another program stored, only the names of blobs are checksums."""
        repository = self.cache / 'huggingface' / 'hub' / 'models--Systran--faster-whisper-medium'
        snapshot = repository / 'snapshots' / model_hub.REVISION
        self.place(snapshot)
        (snapshot / 'README.md').write_bytes(b'# medium')
        (repository / 'blobs').mkdir()
        blob = repository / 'blobs' / git_sha1(FILES['config.json'])
        (snapshot / 'config.json').rename(blob)
        (snapshot / 'config.json').symlink_to(blob)
        status, out, _ = self.run_command('check', 'medium')
        self.assertEqual((status, out.splitlines()), (1, [
            'config.json: correct', *(f'{name}: no checksum is known for this file' for name in
                                      ('model.bin', 'tokenizer.json', 'vocabulary.txt'))]))

    def test_check_compares_with_the_pins(self):
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 0)
        self.hub.requests.clear()
        self.assertEqual(self.check('tiny', 0).count('correct'), 5)
        with (self.in_cache('tiny') / 'model.bin').open('rb+') as stream:
            stream.seek(1000)
            stream.write(b'?')
        self.assertIn('model.bin: found the checksum sha256:', self.check('tiny', 1))
        self.assertEqual(self.hub.requests, [])
        self.in_cache('tiny.pins.json').write_text('{}')
        self.assertIn('not the pins of a model', self.check('tiny', 1))

    def test_check_in_the_hugging_face_cache_uses_the_names_of_blobs(self):
        repository = self.cache / 'huggingface' / 'hub' / 'models--Systran--faster-whisper-medium'
        snapshot = repository / 'snapshots' / model_hub.REVISION
        snapshot.mkdir(parents=True)
        (repository / 'blobs').mkdir()
        for name, data in FILES.items():
            blob = repository / 'blobs' / (sha256(data) if name == 'model.bin' else git_sha1(data))
            blob.write_bytes(data)
            (snapshot / name).symlink_to(os.path.relpath(blob, snapshot))
        self.assertEqual(self.check('medium', 0).count('correct'), 4)
        (repository / 'blobs' / git_sha1(FILES['config.json'])).write_bytes(b'[]')
        self.assertIn('config.json: found the checksum git-sha1:', self.check('medium', 1))

    def test_check_of_files_uses_published_sums(self):
        ggml = self.folder / '.local' / 'share' / 'pywhispercpp' / 'models' / 'ggml-base.bin'
        ggml.parent.mkdir(parents=True)
        ggml.write_bytes(b'x')
        self.assertIn('465707469ff3a37a2b9b8d8f89f2f99de7299dac', self.check('base', 1))
        ggml.rename(ggml.with_name('ggml-base-q5_1.bin'))
        self.assertIn('no checksums are known', self.check('base-q5_1', 1))
        openai = self.cache / 'whisper' / 'base.pt'
        openai.parent.mkdir(parents=True)
        openai.write_bytes(b'x')
        self.assertIn('ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e',
                      self.check('base', 1))

    def test_check_of_a_model_that_is_nowhere(self):
        self.assertIn('npuwhisper-models fetch large-v3-turbo', self.check('turbo', 1))

    def test_remove_deletes_from_the_own_cache_only(self):
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 0)
        self.assertEqual(self.run_command('remove', 'tiny'), (0, str(self.in_cache('tiny')), ''))
        left = {path.name for path in self.in_cache('tiny').parent.iterdir()}
        self.assertEqual(left, {'.tiny.lock'})
        status, _, err = self.run_command('remove', 'tiny')
        self.assertEqual(status, 1)
        self.assertIn('not on this machine', err)

    def test_an_incomplete_folder_is_named_and_can_be_removed(self):
        self.place(self.in_cache('tiny'))
        (self.in_cache('tiny') / 'model.bin').unlink()
        status, out, err = self.run_command('fetch', 'tiny')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('`npuwhisper-models remove tiny`', err)
        self.assertEqual(self.hub.requests, [])
        self.assertEqual(self.run_command('remove', 'tiny')[0], 0)
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 0)

    def test_remove_refuses_other_caches_by_name(self):
        hub = self.cache / 'huggingface' / 'hub' / 'models--Systran--faster-whisper-medium'
        self.place(hub / 'snapshots' / 'a')
        os.environ['NPUWHISPER_MODEL_DIR'] = str(self.folder / 'models')
        self.place(self.folder / 'models' / 'small')
        owners = {'medium': 'the Hugging Face cache', 'small': 'NPUWHISPER_MODEL_DIR'}
        for name, owner in owners.items():
            status, out, err = self.run_command('remove', name)
            self.assertEqual((status, out), (1, ''))
            self.assertIn(f'belongs to {owner}', err)
        self.assert_whole(hub / 'snapshots' / 'a')
        self.assert_whole(self.folder / 'models' / 'small')

    def test_remove_of_a_link_keeps_its_target(self):
        self.place(self.folder / 'elsewhere')
        self.in_cache('small').parent.mkdir(parents=True)
        self.in_cache('small').symlink_to(self.folder / 'elsewhere')
        self.assertEqual(self.run_command('remove', 'small')[0], 0)
        self.assertFalse(self.in_cache('small').is_symlink())
        self.assert_whole(self.folder / 'elsewhere')

    def test_unknown_name(self):
        status, out, err = self.run_command('fetch', 'enormous')
        self.assertEqual((status, out), (1, ''))
        self.assertIn("'enormous'", err)
        self.assertIn('large-v3-turbo (alias turbo)', err)
        self.assertIn('Did you mean small.en', self.run_command('fetch', 'small-en')[2])

    def test_quantised_files_are_found_but_not_fetched(self):
        status, out, err = self.run_command('fetch', 'base-q5_1')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('npuwhisper-models fetch base', err)
        self.assertEqual(self.hub.requests, [])

    def test_a_wanted_format_is_fetched_though_another_is_here(self):
        ggml = self.folder / '.local' / 'share' / 'pywhispercpp' / 'models' / 'ggml-small.bin'
        ggml.parent.mkdir(parents=True)
        ggml.write_bytes(b'x')
        self.assertEqual(self.run_command('fetch', 'small'), (0, str(ggml), ''))
        self.assertEqual(self.hub.requests, [])
        wanted = ('fetch', '--format', 'ctranslate2', 'small')
        status, out, err = self.run_command(*wanted)
        self.assertEqual((status, out), (0, str(self.in_cache('small'))), err)
        self.assert_whole(out)
        self.assertEqual(self.run_command(*wanted), (0, out, ''))

    def test_the_speech_detector_has_one_format(self):
        self.in_cache('silero-vad').mkdir(parents=True)
        for file in table.MODELS['silero-vad'].files:
            (self.in_cache('silero-vad') / file.name).write_bytes(b'x')
        self.assertEqual(self.run_command('fetch', '--format', 'ctranslate2', 'silero-vad'),
                         (0, str(self.in_cache('silero-vad')), ''))

    def test_a_path_that_is_no_utf8_is_printed_as_it_is(self):
        folder = os.fsencode(self.folder) + b'/\xff'
        self.place(pathlib.Path(os.fsdecode(folder)) / 'small')
        os.environ['NPUWHISPER_MODEL_DIR'] = os.fsdecode(folder)
        for arguments in (['fetch', 'small'], ['list']):
            done = subprocess.run([sys.executable, PATH, *arguments], capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(folder + b'/small\n', done.stdout)

    def test_a_models_own_name_is_found(self):
        os.environ['NPUWHISPER_MODEL_DIR'] = str(self.folder / 'models')
        self.place(self.folder / 'models' / 'mine')
        self.assertEqual(self.run_command('fetch', 'mine'),
                         (0, str(self.folder / 'models' / 'mine'), ''))

    def assert_usage_error(self, arguments, *parts):
        status, out, err = self.run_command(*arguments)
        self.assertEqual((status, out), (2, ''), err)
        self.assertEqual(len(err.splitlines()), 1, err)
        for part in (*parts, '--help'):
            self.assertIn(part, err)
        self.assertEqual(self.hub.requests, [])

    def test_help_names_the_commands(self):
        for arguments in (['--help'], ['-h'], ['fetch', '--help']):
            status, out, err = self.run_command(*arguments)
            self.assertEqual((status, err), (0, ''))
            for part in (*(f'npuwhisper-models {command}' for command in program.COMMANDS),
                         '--optional', '--timeout', '--json', 'NPUWHISPER_MODEL_DIR'):
                self.assertIn(part, out)

    def test_usage_errors_say_what_was_found_and_wanted(self):
        self.assert_usage_error([], 'wanted a command: list, fetch')
        self.assert_usage_error(['delete', 'small'], "unknown command 'delete'", 'fetch')
        self.assert_usage_error(['turbo'], "unknown command 'turbo'", '`fetch turbo`')
        self.assert_usage_error(['fetch'], 'wanted one NAME', 'found none', 'silero-vad')
        self.assert_usage_error(['fetch', 'small', 'base'], 'wanted one NAME', 'found small base')
        self.assert_usage_error(['fetch', '--force', 'small'], "unknown option '--force'")
        self.assert_usage_error(['fetch', '--timeout', 'soon', 'small'], "--timeout: found 'soon'")
        self.assert_usage_error(['fetch', '--timeout=0', 'small'], "--timeout: found '0'")
        self.assert_usage_error(['fetch', 'small', '--timeout'], '--timeout needs a value')
        self.assert_usage_error(['fetch', '--format=ggml', 'small'], "found 'ggml', wanted ctr")
        self.assert_usage_error(['list', '--json=x'], "unknown option '--json=x'")
        self.assert_usage_error(['list', 'small'], 'wanted no names')
        self.assert_usage_error(['remove', '../small'], "found the path '../small'")

    def test_fetch_model_of_the_checkout_wants_ctranslate2(self):
        openai = self.cache / 'whisper' / 'small.pt'
        openai.parent.mkdir(parents=True)
        openai.write_bytes(b'x')
        os.environ['NPUWHISPER_MODEL_DIR'] = str(openai.parent)
        self.place(self.in_cache('small'))
        done = subprocess.run([pathlib.Path(PATH).with_name('fetch-model'), '--optional', 'small'],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, f'{self.in_cache("small")}\n', ''))


if __name__ == '__main__':
    unittest.main()

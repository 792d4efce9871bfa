#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that npuwhisper-models and the library's find_model() find the same models.

usage: models_places_test.py PATH_OF_NPUWHISPER_MODELS PATH_OF_FIND_MODEL [unittest options]

find-model prints the results of find_model(), a line for each argument.
"""

import os
import random
import subprocess
import sys
import unittest
import unittest.mock

FIND_MODEL = os.path.abspath(sys.argv.pop(2))

from model_case import Case
from model_tool import places, table

SNAPSHOT = 'snapshots/0123456789abcdef'
# Files of a folder in each format.
CTRANSLATE2 = ('model.bin', 'config.json', 'vocabulary.json')
SAFETENSORS = ('model.safetensors', 'config.json')
SHARDS = ('model.safetensors.index.json', 'config.json')
PYTORCH = ('pytorch_model.bin', 'config.json')
PYTORCH_SHARDS = ('pytorch_model.bin.index.json', 'config.json')


def all_places(model):
    """Returns the places of `model` in the order of the search, as (path, files). The path is relative
    to the home folder. `files` are the names of the files in the folder, or () if the place is a file."""
    hub = '.cache/huggingface/hub/models--'
    found = [(f'models/{model.name}', CTRANSLATE2)]
    if model.openai_sha256:
        found.append((f'models/{model.name}.pt', ()))
    found += [(f'models/{stem}.bin', ()) for stem in model.ggml]
    found.append((f'.cache/npuwhisper/{model.name}', CTRANSLATE2))
    repositories = [(name, CTRANSLATE2) for name in model.ctranslate2]
    repositories.append((model.original, random.Random(model.name).choice(
        (SAFETENSORS, SHARDS, PYTORCH, PYTORCH_SHARDS))))
    found += [(f'{hub}{name.replace("/", "--")}/{SNAPSHOT}', files)
              for name, files in repositories]
    if model.openai_sha256:
        found.append((f'.cache/whisper/{model.name}.pt', ()))
    folders = ['.local/share/pywhispercpp/models', f'{hub}ggerganov--whisper.cpp/{SNAPSHOT}']
    found += [(f'{folder}/{stem}.bin', ()) for folder in folders for stem in model.ggml]
    if model.ggml_repository:
        own = f'{hub}{model.ggml_repository.replace("/", "--")}/{SNAPSHOT}'
        found += [(f'{own}/{stem}.bin', ()) for stem in (*model.ggml, 'ggml-model')]
    return found


class Places(Case):
    def setUp(self):
        super().setUp()
        del os.environ['XDG_CACHE_HOME']
        os.environ['NPUWHISPER_MODEL_DIR'] = str(self.folder / 'models')
        working_directory = self.folder / 'work'
        working_directory.mkdir()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(working_directory)

    def create(self, place, files):
        path = self.folder / place
        for file in [path / name for name in files] or [path]:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text('content')
        return str(path)

    def delete(self, place, files):
        path = self.folder / place
        for file in [path / name for name in files] or [path]:
            file.unlink()

    @staticmethod
    def tool_finds(name):
        model, quantisation = table.resolve(name)
        found = places.find(name, model, quantisation) if model else places.find_own(name)
        return str(found.path) if found else ''

    def library_finds(self, *names):
        done = subprocess.run([FIND_MODEL, *names], check=True, capture_output=True,
                              encoding='utf8', timeout=60)
        return done.stdout.splitlines()

    def assert_found(self, name, wanted):
        self.assertEqual(self.tool_finds(name), wanted, name)
        self.assertEqual(self.library_finds(name), [wanted], name)

    def test_each_place_of_each_model(self):
        """Creates one place at a time. It must be found for its own model and for no other model."""
        for model in table.MODELS.values():
            if model.shape is None:
                continue
            for place, files in all_places(model):
                with self.subTest(place=place):
                    path = self.create(place, files)
                    found = {name: self.tool_finds(name) for name in table.MODELS}
                    in_library = self.library_finds(*table.MODELS)
                    self.delete(place, files)
                    wanted = {name: path if name == model.name else '' for name in table.MODELS}
                    self.assertEqual(found, wanted)
                    self.assertEqual(dict(zip(table.MODELS, in_library)), wanted)

    def test_the_order_of_places(self):
        """Fills the places from the last to the first. Each new place takes precedence."""
        for name in ('base', 'large-v3-turbo', 'distil-medium.en', 'large-v3'):
            model = table.MODELS[name]
            for place, files in reversed(all_places(model)):
                path = self.create(place, files)
                for known in (name, *model.aliases):
                    with self.subTest(place=place, name=known):
                        self.assert_found(known, path)

    def test_random_places(self):
        """The tool and the library find the same model for any combination of places."""
        choices = random.Random(7)
        every = [place for model in table.MODELS.values() if model.shape
                 for place in all_places(model)]
        every += [(f'{folder}/{stem}-q5_1.bin', ()) for model in table.MODELS.values()
                  for folder in ('models', '.local/share/pywhispercpp/models')
                  for stem in model.ggml]
        every += [(f'{folder}/{name}', CTRANSLATE2) for folder in ('models', '.cache/npuwhisper')
                  for name in ('turbo', 'large', 'base-q5_1', 'turbo-q5_0', 'mine')]
        every += [(f'work/{name}', CTRANSLATE2) for name in ('base', 'turbo', 'mine', 'mine.pt')]
        names = [name for model in table.MODELS.values() if model.shape
                 for name in (model.name, *model.aliases, f'{model.name}-q5_1')]
        names += ['mine', 'mine.pt', 'turbo-q5_0', 'nothing', 'base-q9_9']
        n_found = 0
        for _ in range(40):
            filled = choices.sample(every, 30)
            for place, files in filled:
                self.create(place, files)
            found = [self.tool_finds(name) for name in names]
            self.assertEqual(self.library_finds(*names), found)
            n_found += sum(map(bool, found))
            for place, files in filled:
                self.delete(place, files)
        self.assertGreater(n_found, 200)

    def test_environment_variables(self):
        variables = {'XDG_CACHE_HOME': 'xdg/cache', 'XDG_DATA_HOME': 'xdg/data', 'HF_HOME': 'hf',
                     'HF_HUB_CACHE': 'hub', 'HUGGINGFACE_HUB_CACHE': 'old'}
        repository = f'models--Systran--faster-whisper-base/{SNAPSHOT}'
        for variable, place, files in (
                ('XDG_DATA_HOME', 'xdg/data/pywhispercpp/models/ggml-base.bin', ()),
                ('XDG_CACHE_HOME', 'xdg/cache/whisper/base.pt', ()),
                ('XDG_CACHE_HOME', f'xdg/cache/huggingface/hub/{repository}', CTRANSLATE2),
                ('HF_HOME', f'hf/hub/{repository}', CTRANSLATE2),
                ('HUGGINGFACE_HUB_CACHE', f'old/{repository}', CTRANSLATE2),
                ('HF_HUB_CACHE', f'hub/{repository}', CTRANSLATE2),
                ('XDG_CACHE_HOME', 'xdg/cache/npuwhisper/base', CTRANSLATE2)):
            with self.subTest(variable=variable, place=place):
                os.environ[variable] = str(self.folder / variables[variable])
                self.assert_found('base', self.create(place, files))
        # A relative folder is ignored.
        os.environ['XDG_CACHE_HOME'] = os.environ['XDG_DATA_HOME'] = 'relative'
        for variable in ('HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_HOME'):
            del os.environ[variable]
        self.create('work/relative/npuwhisper/base', CTRANSLATE2)
        self.assert_found('base', '')

    def test_the_variables_of_the_hub_may_begin_with_the_home_folder(self):
        repository = f'models--Systran--faster-whisper-base/{SNAPSHOT}'
        for variable, folder in (('HF_HOME', 'hub/'), ('HUGGINGFACE_HUB_CACHE', ''),
                                 ('HF_HUB_CACHE', '')):
            for value, place, is_found in (('~', '', True), ('~/a', 'a/', True),
                                           ('~a', 'a/', False)):
                with self.subTest(variable=variable, value=value), \
                        unittest.mock.patch.dict(os.environ, {variable: value}):
                    path = self.create(f'{place}{folder}{repository}', CTRANSLATE2)
                    self.assert_found('base', path if is_found else '')
                    self.delete(f'{place}{folder}{repository}', CTRANSLATE2)

    def test_the_variable_may_name_the_folder_of_the_model(self):
        for name in ('turbo', 'large-v3-turbo', 'mine'):
            path = self.create(f'models/{name}', CTRANSLATE2)
            os.environ['NPUWHISPER_MODEL_DIR'] = path
            self.assert_found(name, path)
        # The variable now names the folder of another model.
        self.assert_found('turbo', '')

    def test_the_main_snapshot_comes_first(self):
        repository = '.cache/huggingface/hub/models--openai--whisper-medium'
        paths = [self.create(f'{repository}/snapshots/{name}', SAFETENSORS) for name in 'abc']
        self.assert_found('medium', paths[0])
        main = self.folder / repository / 'refs' / 'main'
        main.parent.mkdir()
        main.write_text('b\n')
        self.assert_found('medium', paths[1])

    def test_the_file_of_the_main_revision_may_be_anything(self):
        repository = '.cache/huggingface/hub/models--openai--whisper-medium'
        paths = [self.create(f'{repository}/snapshots/{name}', SAFETENSORS) for name in 'ab']
        main = self.folder / repository / 'refs' / 'main'
        main.parent.mkdir()
        for content, wanted in ((b'b' + bytes(10), 0), (b'b' + b' ' * 200, 0), (b'\xff\n', 0),
                                (b'', 0), (b' b\n', 1)):
            main.write_bytes(content)
            with self.subTest(content=content):
                self.assert_found('medium', paths[wanted])
        main.unlink()
        os.mkfifo(main)
        self.assert_found('medium', paths[0])
        main.unlink()
        main.mkdir()
        self.assert_found('medium', paths[0])

    def test_places_that_cannot_be_examined_are_passed_over(self):
        cached = self.create('.cache/npuwhisper/base', CTRANSLATE2)
        for folder in (self.folder / ('a' * 300), '/dev/null/models'):
            os.environ['NPUWHISPER_MODEL_DIR'] = os.environ['HF_HUB_CACHE'] = str(folder)
            with self.subTest(folder=folder):
                self.assert_found('base', cached)
        del os.environ['NPUWHISPER_MODEL_DIR'], os.environ['HF_HUB_CACHE']
        self.assert_found('a' * 300, '')

    def test_without_a_home_other_places_are_searched(self):
        del os.environ['HOME']
        with unittest.mock.patch.object(places.pwd, 'getpwuid', side_effect=KeyError):
            self.assertEqual(self.tool_finds('base'), '')
            path = self.create('models/base', CTRANSLATE2)
            self.assertEqual(self.tool_finds('base'), path)
            self.assertEqual(self.run_command('list')[0], 0)
            # pywhispercpp's folder is in the home folder, npuwhisper's cache is not.
            os.environ['XDG_CACHE_HOME'] = str(self.folder / 'xdg')
            self.assertEqual(self.run_command('fetch', 'small')[0], 0)

    def test_a_quantised_file_is_found_by_its_name_only(self):
        for place in ('models', '.local/share/pywhispercpp/models',
                      f'.cache/huggingface/hub/models--ggerganov--whisper.cpp/{SNAPSHOT}'):
            with self.subTest(place=place):
                path = self.create(f'{place}/ggml-base-q5_1.bin', ())
                self.assert_found('base-q5_1', path)
                self.assert_found('base', '')
                self.delete(f'{place}/ggml-base-q5_1.bin', ())

    def test_the_files_of_distil_whisper_are_found_under_their_published_names(self):
        for name, file in (('distil-small.en', 'distil-small.en/{}/ggml-distil-small.en.bin'),
                           ('distil-medium.en', 'distil-medium.en/{}/ggml-medium-32-2.en.bin'),
                           ('distil-large-v2', 'distil-large-v2/{}/ggml-large-32-2.en.bin'),
                           ('distil-large-v3',
                            'distil-large-v3-ggml/{}/ggml-distil-large-v3.bin'),
                           ('distil-large-v3',
                            'distil-large-v3-ggml/{}/ggml-distil-large-v3.fp32.bin'),
                           ('distil-large-v3.5', 'distil-large-v3.5-ggml/{}/ggml-model.bin')):
            with self.subTest(file=file):
                place = '.cache/huggingface/hub/models--distil-whisper--' + file.format(SNAPSHOT)
                self.assert_found(name, self.create(place, ()))
                self.delete(place, ())
        # In other folders, a file with this name can be any model.
        for place in ('models', '.local/share/pywhispercpp/models'):
            self.create(f'{place}/ggml-model.bin', ())
            self.assert_found('distil-large-v3.5', '')

    def test_incomplete_folders_are_passed_over(self):
        cached = self.create('.cache/npuwhisper/base', CTRANSLATE2)
        for files in (CTRANSLATE2, SAFETENSORS, SHARDS, PYTORCH, PYTORCH_SHARDS):
            for missing in files:
                rest = [file for file in files if file != missing]
                self.create('models/base', rest)
                self.assert_found('base', cached)
                self.delete('models/base', rest)
        self.assert_found('base', cached)

    def test_a_users_own_name_may_be_in_the_working_directory(self):
        for place in ('.cache/npuwhisper/mine', 'models/mine'):
            self.assert_found('mine', self.create(place, CTRANSLATE2))
        self.create('work/mine', CTRANSLATE2)
        self.assert_found('mine', 'mine')

    def test_the_working_directory_is_not_searched_for_published_names(self):
        for place in ('work/base', 'work/turbo'):
            self.create(place, CTRANSLATE2)
        self.create('work/models/ggml-base.bin', ())
        for name in ('base', 'turbo', 'base-q5_1'):
            self.assert_found(name, '')


if __name__ == '__main__':
    unittest.main()

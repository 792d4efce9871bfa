#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of tools/npuwhisper-models: fetching a model whose checksums come from the hub, and deadlines,
other processes and disks.

usage: models_hub_test.py PATH_OF_NPUWHISPER_MODELS [unittest options]
"""

import json
import os
import resource
import socket
import time
import unittest
import unittest.mock

import model_hub
from model_case import FILES, NO_SERVER, WEIGHTS, Case
from model_hub import git_sha1, sha256
from model_tool import fetching, hub, transfer


class TrustedSums(Case):
    """Tests of a model whose checksums come from the hub at the first download."""

    def setUp(self):
        super().setUp()
        self.files = {name: data for name, data in
                      self.hub.repositories['Systran/faster-whisper-tiny'].items()
                      if name != 'README.md'}

    @property
    def pins(self):
        return self.in_cache('tiny.pins.json')

    def assert_tiny_is_whole(self):
        self.assertEqual({file.name: file.read_bytes() for file in self.in_cache('tiny').iterdir()},
                         self.files)

    def test_trusts_once_and_pins(self):
        status, out, err = self.run_command('fetch', 'tiny')
        self.assertEqual((status, out), (0, str(self.in_cache('tiny'))), err)
        self.assertIn('trusting those of Systran/faster-whisper-tiny at revision '
                      f'{model_hub.REVISION[:12]}', err)
        self.assert_tiny_is_whole()
        pinned = json.loads(self.pins.read_text('utf8'))
        self.assertEqual(pinned['revision'], model_hub.REVISION)
        self.assertEqual(pinned['repository'], 'Systran/faster-whisper-tiny')
        sums = {file['name']: (file['bytes'], file['sum']) for file in pinned['files']}
        self.assertEqual(sums, {
            name: (len(data), f'sha256:{sha256(data)}' if name == 'model.bin' else
                   f'git-sha1:{git_sha1(data)}') for name, data in self.files.items()})
        # Files come from the pinned revision, not from the newest one.
        self.assertFalse([path for path, _ in self.hub.requests if '/resolve/main/' in path])

    def test_a_repository_that_changes_after_the_pins_is_noticed(self):
        self.hub.break_after, self.hub.breaks = 1_000_000, 1
        self.hub.contents['tokenizer.json'] = b'{"model": []}'
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 1)
        self.assertTrue(self.pins.exists())
        # The hub now lists another checksum of the file.
        self.hub.repositories['Systran/faster-whisper-tiny']['tokenizer.json'] = b'{"model": []}'
        status, _, err = self.run_command('fetch', 'tiny')
        self.assertEqual(status, 1)
        self.assertNotIn('trusting', err)
        self.assertIn(git_sha1(FILES['tokenizer.json']), err)
        self.assertIn(git_sha1(b'{"model": []}'), err)
        self.pins.unlink()
        self.files['tokenizer.json'] = b'{"model": []}'
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 0)
        self.assert_tiny_is_whole()

    def test_an_interrupted_download_goes_on_with_its_pins(self):
        self.hub.portal = '/cdn/'  # Only the small files arrive.
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 1)
        self.hub.portal = None
        (self.in_cache('.tiny.partial') / 'model.bin.part').write_bytes(WEIGHTS[:5000])
        status, _, err = self.run_command('fetch', 'tiny')
        self.assertEqual(status, 0, err)
        self.assertNotIn('trusting', err)
        self.assertEqual(self.hub.ranges_of(WEIGHTS)[-1], 'bytes=5000-')
        self.assert_tiny_is_whole()

    def test_follows_a_renamed_repository(self):
        self.hub.repositories['dropbox-dash/faster-whisper-large-v3-turbo'] = dict(FILES)
        self.hub.renamed = {'mobiuslabsgmbh/faster-whisper-large-v3-turbo':
                            'dropbox-dash/faster-whisper-large-v3-turbo'}
        status, out, err = self.run_command('fetch', 'turbo')
        self.assertEqual((status, out), (0, str(self.in_cache('large-v3-turbo'))), err)
        self.assert_whole(out)
        self.assertEqual(self.run_command('fetch', 'large-v3-turbo'), (0, out, ''))

    def test_tries_the_next_repository(self):
        self.hub.repositories['dropbox-dash/faster-whisper-large-v3-turbo'] = dict(FILES)
        status, out, err = self.run_command('fetch', 'turbo')
        self.assertEqual((status, out), (0, str(self.in_cache('large-v3-turbo'))), err)

    def test_a_repository_that_sends_nothing_leaves_no_pins(self):
        first = 'mobiuslabsgmbh/faster-whisper-large-v3-turbo'
        second = 'dropbox-dash/faster-whisper-large-v3-turbo'
        self.hub.repositories[first] = {**FILES, 'config.json': b'[]'}
        self.hub.portal = f'/{first}/resolve/'
        self.assertEqual(self.run_command('fetch', 'turbo')[0], 1)
        self.assertFalse(self.in_cache('large-v3-turbo.pins.json').exists())
        self.hub.repositories[second] = dict(FILES)
        status, out, err = self.run_command('fetch', 'turbo')
        self.assertEqual((status, out), (0, str(self.in_cache('large-v3-turbo'))), err)
        self.assert_whole(out)
        pinned = json.loads(self.in_cache('large-v3-turbo.pins.json').read_text('utf8'))
        self.assertEqual(pinned['repository'], second)

    def test_a_repository_that_sends_only_small_files_leaves_the_next_one_a_chance(self):
        first, second = ('mobiuslabsgmbh/faster-whisper-large-v3-turbo',
                         'dropbox-dash/faster-whisper-large-v3-turbo')
        weights = WEIGHTS[:-1] + b'?'
        self.hub.repositories[first] = {**FILES, 'model.bin': weights, 'config.json': b'[]'}
        self.hub.portal = f'/cdn/{sha256(weights)}'
        # No other repository exists yet, but a later run tries all repositories again.
        status, _, err = self.run_command('fetch', 'turbo')
        self.assertEqual(status, 1)
        self.assertIn('dropbox-dash', err)
        self.hub.repositories[second] = dict(FILES)
        status, out, err = self.run_command('fetch', 'turbo')
        self.assertEqual((status, out), (0, str(self.in_cache('large-v3-turbo'))), err)
        self.assert_whole(out)
        pinned = json.loads(self.in_cache('large-v3-turbo.pins.json').read_text('utf8'))
        self.assertEqual(pinned['repository'], second)

    def test_a_server_with_too_much_to_do_is_asked_again(self):
        busy = [(408, {}), (429, {'Retry-After': '7'}), (503, {'Retry-After': '99999'})]
        for path in ('/api/models/', '/cdn/'):
            with self.subTest(path=path), unittest.mock.patch.object(time, 'sleep') as sleep:
                self.hub.failures = [(path, *answer) for answer in busy]
                status, _, err = self.run_command('fetch', 'tiny')
                self.assertEqual(status, 0, err)
                self.assertEqual([call.args[0] for call in sleep.mock_calls], [0.5, 7, 30])
            self.run_command('remove', 'tiny')

    def test_a_server_that_stays_busy_is_given_up(self):
        self.hub.failures = 100 * [('/api/models/', 500, {})]
        with unittest.mock.patch.object(time, 'sleep') as sleep:
            status, _, err = self.run_command('fetch', 'tiny')
        self.assertEqual(status, 1)
        self.assertIn('HTTP status 500', err)
        self.assertEqual([call.args[0] for call in sleep.mock_calls], [0.5, 1, 2])

    def test_an_endpoint_must_be_an_http_address(self):
        for wrong in ('huggingface.co', 'file:///tmp', 'http://[::1', 'http://', 'http://a:b'):
            with self.subTest(endpoint=wrong):
                os.environ['HF_ENDPOINT'] = wrong
                status, out, err = self.run_command('fetch', 'tiny')
                self.assertEqual((status, out), (2, ''))
                self.assertIn(f"HF_ENDPOINT: found '{wrong}', wanted", err)

    def test_broken_pins_are_named(self):
        self.pins.parent.mkdir(parents=True)
        for broken in (b'{', b'[]', b'\xff', b'[' * 100_000, b'{"files": [1]}'):
            with self.subTest(pins=broken[:20]):
                self.pins.write_bytes(broken)
                status, out, err = self.run_command('fetch', 'tiny')
                self.assertEqual((status, out), (1, ''))
                self.assertIn(f"'{self.pins}': not the pins of a model", err)

    def test_a_folder_is_complete_before_it_appears(self):
        """An older version stored pins that contain no vocabulary."""
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 0)
        content = json.loads(self.pins.read_text('utf8'))
        content['files'] = [file for file in content['files']
                            if file['name'] in ('config.json', 'model.bin')]
        self.run_command('remove', 'tiny')
        self.pins.write_text(json.dumps(content))
        status, out, err = self.run_command('fetch', 'tiny')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('is not a complete model', err)
        self.assertFalse(self.in_cache('tiny').exists())

    def test_answers_that_are_no_list_of_files(self):
        path = '/api/models/Systran/faster-whisper-tiny/revision/main'
        good = json.loads(self.hub.api_answer('Systran/faster-whisper-tiny'))
        evil = {**good, 'siblings': [*good['siblings'], {**good['siblings'][0],
                                                         'rfilename': 'vocabulary.x/../../a'}]}
        incomplete = {**good, 'siblings': good['siblings'][:1]}
        def changed(name, **entry):
            return {**good, 'siblings': [{**one, **entry} if one['rfilename'] == name else one
                                         for one in good['siblings']]}

        no_vocabulary = {**good, 'siblings': [one for one in good['siblings'] if one['rfilename']
                                              not in ('tokenizer.json', 'vocabulary.txt')]}
        twice = {**good, 'siblings': [*good['siblings'], good['siblings'][0]]}
        hostile = [no_vocabulary, twice, {**good, 'sha': int('1' * 40)},
                   *(changed('vocabulary.txt', rfilename=f'vocabulary.{ending}')
                     for ending in ('\0', 'a' * 100, '\ud800', '\x1b')),
                   *(changed('model.bin', size=size) for size in (0, True, 10**12, 10**400, 1.5))]
        no_sum = {**good, 'siblings': [{**one, 'blobId': 'x'} for one in good['siblings']]}
        for answer in (b'<html>log in</html>', b'[]', b'{}', b'\xff', json.dumps(evil).encode(),
                       json.dumps(incomplete).encode(), json.dumps(no_sum).encode(),
                       json.dumps({**good, 'sha': '../main'}).encode(), b'[' * 900_000,
                       *(json.dumps(answer).encode() for answer in hostile)):
            with self.subTest(answer=answer[:60]):
                self.hub.pages[path] = answer
                status, out, err = self.run_command('fetch', 'tiny')
                self.assertEqual((status, out), (1, ''))
                self.assertIn('wanted', err)
                self.assertFalse(self.pins.exists())
                self.assertFalse(self.in_cache('tiny').exists())

    def test_the_login_page_of_a_network(self):
        self.hub.portal = '/'
        status, out, err = self.run_command('fetch', 'tiny')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('found a web page', err)
        self.assertIn('login page', err)
        self.hub.portal = None
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 0)

    def test_no_network(self):
        os.environ['HF_ENDPOINT'] = NO_SERVER
        status, out, err = self.run_command('fetch', 'tiny')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('127.0.0.1:9', err)
        self.assertIn('Connection refused', err)

    # Tests of deadlines, other processes and disks.

    def test_a_slow_server_meets_the_deadline(self):
        self.hub.drip_s = 0.05  # At this speed, the file would take two days.
        status, out, err = self.run_command('fetch', '--timeout', '2', 'tiny')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('not finished within 2 s (--timeout)', err)
        self.hub.drip_s = 0
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 0)
        self.assert_tiny_is_whole()

    def test_a_server_that_never_answers_is_given_up(self):
        with socket.create_server(('127.0.0.1', 0)) as server, \
                unittest.mock.patch.object(hub, 'SILENCE_TIMEOUT_S', 0.2):
            os.environ['HF_ENDPOINT'] = f'http://127.0.0.1:{server.getsockname()[1]}'
            status, out, err = self.run_command('fetch', 'tiny')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('timed out', err)

    def start_two(self):
        """Starts two processes. Returns them when the first downloads and the second waits."""
        self.hub.drip_s = 1e-4  # At this speed, the file would take five minutes.
        first = self.start_program('fetch', 'tiny')
        while not self.hub.ranges_of(WEIGHTS):
            self.assertIsNone(first.poll())
            time.sleep(0.01)
        second = self.start_program('fetch', 'tiny')
        self.assertEqual(second.stderr.readline(), 'npuwhisper: waiting for another process, which '
                         'fetches or removes tiny ...\n')
        return first, second

    def test_two_processes_at_once_download_once(self):
        processes = self.start_two()
        self.hub.drip_s = 0
        for process in processes:
            out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out), (0, f'{self.in_cache("tiny")}\n'), err)
        self.assertEqual(self.hub.ranges_of(WEIGHTS), [None])
        self.assert_tiny_is_whole()

    def test_a_process_that_waits_continues_for_one_that_is_killed(self):
        first, second = self.start_two()
        first.kill()
        first.communicate(timeout=60)
        self.hub.drip_s = 0
        out, err = second.communicate(timeout=60)
        self.assertEqual((second.returncode, out), (0, f'{self.in_cache("tiny")}\n'), err)
        self.assertNotIn('trusting', err)
        self.assert_tiny_is_whole()

    def test_waiting_for_another_process_has_a_deadline(self):
        with fetching.locked('tiny'):
            waiting = self.start_program('fetch', '--timeout', '3', 'tiny')
            out, err = waiting.communicate(timeout=60)
        self.assertEqual((waiting.returncode, out), (1, ''))
        self.assertIn('waiting for another process', err)
        self.assertIn('not finished within 3 s', err)

    def test_a_full_disk_is_named(self):
        free = unittest.mock.Mock(free=1_000_000)
        with unittest.mock.patch.object(fetching.shutil, 'disk_usage', return_value=free):
            status, out, err = self.run_command('fetch', 'tiny')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('found 1 MB of free space, wanted 3 MB', err)
        self.assertEqual(self.hub.ranges_of(WEIGHTS), [])

    def test_a_disk_that_becomes_full_is_named(self):
        """With a limit on file sizes, the write fails as on a full disk."""
        limit = (1_000_000, resource.RLIM_INFINITY)
        process = self.start_program(
            'fetch', 'tiny', preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (1, ''))
        part = self.in_cache('.tiny.partial') / 'model.bin.part'
        self.assertIn(f"cannot write '{part}': File too large", err)
        self.assertEqual(len(self.hub.ranges_of(WEIGHTS)), 1)
        self.assertEqual(self.run_command('fetch', 'tiny')[0], 0)
        self.assert_tiny_is_whole()

    def test_a_cache_that_cannot_be_written_is_named(self):
        blocked = self.folder / 'file'
        blocked.write_text('not a folder')
        os.environ['XDG_CACHE_HOME'] = str(blocked)
        status, out, err = self.run_command('fetch', 'tiny')
        self.assertEqual((status, out), (1, ''))
        self.assertIn(f"cannot write '{blocked}/npuwhisper", err)
        self.assertIn('XDG_CACHE_HOME', err)
        self.assertEqual(self.hub.requests, [])


if __name__ == '__main__':
    unittest.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisper-monitor as users and browsers see it: captions, errors, shutdown."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import program
from monitor_program import LONGEST, PROGRAM, Events, Monitor, write_clip
from program import needs_speech
from speech_text import share_found


@needs_speech
class Captions(unittest.TestCase):
    def test_reach_every_browser(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder:
            path = os.path.join(folder, 'clip.wav')
            spoken = write_clip(path, 1, 2)
            with Monitor(path, '--language', 'en', '--latency', 8000) as monitor:
                self.follow(monitor, spoken)

    def test_channels_without_positions_are_mixed(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder:
            path = os.path.join(folder, 'six.mov')
            subprocess.run(['ffmpeg', '-v', 'error', '-i', program.RECORDINGS[1], '-ac', '6', '-c:a',
                            'pcm_s16le', path], check=True, timeout=120)
            with Monitor(path, '--language', 'en', '--latency', 8000) as monitor:
                events = Events(monitor.url)
                events.wait_for_state('ended')
                text = ''.join(piece['text'] for piece in events.named('final'))
        self.assertGreaterEqual(share_found(program.SPOKEN[1], text), 0.7, text)

    def follow(self, monitor, spoken):
        first, second = Events(monitor.url), Events(monitor.url)
        # A client that never reads must not delay the others.
        host, port = monitor.url.split('/')[2].split(':')
        with socket.create_connection((host, int(port))) as deaf:
            deaf.sendall(f'GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode())
            first.wait_for_state('ended')
        second.wait_for_state('ended')

        pieces = first.named('final')
        text = ''.join(piece['text'] for piece in pieces)
        self.assertGreaterEqual(share_found(spoken, text), 0.7, text)
        self.assertEqual(second.named('final'), pieces)
        self.check_times(first, pieces)
        self.check_status(first.named('status'), pieces)

        late = Events(monitor.url)
        late.wait_for_state('ended')
        self.assertEqual(late.named('final'), pieces)
        self.assertEqual(late.named('missed'), [])
        back = Events(monitor.url, last_id=first.ids()[0])
        back.wait_for_state('ended')
        self.assertEqual(back.named('final'), pieces[1:])
        self.assertTrue(back.named('hello')[0]['resumed'])
        self.assertFalse(late.named('hello')[0]['resumed'])

        status, seconds, complaints = monitor.stop(signal.SIGTERM)
        self.assertEqual(status, 0, complaints)
        self.assertEqual(complaints, '')
        self.assertLess(seconds, 30)
        for events in (first, second, late, back):
            events.join(LONGEST)
            self.assertTrue(events.complete)
            self.assertEqual(events.state(), 'stopped')

    def check_times(self, events, pieces):
        last = 0
        for piece in pieces:
            self.assertGreater(piece['delay'], 0, piece)
            self.assertEqual(piece['language'], 'en')
            self.assertEqual(piece['text'], ''.join(word['text'] for word in piece['words']))
            for word in piece['words']:
                self.assertGreaterEqual(word['start'], last, piece)
                self.assertGreaterEqual(word['end'], word['start'], piece)
                last = word['end']
        # The words arrived during the speech, not all at the end.
        came = [at for at, event, _, _ in events.all if event == 'final']
        self.assertGreater(came[-1] - came[0], 1)

    def check_status(self, statuses, pieces):
        states = [status['state'] for status in statuses]
        self.assertEqual(sorted(set(states), key=states.index)[-2:], ['listening', 'ended'])
        last = statuses[-1]
        self.assertEqual(last['source'], 'clip.wav')
        self.assertGreater(last['position'], 8)
        self.assertEqual(last['skipped'], 0)
        self.assertEqual(last['unread'], 0)
        self.assertAlmostEqual(last['delay'],
                               sum(piece['delay'] for piece in pieces) / len(pieces), places=2)
        self.assertAlmostEqual(last['longest_delay'], max(piece['delay'] for piece in pieces),
                               places=2)
        self.assertTrue(last['device'])
        self.assertGreater(max(status['cores'] for status in statuses), 0)


@needs_speech
class Desk(unittest.TestCase):
    TOKEN = 'token-of-the-operator'
    REVIEW = 4  # Seconds.

    def test_corrections_go_out_instead(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder:
            path = os.path.join(folder, 'clip.wav')
            write_clip(path, 1, 2)
            with Monitor(path, '--language', 'en', '--latency', 4000, '--review',
                         1000 * self.REVIEW, '--desk-token', self.TOKEN) as monitor:
                page = monitor.process.stdout.readline().strip()
                self.assertEqual(page, f'{monitor.url}desk?token={self.TOKEN}')
                self.review(monitor)

    def review(self, monitor):
        desk = Events(monitor.url, path=f'desk/events?token={self.TOKEN}')
        viewer = Events(monitor.url)
        changed, withheld, kept = (self.wait_for_held(desk, i) for i in range(3))
        self.correct(monitor, changed['number'], 'Changed  by the desk', 200)
        self.correct(monitor, withheld['number'], '', 200)
        self.correct(monitor, 10**6, 'x', 404)
        self.correct(monitor, 'one', 'x', 400)
        viewer.wait_for_state('ended')
        # The last pieces are still held when the recording has ended.
        n_held = len(self.held(desk))
        end = time.monotonic() + LONGEST
        while len(viewer.named('final')) < n_held - 1 and time.monotonic() < end:
            time.sleep(0.05)
        self.correct(monitor, kept['number'], 'too late', 404)
        sent = viewer.named('final')
        self.assertEqual([piece['text'] for piece in sent],
                         [' Changed by the desk'] +
                         [piece['text'] for piece in self.held(desk)[2:]])
        self.assertEqual([piece.get('corrected', False) for piece in sent],
                         [True] + [False] * (n_held - 2))
        self.assertEqual((sent[0]['start'], sent[0]['end']), (changed['start'], changed['end']))
        self.assertEqual([text for text in viewer.named('partial') if text], [])
        came = [at for at, event, _, data in desk.all if data.get('kind') == 'held']
        went = [at for at, event, _, _ in viewer.all if event == 'final']
        for before, after in zip([came[0], *came[2:]], went):
            self.assertGreater(after - before, self.REVIEW - 0.5)
        status, _, complaints = monitor.stop(signal.SIGTERM)
        self.assertEqual((status, complaints), (0, ''))

    @staticmethod
    def held(desk):
        return [piece for piece in desk.named('final') if piece['kind'] == 'held']

    def wait_for_held(self, desk, number):
        end = time.monotonic() + LONGEST
        while len(self.held(desk)) <= number:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        return self.held(desk)[number]

    def correct(self, monitor, number, text, status):
        request = urllib.request.Request(
            f'{monitor.url}desk/corrections', json.dumps({'number': number, 'text': text}).encode(),
            {'Authorization': f'Bearer {self.TOKEN}'})
        try:
            with urllib.request.urlopen(request, timeout=LONGEST) as answer:
                found = answer.status
        except urllib.error.HTTPError as error:
            found = error.code
        self.assertEqual(found, status)


class Errors(unittest.TestCase):
    def refused(self, *args):
        done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, encoding='utf-8',
                              timeout=LONGEST, check=False)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        return done.returncode, done.stderr

    def test_script_prints_the_help_without_building(self):
        """Copies the script and its help text, but not tools/setup, which would build."""
        done = subprocess.run([PROGRAM, '--help'], capture_output=True, encoding='utf-8',
                              check=True, timeout=LONGEST)
        self.assertIn('--latency', done.stdout)
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder:
            for name in ('examples/monitor', 'programs/monitor/help.txt'):
                copy = pathlib.Path(folder, name)
                copy.parent.mkdir(parents=True)
                shutil.copy(pathlib.Path(__file__).parents[2] / name, copy)
            script = subprocess.run([pathlib.Path(folder, 'examples/monitor'), '--help'],
                                    capture_output=True, encoding='utf-8', check=False,
                                    timeout=LONGEST)
        self.assertEqual((script.returncode, script.stderr), (0, ''))
        self.assertEqual(script.stdout,
                         done.stdout.replace('npuwhisper-monitor', 'examples/monitor'))

    def test_wrong_usage(self):
        for args, told in ((('--port', '0'), 'wanted one FILE, URI or --source'),
                           (('a', 'b'), 'wanted one FILE, URI or --source'),
                           (('--port', '70000', '/dev/null'), 'wanted 0 to 65535'),
                           (('--port', '0', '--set', 'beam', '/dev/null'), 'NAME=VALUE'),
                           (('--port', '0', '--set', 'stats=1', '/dev/null'), 'no property'),
                           (('--port', '0', '--set', 'task=sing', '/dev/null'), "'sing'"),
                           (('--port', '0', '--latency', '5', '/dev/null'), "'5'"),
                           (('--port', '0', '--source', 'nosuchsrc'), 'nosuchsrc'),
                           (('--port', '0', '--address', 'here', '/dev/null'), "'here'"),
                           (('--port', '0', '--token', 'short', '/dev/null'), 'at least 16'),
                           (('--port', '0', '--token', '', '/dev/null'), '--token: the value is empty'),
                           (('--port', '0', '--review', '60001', '/dev/null'), 'wanted 0 to 60000'),
                           (('--port', '0', '--review', '5000', '/dev/null'), 'wanted both'),
                           (('--port', '0', '--desk-token', 'a' * 16, '/dev/null'), 'wanted both'),
                           (('--port', '0', '--review', '5', '--desk-token', 'short', '/dev/null'),
                            '--desk-token: wanted at least 16'),
                           (('--port', '0', '--review', '5', '--desk-token', 'a' * 16, '--token',
                             'a' * 16, '/dev/null'), 'wanted another'),
                           (('--port', '0', '--host', 'a:80', '/dev/null'), "'a:80'"),
                           (('--nonsense',), 'nonsense'),
                           (('/tmp',), 'is a folder')):
            status, message = self.refused(*args)
            self.assertEqual(status, 2, (args, message))
            self.assertIn(told, message)

    def test_file_that_is_not_there(self):
        status, message = self.refused('/nonexistent/talk.mp4')
        self.assertEqual(status, 1, message)
        self.assertIn('/nonexistent/talk.mp4: No such file', message)

    def test_port_that_is_taken(self):
        with socket.create_server(('127.0.0.1', 0)) as other:
            port = other.getsockname()[1]
            status, message = self.refused('--port', port, '/dev/null')
        self.assertEqual(status, 1, message)
        self.assertIn(f'127.0.0.1 port {port}', message)
        self.assertIn('--port chooses another', message)

    def readers(self, *args):
        """Returns the page's URL and stderr. The program ends because its model does not exist."""
        with Monitor(*args, '--model', '/nonexistent', '--source', 'audiotestsrc') as monitor:
            _, complaints = monitor.process.communicate(timeout=LONGEST)
            return monitor.url, complaints

    def test_who_can_read_along(self):
        url, complaints = self.readers()
        self.assertNotIn('warning', complaints)
        url, complaints = self.readers('--address', '0.0.0.0')
        self.assertRegex(url, r'^http://0\.0\.0\.0:\d+/$')
        self.assertIn('warning: anyone who can reach 0.0.0.0 over the network', complaints)
        self.assertIn('--token', complaints)
        token = 'correct-horse-battery-staple'
        url, complaints = self.readers('--address', '0.0.0.0', '--token', token)
        self.assertTrue(url.endswith(f'/?token={token}'), url)
        self.assertIn('warning: anyone with the token', complaints)
        self.assertIn('not encrypted', complaints)
        self.assertNotIn(token, complaints)

    def test_model_that_is_not_there(self):
        with Monitor('--model', '/nonexistent', __file__) as monitor:
            _, complaints = monitor.process.communicate(timeout=LONGEST)
            self.assertEqual(monitor.process.returncode, 1)
            self.assertIn('/nonexistent', complaints)

    @needs_speech
    def test_file_without_audio(self):
        with Monitor(pathlib.Path(__file__)) as monitor:
            _, complaints = monitor.process.communicate(timeout=LONGEST)
            self.assertEqual(monitor.process.returncode, 1)
            self.assertIn('plain text', complaints)


if __name__ == '__main__':
    program.main()

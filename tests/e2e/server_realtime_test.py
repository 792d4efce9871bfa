# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the realtime sessions of npuwhisper-server with OpenAI's own Python client.

NPUWHISPER_OPENAI_CLIENT names the folder into which tests/run installs the client. Without the client, the tests are
skipped.
"""
import array
import base64
import collections
import os
import signal
import socket
import struct
import sys
import threading
import time
import unittest
import urllib.request

import program
from program import needs_model
from server_program import MODEL, Server
from speech_text import share_found

sys.path.insert(0, os.environ.get('NPUWHISPER_OPENAI_CLIENT', ''))
try:
    import openai
except ImportError:
    openai = None

KEY = 'a-key-of-22-characters'
RATE = 24000
TRANSCRIPTION = 'conversation.item.input_audio_transcription'
LONGEST = 240  # Seconds, long enough for a busy machine.


def at_24_khz(path):
    """Returns the samples of a recording, resampled linearly to 24 kHz."""
    samples, rate = program.read_samples(path)
    places = (i * rate / RATE for i in range(int((len(samples) - 1) * RATE / rate)))
    return array.array('h', (round(samples[int(at)] + (samples[int(at) + 1] - samples[int(at)]) *
                                   (at - int(at))) for at in places))


def silence(seconds):
    return array.array('h', bytes(2 * int(seconds * RATE)))


@unittest.skipIf(openai is None, 'needs the Python package openai (tests/run installs it)')
@unittest.skipUnless(program.vad_weights(), 'needs the weights of the speech detector')
@needs_model(MODEL)
class Realtime(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server('--api-key', KEY, '--max-sessions', '3')
        cls.addClassCleanup(cls.server.__exit__)
        root = cls.server.url.split('?')[0]
        cls.root = root
        cls.client = openai.OpenAI(base_url=root + 'v1', api_key=KEY, max_retries=0,
                                   websocket_base_url=root.replace('http', 'ws', 1) + 'v1')
        cls.addClassCleanup(cls.client.close)

    def connect(self, **query):
        return self.client.realtime.connect(model=MODEL, extra_query={'intent': 'transcription', **query})

    def send_audio(self, connection, samples, step=RATE // 10):
        for begin in range(0, len(samples), step):
            piece = samples[begin:begin + step].tobytes()
            connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())

    def receive_until(self, connection, wanted, count=1):
        """Returns the events up to the `count`th one of the type `wanted`."""
        events = []
        while sum(event.type == wanted for event in events) < count:
            events.append(connection.recv())
            self.assertNotEqual(events[-1].type, 'error', events[-1])
        return events

    def update(self, connection, **audio):
        connection.session.update(session={'type': 'transcription', 'audio': {'input': audio}})

    def test_turns_are_transcribed_while_somebody_speaks(self):
        speech = [at_24_khz(program.RECORDINGS[i]) for i in (0, 2)]
        with self.connect() as connection:
            created = connection.recv()
            self.assertEqual((created.type, created.session.type), ('session.created', 'transcription'))
            self.update(connection, format={'type': 'audio/pcm', 'rate': RATE},
                        transcription={'model': MODEL, 'language': 'en'},
                        turn_detection={'type': 'server_vad', 'silence_duration_ms': 700,
                                        'prefix_padding_ms': 250, 'threshold': 0.5})
            updated = self.receive_until(connection, 'session.updated')[-1]
            self.assertEqual(updated.session.audio.input.turn_detection.silence_duration_ms, 700)
            self.assertEqual(updated.session.audio.input.transcription.language, 'en')
            self.send_audio(connection, silence(1) + speech[0] + silence(1.5) + speech[1] + silence(1.5))
            events = self.receive_until(connection, f'{TRANSCRIPTION}.completed', 2)
        self.check_turns(events, (0, 2))
        starts = [event.audio_start_ms for event in events
                  if event.type == 'input_audio_buffer.speech_started']
        stops = [event.audio_end_ms for event in events
                 if event.type == 'input_audio_buffer.speech_stopped']
        first = 1000 + 1000 * len(speech[0]) / RATE
        self.assertTrue(600 < starts[0] < 1600, starts)
        self.assertTrue(first - 900 < stops[0] < first + 300, stops)
        self.assertTrue(stops[0] < starts[1] < stops[1], (starts, stops))

    def check_turns(self, events, recordings):
        types = collections.Counter(event.type for event in events)
        for name in ('input_audio_buffer.committed', 'conversation.item.added', 'conversation.item.done',
                     f'{TRANSCRIPTION}.completed'):
            self.assertEqual(types[name], len(recordings), (name, types))
        completed = [event for event in events if event.type == f'{TRANSCRIPTION}.completed']
        committed = [event for event in events if event.type == 'input_audio_buffer.committed']
        self.assertEqual([event.item_id for event in completed], [event.item_id for event in committed])
        self.assertEqual([event.previous_item_id for event in committed],
                         [None, *(event.item_id for event in committed[:-1])])
        for event, number in zip(completed, recordings):
            deltas = ''.join(other.delta for other in events if other.type == f'{TRANSCRIPTION}.delta'
                             and other.item_id == event.item_id)
            self.assertEqual(deltas, event.transcript)
            self.assertGreaterEqual(share_found(program.SPOKEN[number], event.transcript), 0.7,
                                    event.transcript)
            self.assertEqual(event.usage.type, 'duration')
            self.assertGreater(event.usage.seconds, 2)

    def test_the_client_commits(self):
        with self.connect() as connection:
            self.update(connection, turn_detection=None, transcription={'model': MODEL, 'language': 'en'})
            self.receive_until(connection, 'session.updated')
            self.send_audio(connection, silence(0.5) + at_24_khz(program.RECORDINGS[1]))
            connection.input_audio_buffer.clear()
            self.receive_until(connection, 'input_audio_buffer.cleared')
            events = []
            for number in (0, 2):
                # One large piece, with samples that end in the middle of a step of the resampler.
                self.send_audio(connection, at_24_khz(program.RECORDINGS[number]), 7 * RATE + 1)
                connection.input_audio_buffer.commit()
                events += self.receive_until(connection, f'{TRANSCRIPTION}.completed')
        self.check_turns(events, (0, 2))

    def test_errors_do_not_end_the_session(self):
        with self.connect() as connection:
            self.assertEqual(connection.recv().type, 'session.created')
            for sent, param, told in (
                    ({'type': 'response.create', 'event_id': 'mine'}, 'type', 'session.update'),
                    ({'type': 'input_audio_buffer.append', 'audio': '!!!!'}, 'audio', 'base64'),
                    ({'type': 'input_audio_buffer.append', 'audio': 'AAAA'}, 'audio', 'even'),
                    ({'type': 'input_audio_buffer.commit'}, None, 'at least 100 ms'),
                    ({'type': 'session.update', 'session': {'type': 'realtime'}}, 'session.type',
                     'wanted "transcription"'),
                    (self.session(transcription={'model': 'gpt-4o-transcribe'}),
                     'session.audio.input.transcription.model', 'wanted one of'),
                    (self.session(transcription={'model': MODEL, 'language': 'xx'}),
                     'session.audio.input.transcription.language', "'xx'"),
                    (self.session(turn_detection={'type': 'semantic_vad'}),
                     'session.audio.input.turn_detection', 'server_vad'),
                    (self.session(turn_detection={'type': 'server_vad', 'threshold': 2}),
                     'session.audio.input.turn_detection.threshold', 'found 2'),
                    (self.session(format={'type': 'audio/pcmu'}), 'session.audio.input.format', '24000'),
                    (self.session(noise_reduction={'type': 'studio'}),
                     'session.audio.input.noise_reduction', 'wanted null')):
                connection.send(sent)
                event = connection.recv()
                self.assertEqual((event.type, event.error.param), ('error', param), (sent, event))
                self.assertIn(told, event.error.message)
                self.assertEqual(event.error.event_id, sent.get('event_id'))
            connection.send_raw('{') if hasattr(connection, 'send_raw') else connection.send({})
            self.assertEqual(connection.recv().type, 'error')
            self.update(connection, turn_detection=None)
            self.receive_until(connection, 'session.updated')

    @staticmethod
    def session(**audio):
        return {'type': 'session.update', 'session': {'type': 'transcription', 'audio': {'input': audio}}}

    def test_sessions_at_the_same_time(self):
        texts = {}

        def talk(number):
            with self.connect() as connection:
                self.send_audio(connection, at_24_khz(program.RECORDINGS[number]) + silence(1.5))
                texts[number] = self.receive_until(connection, f'{TRANSCRIPTION}.completed')[-1].transcript

        talkers = [threading.Thread(target=talk, args=(number,)) for number in (0, 1, 2)]
        for talker in talkers:
            talker.start()
        for talker in talkers:
            talker.join(LONGEST)
        self.assertEqual(sorted(texts), [0, 1, 2])
        for number, text in texts.items():
            self.assertGreaterEqual(share_found(program.SPOKEN[number], text), 0.6, text)

    def test_refused_connections(self):
        for query, status in (({'intent': 'conversation'}, 400), ({'model': 'gpt-4o'}, 404)):
            with self.assertRaises(Exception) as raised, self.connect(**query):
                pass
            self.assertIn(str(status), str(raised.exception))
        with self.assertRaises(Exception) as raised:
            with self.client.with_options(api_key='wrong').realtime.connect(model=MODEL):
                pass
        self.assertIn('401', str(raised.exception))
        request = urllib.request.Request(f'{self.root}v1/realtime', headers={'Authorization': f'Bearer {KEY}'})
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=LONGEST)
        self.assertEqual(refused.exception.code, 400)
        self.assertIn(b'WebSocket', refused.exception.read())

    def test_too_many_sessions_and_broken_connections(self):
        def n_sessions():
            request = urllib.request.Request(f'{self.root}metrics', headers={'Authorization': f'Bearer {KEY}'})
            with urllib.request.urlopen(request, timeout=LONGEST) as answer:
                for line in answer.read().decode().splitlines():
                    if line.startswith('npuwhisper_realtime_sessions '):
                        return int(line.split()[1])

        def wait_for(count):
            end = time.monotonic() + LONGEST
            while n_sessions() != count:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)

        wait_for(0)
        open_ones = [self.connect().enter() for _ in range(3)]
        with self.assertRaises(Exception) as raised, self.connect():
            pass
        self.assertIn('503', str(raised.exception))
        # Breaks the connections without a word, in the middle of a turn.
        for connection in open_ones:
            self.send_audio(connection, at_24_khz(program.RECORDINGS[0]))
            raw = connection._connection.socket
            raw.shutdown(socket.SHUT_RDWR)
        wait_for(0)

    def test_a_client_that_reads_nothing(self):
        """The events that such a client would get must not fill the server's memory."""
        before = self.server_memory()
        n_sent = 0
        with self.connect() as connection, self.assertRaises(Exception):
            # The server answers each event with the settings.
            self.update(connection, transcription={'prompt': 'a' * 4000})
            end = time.monotonic() + LONGEST
            while time.monotonic() < end:
                connection.send({'type': 'session.update', 'session': {'type': 'transcription'}})
                n_sent += 1
                if n_sent % 100 == 0:
                    time.sleep(0.01)  # Less than this, and too much may wait for the session.
        # The client's memory and the kernel's hold the first events.
        self.assertGreater(n_sent, 100)
        self.assertLess(self.server_memory() - before, 100_000_000)

    def server_memory(self):
        return self.memory_of(self.server)

    @staticmethod
    def memory_of(server):
        """Returns the most memory that a server has had, in bytes."""
        with open(f'/proc/{server.process.pid}/status', encoding='utf-8') as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith('VmHWM'))

    def test_the_server_stops(self):
        with Server() as server:
            root = server.url
            self.check_origins(server)
            client = openai.OpenAI(base_url=root + 'v1', api_key='none', max_retries=0,
                                   websocket_base_url=root.replace('http', 'ws', 1) + 'v1')
            with client.realtime.connect(model=MODEL, extra_query={'intent': 'transcription'}) as connection:
                self.assertEqual(connection.recv().type, 'session.created')
                self.send_audio(connection, at_24_khz(program.RECORDINGS[0]))
                server.process.send_signal(signal.SIGTERM)
                with self.assertRaises(Exception) as raised:
                    while True:
                        connection.recv()
                self.assertIn('1001', str(raised.exception))
            self.assertEqual(server.process.wait(LONGEST), 0)
            client.close()

    @staticmethod
    def upgrade(server, path='/v1/realtime', **headers):
        """Asks for a WebSocket. Returns the connection, and the response."""
        connection = server.connect()
        connection.request('GET', path, headers={
            'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Version': '13',
            'Sec-WebSocket-Key': base64.b64encode(bytes(16)).decode(), **headers})
        return connection, connection.getresponse()

    def check_origins(self, server):
        """Web sites must not open sessions on a server without a key."""
        for path, origin, status in (('/v1/realtime', 'http://site.example', 403),
                                     ('/v1/realtime/x', 'http://site.example', 404),
                                     ('/v1/realtime/', None, 404), ('/v1/realtimex', None, 404),
                                     ('/v1/realtime', f'http://{server.host}', 101),
                                     ('/v1/realtime', None, 101)):
            connection, answer = self.upgrade(server, path, **({'Origin': origin} if origin else {}))
            self.assertEqual(answer.status, status, (path, origin))
            connection.close()

    def test_compression_is_not_offered(self):
        # A message of 1 MB could become one of 1 GB.
        with Server() as server:
            connection, answer = self.upgrade(
                server, **{'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits'})
            self.assertEqual(answer.status, 101)
            self.assertIsNone(answer.getheader('Sec-WebSocket-Extensions'))
            connection.close()

    def test_bytes_outside_of_events_are_limited(self):
        """Frames of a message without an end, and pings."""
        def frame(opcode, payload, is_last=True):
            size = struct.pack('>BH', 0xFE, len(payload)) if len(payload) > 125 else bytes([0x80 | len(payload)])
            return bytes([(0x80 if is_last else 0) | opcode]) + size + bytes(4) + payload

        def connect(server):
            host, port = server.host.split(':')
            raw = socket.create_connection((host, int(port)), LONGEST)
            key = base64.b64encode(bytes(16)).decode()
            raw.sendall(f'GET /v1/realtime HTTP/1.1\r\nHost: {server.host}\r\nUpgrade: websocket\r\n'
                        f'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n'
                        .encode())
            received(raw, b'session.created')
            return raw

        def received(raw, wanted):
            found = b''
            while wanted not in found:
                piece = raw.recv(1 << 16)
                self.assertTrue(piece, found[-200:])
                found += piece

        piece = b' ' * 60_000
        pings = 1000 * frame(9, bytes(125))
        with Server() as server:
            before = self.memory_of(server)
            for first, more in ((frame(1, b'{', is_last=False), frame(0, piece, is_last=False)), (b'', pings)):
                with self.subTest(frame=more[:1]):
                    with connect(server) as raw, self.assertRaises(ConnectionError):
                        raw.sendall(first)
                        for _ in range(30_000):  # 1.8 GB and more.
                            raw.sendall(more)
            self.assertLess(self.memory_of(server) - before, 300_000_000)
            # An event of nearly the largest size, in several frames, is no flood.
            with connect(server) as raw:
                begin = frame(1, b'{"type": "none", "x": "', is_last=False)
                raw.sendall(begin + 16 * frame(0, piece, is_last=False) + frame(0, b'"}'))
                received(raw, b'"error"')
                raw.sendall(begin + 17 * frame(0, piece, is_last=False) +
                            1000 * frame(0, b' ' * 60, is_last=False) + frame(0, b'"}'))
                received(raw, b'found an event of more than 1 MB')


if __name__ == '__main__':
    program.main()

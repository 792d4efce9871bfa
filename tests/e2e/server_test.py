# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisper-server with HTTP requests: answers, errors, limits, order, shutdown."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import program
from program import needs_model
from server_program import (LONGEST, MODEL, TRANSCRIPTIONS, Server, Upload, command_line, events_of,
                            form)

KEY = 'a-key-of-22-characters'
FORMATS = {'text': 'txt', 'srt': 'srt', 'vtt': 'vtt'}
# Files of different kinds, with options of ffmpeg. The audio of one of them does not begin at 0.
CLIPS = {
    'clip.mp3': [],
    'clip.opus': [],
    'clip.flac': [],
    'late.mkv': ['-itsoffset', '3'],
    'clip.ts': [],
    'clip.m4a': [],
}


def recording(number=0):
    return pathlib.Path(program.RECORDINGS[number]).read_bytes()


def silence(seconds):
    """Returns a FLAC file of silence, which takes about 1 KB for a minute."""
    return subprocess.run(
        ['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', 'anullsrc=r=8000:cl=mono', '-t', str(seconds),
         '-f', 'flac', '-'], check=True, capture_output=True, timeout=LONGEST).stdout


def long_recording(seconds):
    with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder:
        path = os.path.join(folder, 'long.wav')
        program.write_recording(path, seconds)
        return pathlib.Path(path).read_bytes()


def compressed(file):
    """Returns the recording `file` as an Opus file."""
    return subprocess.run(['ffmpeg', '-v', 'error', '-i', '-', '-f', 'opus', '-'], input=file, check=True,
                          capture_output=True, timeout=LONGEST).stdout


def error_of(body):
    return json.loads(body)['error']


@needs_model(MODEL)
class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_text_and_captions_equal_those_of_the_command_line(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder:
            spoken = os.path.join(folder, 'spoken.wav')
            program.write_recording(spoken, 30)  # More than one window.
            self.compare(spoken, FORMATS)
            for name, options in CLIPS.items():
                path = os.path.join(folder, name)
                subprocess.run(['ffmpeg', '-v', 'error', *options, '-i', program.RECORDINGS[1], path],
                               check=True, timeout=120)
                self.compare(path, ['srt'])

    def compare(self, path, formats):
        for name in formats:
            done = program.transcribe('--model', MODEL, '--beam-size', 1, '--format', FORMATS[name], path)
            self.assertEqual(done.returncode, 0, done.stderr)
            with self.subTest(path=path, format=name):
                self.assertNotEqual(done.stdout, '')
                self.assertEqual(self.server.text(pathlib.Path(path).read_bytes(), response_format=name),
                                 done.stdout)

    def test_json_has_the_text(self):
        answer = json.loads(self.server.text(recording()))
        self.assertIn('John Dashwood', answer['text'])
        self.assertEqual(answer['usage'], {'type': 'duration', 'seconds': 8})

    def test_verbose_json_has_segments_and_words(self):
        answer = json.loads(self.server.text(recording(), response_format='verbose_json',
                                             timestamp_granularities=['word', 'segment']))
        self.assertEqual((answer['task'], answer['language']), ('transcribe', 'english'))
        self.assertAlmostEqual(answer['duration'], 7.1, delta=0.01)
        [segment] = answer['segments']
        self.assertEqual(segment['text'].strip(), answer['text'])
        self.assertEqual((segment['id'], segment['temperature']), (0, 0))
        self.assertLess(segment['avg_logprob'], 0)
        self.assertTrue(0 <= segment['no_speech_prob'] <= 1)
        self.assertGreater(segment['compression_ratio'], 0)
        self.assertEqual(' '.join(word['word'] for word in answer['words']), answer['text'])
        last = 0
        for word in answer['words']:
            self.assertGreaterEqual(word['start'], last, word)
            last = word['start']

    def test_granularities_select_the_parts_of_verbose_json(self):
        for parts, has_words, has_segments in ((None, False, True), (['word'], True, False),
                                               (['segment'], False, True)):
            fields = {} if parts is None else {'timestamp_granularities': parts}
            answer = json.loads(self.server.text(recording(), response_format='verbose_json', **fields))
            self.assertEqual(('words' in answer, 'segments' in answer), (has_words, has_segments), parts)

    def test_a_stream_has_the_text_in_pieces(self):
        file = long_recording(40)
        text = json.loads(self.server.text(file))['text']
        status, headers, body = self.server.post(file, stream='true')
        self.assertEqual((status, headers.get_content_type()), (200, 'text/event-stream'))
        *deltas, (name, done) = events_of(body)
        self.assertGreater(len(deltas), 1)
        self.assertEqual({name for name, _ in deltas}, {'transcript.text.delta'})
        self.assertEqual((name, done['type']), ('transcript.text.done', 'transcript.text.done'))
        self.assertEqual(''.join(data['delta'] for _, data in deltas), done['text'])
        self.assertEqual(done['text'], text)

    def test_models_are_listed_by_name(self):
        _, _, body = self.server.get('/v1/models')
        self.assertEqual([model['id'] for model in json.loads(body)['data']], [MODEL])
        for name in (MODEL, 'whisper-1'):
            status, _, body = self.server.get('/v1/models/' + name)
            self.assertEqual((status, json.loads(body)['id']), (200, MODEL))
        status, _, body = self.server.get('/v1/models/other')
        self.assertEqual((status, error_of(body)['code']), (404, 'model_not_found'))

    def test_whisper_1_is_the_first_model(self):
        self.assertIn('Dashwood', self.server.text(recording(), model='whisper-1'))

    def test_health_and_metrics(self):
        self.assertEqual(self.server.get('/healthz')[0], 200)
        before = self.server.metric('npuwhisper_audio_seconds_total')
        self.server.text(recording())
        self.assertAlmostEqual(self.server.metric('npuwhisper_audio_seconds_total') - before, 7.1, delta=0.01)
        self.assertGreater(self.server.metric('npuwhisper_working_seconds_total'), 0)
        self.server.wait_for_metric('npuwhisper_audio_requests', 0)

    def test_bad_fields_are_named(self):
        for fields, status, param in (
                ({'model': 'no-such-model'}, 404, 'model'),
                ({'model': str(program.model_folder(MODEL))}, 404, 'model'),
                ({'model': ''}, 400, 'model'),
                ({'response_format': 'xml'}, 400, 'response_format'),
                ({'language': 'klingon'}, 400, 'language'),
                ({'language': 'de'}, 400, 'language'),  # The model is English-only.
                ({'temperature': '1.5'}, 400, 'temperature'),
                ({'temperature': 'warm'}, 400, 'temperature'),
                ({'stream': 'maybe'}, 400, 'stream'),
                ({'stream': 'true', 'response_format': 'srt'}, 400, 'response_format'),
                ({'timestamp_granularities': ['word']}, 400, 'timestamp_granularities[]'),
                ({'timestamp_granularities': ['page'], 'response_format': 'verbose_json'}, 400,
                 'timestamp_granularities[]')):
            with self.subTest(fields=fields):
                found, headers, body = self.server.post(recording(), **fields)
                self.assertEqual((found, headers.get_content_type()), (status, 'application/json'), body)
                error = error_of(body)
                self.assertEqual((error['param'], error['type']), (param, 'invalid_request_error'))
                self.assertIn('wanted' if fields != {'language': 'klingon'} else 'klingon', error['message'])

    def test_a_translation_needs_a_multilingual_model(self):
        status, _, body = self.server.post(recording(), path='/v1/audio/translations')
        self.assertEqual((status, error_of(body)['param']), (400, 'model'))

    def test_a_request_without_a_file_is_an_error(self):
        for file in (None, b''):
            status, _, body = self.server.post(file)
            self.assertEqual((status, error_of(body)['param']), (400, 'file'))

    def test_other_bodies_are_errors(self):
        body, kind = form(recording())
        for sent, sent_kind in ((b'{}', 'application/json'), (b'', kind), (body[:-200], kind),
                                (b'x' * 100, kind), (body, 'multipart/form-data')):
            connection = self.server.connect()
            connection.request('POST', TRANSCRIPTIONS, sent, {'Content-Type': sent_kind})
            response = connection.getresponse()
            self.assertEqual(response.status, 400, response.read())
            connection.close()

    def test_unknown_paths_and_methods_are_errors(self):
        self.assertEqual(self.server.get('/v1/files')[0], 404)
        self.assertEqual(self.server.get(TRANSCRIPTIONS)[0], 405)
        self.assertEqual(self.server.post(recording(), path='/v1/models')[0], 405)

    def test_files_without_audio_are_errors(self):
        for file in (os.urandom(1000), b'text', b'RIFF\xff\xff\xff\xffWAVEfmt ', recording()[:44]):
            status, _, body = self.server.post(file)
            self.assertEqual((status, error_of(body)['param']), (400, 'file'), body)

    def test_a_file_whose_index_is_missing_is_an_error(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder:
            path = os.path.join(folder, 'clip.m4a')
            subprocess.run(['ffmpeg', '-v', 'error', '-i', program.RECORDINGS[0], path], check=True, timeout=120)
            file = pathlib.Path(path).read_bytes()
        # The index is at the end of the file.
        status, _, body = self.server.post(file[:len(file) // 2])
        self.assertEqual((status, error_of(body)['param']), (400, 'file'), body)

    def test_an_upload_opens_nothing_else(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder, \
                socket.create_server(('127.0.0.1', 0)) as listener:
            path = os.path.join(folder, 'secret.wav')
            pathlib.Path(path).write_bytes(recording())
            listener.settimeout(0)
            for uri in (f'file://{path}', 'http://127.0.0.1:%d/a.ts' % listener.getsockname()[1]):
                for name, text in playlists(uri).items():
                    with self.subTest(playlist=name, uri=uri):
                        status, _, body = self.server.post(text.encode())
                        self.assertEqual((status, error_of(body)['param']), (400, 'file'), body)
                        with self.assertRaises(BlockingIOError):
                            listener.accept()


def playlists(uri):
    """Returns playlists, manifests and session descriptions that refer to `uri`."""
    return {
        'm3u8': f'#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{uri}\n#EXT-X-ENDLIST\n',
        'mpd': '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
               'mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="audio/mp4">'
               f'<Representation id="1" bandwidth="1"><BaseURL>{uri}</BaseURL></Representation>'
               '</AdaptationSet></Period></MPD>',
        'smooth': '<?xml version="1.0"?><SmoothStreamingMedia MajorVersion="2" Duration="9"/>',
        'uri-list': f'{uri}\n',
        'pls': f'[playlist]\nFile1={uri}\nNumberOfEntries=1\n',
        'sdp': 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n'
               f'a=control:{uri}\n',
    }


@needs_model(MODEL)
class Limits(unittest.TestCase):
    def test_a_large_upload_gets_413(self):
        with Server('--max-upload', 1) as server:
            # A declared length is refused before the body.
            with socket.create_connection(server.host.split(':'), timeout=LONGEST) as client:
                client.sendall(f'POST {TRANSCRIPTIONS} HTTP/1.1\r\nHost: {server.host}\r\n'
                               'Content-Type: multipart/form-data; boundary=x\r\n'
                               'Content-Length: 2000000000\r\n\r\n'.encode())
                self.assertIn(b'HTTP/1.1 413 ', client.recv(65536))
            # The length of a body in chunks is not known in advance.
            body, kind = form(bytes(3 << 20))
            connection = server.connect()
            connection.request('POST', TRANSCRIPTIONS, iter([body[i:i + 65536] for i in range(0, len(body), 65536)]),
                               {'Content-Type': kind}, encode_chunked=True)
            response = connection.getresponse()
            self.assertEqual(response.status, 413)
            self.assertIn('--max-upload', error_of(response.read())['message'])
            connection.close()
            self.assertIn('Dashwood', server.text(recording()))

    def test_long_audio_gets_413(self):
        with Server('--max-duration', 1) as server:
            status, _, body = server.post(silence(3600))
            self.assertEqual((status, error_of(body)['param']), (413, 'file'))
            self.assertEqual(server.post(silence(59))[0], 200)

    def test_a_decoder_that_is_stuck_or_killed_is_an_error(self):
        for sent in (signal.SIGSTOP, signal.SIGKILL):
            with self.subTest(signal=sent), Server('--decode-timeout', 2) as server:
                upload = Upload(server, silence(3600))
                os.kill(server.wait_for_decoder(), sent)
                upload.join(LONGEST)
                status, _, body = upload.answer
                self.assertEqual((status, error_of(body)['param']), (400, 'file'), body)
                self.assertEqual(server.metric('npuwhisper_decoder_kills_total'), 1)
                self.assertIn('Dashwood', server.text(recording()))

    def test_a_slow_sender_gets_408(self):
        with Server('--request-timeout', 1) as server:
            body, kind = form(recording())
            with socket.create_connection(server.host.split(':'), timeout=LONGEST) as client:
                client.sendall(f'POST {TRANSCRIPTIONS} HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: {kind}\r\n'
                               f'Content-Length: {len(body)}\r\n\r\n'.encode() + body[:1000])
                self.assertIn(b'HTTP/1.1 408 ', client.recv(65536))

    def test_too_many_requests_get_503(self):
        with Server('--max-requests', 1) as server:
            first = Upload(server, long_recording(120))
            server.wait_for_metric('npuwhisper_audio_requests', 1)
            status, headers, body = server.post(recording())
            self.assertEqual(status, 503, body)
            self.assertGreater(int(headers['Retry-After']), 0)
            first.join(LONGEST)
            self.assertEqual(first.answer[0], 200)

    def test_the_key_is_required(self):
        with Server('--api-key', KEY) as server:
            for headers in ({}, {'Authorization': 'Bearer wrong'}):
                status, _, body = server.post(recording(), headers=headers)
                self.assertEqual((status, error_of(body)['code']), (401, 'invalid_api_key'))
                self.assertEqual(server.get('/v1/models', headers)[0], 401)
            self.assertEqual(server.get('/healthz')[0], 200)
            status, _, _ = server.post(recording(), headers={'Authorization': f'Bearer {KEY}'})
            self.assertEqual(status, 200)

    def test_a_number_of_requests_that_needs_too_much_memory_causes_a_warning(self):
        for number, warns in ((10_000, True), (1, False)):
            with Server('--max-requests', number) as server:
                _, complaints = server.stop(signal.SIGTERM)
                self.assertEqual('sessions at a time may take' in complaints, warns, complaints)

    def test_the_folder_of_temporary_files_must_be_usable(self):
        with Server(env={'TMPDIR': '/proc'}) as server:
            _, complaints = server.process.communicate(timeout=LONGEST)
            self.assertEqual(server.process.returncode, 1)
            self.assertIn('temporary file in /proc', complaints)


    def test_a_decoder_ends_with_the_server(self):
        with Server() as server:
            upload = Upload(server, silence(3600))
            decoder = server.wait_for_decoder()
            server.process.kill()
            upload.join(LONGEST)
            end = time.monotonic() + LONGEST
            while b'--decode-upload' in command_line(decoder):
                self.assertLess(time.monotonic(), end)


@needs_model(MODEL)
class Order(unittest.TestCase):
    def test_32_uploads_at_a_time_are_answered(self):
        with Server() as server:
            uploads = [Upload(server, recording(1)) for _ in range(32)]
            for upload in uploads:
                upload.join(LONGEST)
            self.assertEqual({upload.answer[0] for upload in uploads}, {200})
            self.assertEqual(len({upload.answer[2] for upload in uploads}), 1)

    def test_a_short_upload_is_answered_before_31_long_ones(self):
        file = compressed(long_recording(300))
        with Server() as server:
            long = [Upload(server, file) for _ in range(31)]
            server.wait_for_metric('npuwhisper_audio_requests', 31)
            self.assertIn('Dashwood', server.text(recording()))
            self.assertEqual(server.metric('npuwhisper_audio_requests'), 31)
            server.process.kill()
            for upload in long:
                upload.join(LONGEST)
                self.assertIsNone(upload.answer)

    def test_a_client_that_leaves_ends_its_work(self):
        with Server() as server:
            body, kind = form(long_recording(600))
            connection = server.connect()
            connection.request('POST', TRANSCRIPTIONS, body, {'Content-Type': kind})
            server.wait_for_metric('npuwhisper_audio_requests', 1)
            connection.close()
            start = time.monotonic()
            server.wait_for_metric('npuwhisper_audio_requests', 0)
            self.assertEqual(server.metric('npuwhisper_audio_seconds_total'), 0)
            self.assertLess(time.monotonic() - start, 30)
            self.assertIn('Dashwood', server.text(recording()))


@needs_model(MODEL)
class Stop(unittest.TestCase):
    def test_running_requests_are_finished(self):
        with Server() as server:
            upload = Upload(server, long_recording(60))
            server.wait_for_metric('npuwhisper_audio_requests', 1)
            self.assertEqual(server.stop(signal.SIGTERM), (0, ''))
            upload.join(LONGEST)
            self.assertEqual(upload.answer[0], 200)

    def test_requests_end_after_the_grace_time(self):
        with Server('--grace', 1) as server:
            whole = Upload(server, long_recording(600))
            streamed = Upload(server, long_recording(600), stream='true')
            server.wait_for_metric('npuwhisper_audio_requests', 2)
            time.sleep(0.1)
            self.assertEqual(server.stop(signal.SIGINT), (0, ''))
            for upload in (whole, streamed):
                upload.join(LONGEST)
            self.assertEqual(whole.answer[0], 503)
            if streamed.answer[0] == 200:
                name, data = events_of(streamed.answer[2])[-1]
                self.assertEqual((name, data['error']['type']), ('error', 'server_error'))
            else:
                self.assertEqual(streamed.answer[0], 503)


class CommandLine(unittest.TestCase):
    def test_wrong_values_are_named(self):
        for arguments, found in ((('--port', '70000'), '--port 70000'), (('--workers', '0'), '--workers 0'),
                                 (('--api-key', 'short'), '--api-key'), (('--api-key', ''), 'empty'),
                                 (('--device', 'gpu'), 'gpu'), (('--max-duration', '0'), '--max-duration 0')):
            with self.subTest(arguments=arguments), Server(*arguments) as server:
                _, complaints = server.process.communicate(timeout=LONGEST)
                self.assertEqual(server.process.returncode, 2, complaints)
                self.assertIn(found, complaints)


if __name__ == '__main__':
    program.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisper-server with OpenAI's own Python client.

NPUWHISPER_OPENAI_CLIENT names the folder into which tests/run installs the client. Without the client, the tests are
skipped.
"""
import os
import pathlib
import sys
import unittest

import program
from program import needs_model
from server_program import MODEL, Server

sys.path.insert(0, os.environ.get('NPUWHISPER_OPENAI_CLIENT', ''))
try:
    import openai
except ImportError:
    openai = None

KEY = 'a-key-of-22-characters'


@unittest.skipIf(openai is None, 'needs the Python package openai (tests/run installs it)')
@needs_model(MODEL)
class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server('--model', 'base', '--api-key', KEY)
        base_url = cls.server.url.split('?')[0] + 'v1'
        cls.client = openai.OpenAI(base_url=base_url, api_key=KEY, max_retries=0)
        cls.file = pathlib.Path(program.RECORDINGS[0])

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.server.__exit__()

    def test_transcription(self):
        answer = self.client.audio.transcriptions.create(file=self.file, model=MODEL)
        self.assertIn('John Dashwood', answer.text)
        self.assertEqual(answer.usage.type, 'duration')

    def test_verbose_transcription(self):
        answer = self.client.audio.transcriptions.create(
            file=self.file, model='whisper-1', language='en', prompt='Sense and Sensibility', temperature=0,
            response_format='verbose_json', timestamp_granularities=['word', 'segment'])
        self.assertEqual(answer.language, 'english')
        self.assertEqual(''.join(segment.text for segment in answer.segments).strip(), answer.text)
        self.assertEqual(' '.join(word.word for word in answer.words), answer.text)

    def test_captions_are_text(self):
        answer = self.client.audio.transcriptions.create(file=self.file, model=MODEL, response_format='srt')
        self.assertTrue(answer.startswith('1\n00:00:0'), answer)

    def test_stream(self):
        events = list(self.client.audio.transcriptions.create(file=self.file, model=MODEL, stream=True))
        self.assertEqual({event.type for event in events[:-1]}, {'transcript.text.delta'})
        self.assertEqual(events[-1].type, 'transcript.text.done')
        self.assertIn('John Dashwood', events[-1].text)
        self.assertEqual(''.join(event.delta for event in events[:-1]), events[-1].text)

    @needs_model('base')
    def test_translation(self):
        answer = self.client.audio.translations.create(file=self.file, model='base')
        self.assertIn('Dashwood', answer.text)

    def test_models(self):
        self.assertEqual([model.id for model in self.client.models.list()], [MODEL, 'base'])
        self.assertEqual(self.client.models.retrieve(MODEL).id, MODEL)

    def test_errors(self):
        with self.assertRaises(openai.NotFoundError) as raised:
            self.client.audio.transcriptions.create(file=self.file, model='gpt-4o-transcribe')
        self.assertEqual((raised.exception.code, raised.exception.param), ('model_not_found', 'model'))
        with self.assertRaises(openai.BadRequestError) as raised:
            self.client.audio.transcriptions.create(file=('a.mp3', b'not audio'), model=MODEL)
        self.assertEqual(raised.exception.param, 'file')
        with self.assertRaises(openai.AuthenticationError) as raised:
            self.client.with_options(api_key='wrong').models.list()
        self.assertEqual(raised.exception.code, 'invalid_api_key')


if __name__ == '__main__':
    program.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the Python package with tiny models, which write random text.

Meson sets PYTHONPATH and NPUWHISPER_LIBRARY, and with-tiny-model sets NPUWHISPER_TEST_MODEL and
NPUWHISPER_LIVE_TEST_MODEL.
"""
import array
import asyncio
import os
import pathlib
import random
import re
import subprocess
import sys
import threading
import unittest

import npuwhisper
from npuwhisper import _library

SOURCE = pathlib.Path(__file__).parents[2]
MODEL = os.environ['NPUWHISPER_TEST_MODEL']
# Options with which even a random model writes text.
TALKATIVE = {'vad': 'off', 'temperatures': [0], 'no_speech_threshold': float('inf'),
             'log_prob_threshold': float('-inf'), 'compression_ratio_threshold': float('inf')}


def noise(seconds=5):
    """Returns noise of at most half the full amplitude. The samples are the same in each run."""
    generator = random.Random(1)
    return array.array('h', (generator.randrange(-16384, 16384) for _ in range(seconds * npuwhisper.SAMPLE_RATE)))


def as_floats(samples):
    return array.array('f', (sample / 32768 for sample in samples))


def library_names():
    names = []
    while (name := npuwhisper._lib.option_name(len(names))) is not None:
        names.append(name.decode())
    return names


class Library(unittest.TestCase):
    def test_version_is_that_of_the_project(self):
        self.assertEqual(npuwhisper.__version__, os.environ['NPUWHISPER_VERSION'])

    def test_a_missing_library_is_an_import_error_that_names_the_variable(self):
        done = subprocess.run([sys.executable, '-c', 'import npuwhisper'], capture_output=True, encoding='utf8',
                              env={**os.environ, 'NPUWHISPER_LIBRARY': '/nowhere.so'}, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('ImportError: cannot load libnpuwhisper: /nowhere.so', done.stderr)
        self.assertIn('NPUWHISPER_LIBRARY', done.stderr)

    def test_declared_functions_have_the_parameters_of_the_header(self):
        header = re.sub(r'//.*', '', (SOURCE / 'runtime/include/npuwhisper/c_api.h').read_text('utf8'))
        declared = {name: 0 if parameters.strip() == 'void' else parameters.count(',') + 1
                    for name, parameters in re.findall(r'\bnpuwhisper_(\w+)\(([^)]*)\);', header)}
        used = {name: len(parameters) for name, (_, parameters) in _library._FUNCTIONS.items()}
        self.assertEqual(used, {name: declared[name] for name in used})

    def test_typed_options_are_those_of_the_library(self):
        typed = [*npuwhisper.EngineOptions.__annotations__, *npuwhisper.TranscriberOptions.__annotations__]
        self.assertEqual(sorted(['model', *(name.replace('_', '-') for name in typed)]), sorted(library_names()))

    def test_documented_options_are_those_of_the_library(self):
        document = (SOURCE / 'docs' / 'library.md').read_text('utf8')
        documented = re.findall(r'^\| `([a-z-]+)` \|', document, re.M)
        self.assertEqual(sorted(documented), sorted(library_names()))


class Models(unittest.TestCase):
    def test_a_model_is_found_by_its_path(self):
        self.assertEqual(npuwhisper.find_model(pathlib.Path(MODEL)), pathlib.Path(MODEL))

    def test_memory_is_calculated(self):
        self.assertGreater(npuwhisper.memory_needed(MODEL, precision='f32'), npuwhisper.memory_needed(MODEL))
        self.assertGreater(npuwhisper.memory_needed(MODEL), 1_000_000)

    def check_refused(self, code, text, call, *arguments, **options):
        with self.assertRaises(npuwhisper.Error) as caught:
            call(*arguments, **options)
        self.assertEqual(caught.exception.code, code)
        self.assertIn(text, str(caught.exception))

    def test_errors_have_codes_and_messages(self):
        codes = npuwhisper.ErrorCode
        self.check_refused(codes.NOT_FOUND, "'/nowhere'", npuwhisper.Engine, '/nowhere')
        self.check_refused(codes.NOT_FOUND, "'/nowhere'", npuwhisper.find_model, '/nowhere')
        self.check_refused(codes.INVALID_ARGUMENT, "'gpu'", npuwhisper.Engine, MODEL, device='gpu')
        engine = npuwhisper.Engine(MODEL)
        self.check_refused(codes.INVALID_ARGUMENT, 'beam_size', engine.transcriber, beam_size=1000)
        self.check_refused(codes.INVALID_ARGUMENT, "'five'", engine.transcriber, beam_size='five')
        self.check_refused(codes.INVALID_ARGUMENT, "'beam'", engine.transcriber, beam=5)

    def test_an_engine_describes_itself(self):
        engine = npuwhisper.Engine(MODEL, device='cpu')
        self.assertEqual(engine.device, 'cpu')
        self.assertTrue(engine.device_name)
        self.assertEqual(engine.model_path, pathlib.Path(MODEL))
        self.assertTrue(engine.has_language('de'))
        self.assertFalse(engine.has_language('xx'))


class Transcription(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = npuwhisper.Engine(MODEL, precision='f32')
        cls.samples = noise()

    def transcriber(self, **options):
        transcriber = self.engine.transcriber(language='en', **TALKATIVE, **options)
        self.addCleanup(transcriber.close)
        return transcriber

    def test_segments_and_words_have_text_and_times(self):
        segments = list(self.transcriber(word_times=True).transcribe(self.samples))
        self.assertGreater(len(segments), 1)
        times = [time for segment in segments for time in (segment.start, segment.end)]
        self.assertEqual(times, sorted(times))
        self.assertLessEqual(times[-1], 5)
        for segment in segments:
            self.assertEqual(segment.language, 'en')
            self.assertEqual(''.join(word.text for word in segment.words).strip(), segment.text.strip())
            self.assertTrue(all(0 <= word.probability <= 1 for word in segment.words))
            self.assertLess(segment.average_log_probability, 0)
            self.assertEqual(segment.temperature, 0)

    def test_pushed_pieces_give_the_same_segments(self):
        transcriber = self.transcriber()
        whole = list(transcriber.transcribe(self.samples))
        pushed = transcriber.push(self.samples[:30000]) + transcriber.push(self.samples[30000:]) + transcriber.drain()
        self.assertEqual(pushed, whole)
        self.assertEqual(transcriber.position, 5)
        self.assertEqual(transcriber.language, 'en')
        self.assertEqual(transcriber.language_probability, 1)
        self.assertEqual(transcriber.settle(), [])
        self.assertEqual(transcriber.draft(), [])

    def test_all_kinds_of_samples_give_the_same_segments(self):
        transcriber = self.transcriber()
        wanted = list(transcriber.transcribe(self.samples))
        twice = array.array('h', [sample for sample in self.samples for _ in range(2)])
        for kind, samples in {'float32': as_floats(self.samples),
                              'read-only': memoryview(self.samples.tobytes()).cast('h'),
                              'every second': memoryview(twice)[::2]}.items():
            with self.subTest(kind=kind):
                self.assertEqual(list(transcriber.transcribe(samples)), wanted)

    def test_other_samples_are_refused(self):
        transcriber = self.transcriber()
        for samples in (array.array('d', [0.0]), b'\0\0', memoryview(bytes(8)).cast('h', (2, 2)), [0.0]):
            with self.subTest(samples=samples), self.assertRaises(TypeError):
                transcriber.push(samples)
            with self.subTest(samples=samples), self.assertRaises(TypeError):
                transcriber.transcribe(samples)

    def test_no_samples_give_no_segments(self):
        self.assertEqual(list(self.transcriber().transcribe(array.array('h'))), [])

    def test_segments_come_one_by_one_and_stopping_early_resets(self):
        transcriber = self.transcriber()
        whole = list(transcriber.transcribe(self.samples))
        iterator = transcriber.transcribe(self.samples)
        self.assertEqual(next(iterator), whole[0])
        self.assertLess(transcriber.position, 5)
        iterator.close()
        self.assertEqual(transcriber.position, 0)
        self.assertEqual(list(transcriber.transcribe(self.samples)), whole)

    def test_engine_transcribes_in_one_call(self):
        segments = list(self.engine.transcribe(self.samples, language='en', **TALKATIVE))
        self.assertEqual(segments, list(self.transcriber().transcribe(self.samples)))

    def test_cancel_ends_a_push_of_another_thread(self):
        transcriber = self.transcriber()
        errors = []

        def push_forever():
            try:
                while True:
                    transcriber.push(self.samples)
            except npuwhisper.Error as error:
                errors.append(error.code)

        thread = threading.Thread(target=push_forever)
        thread.start()
        transcriber.cancel()
        thread.join(60)
        self.assertEqual(errors, [npuwhisper.ErrorCode.CANCELLED])
        transcriber.reset()
        self.assertEqual(transcriber.push(self.samples[:1]), [])

    def test_a_closed_transcriber_refuses_calls(self):
        with self.transcriber() as transcriber:
            transcriber.push(self.samples[:1])
        for call in (transcriber.drain, transcriber.reset, transcriber.draft, lambda: transcriber.push(self.samples)):
            with self.assertRaises(ValueError):
                call()
        transcriber.cancel()
        transcriber.close()

    def test_a_transcriber_keeps_its_model(self):
        transcriber = npuwhisper.Engine(MODEL, n_threads=2).transcriber(language='en', **TALKATIVE)
        self.assertGreater(len(list(transcriber.transcribe(self.samples))), 0)


class Source:
    """A live source that yields `samples` in pieces. Then raises `error`, if set, or waits forever if `is_endless`."""

    def __init__(self, samples, error=None, is_endless=False):
        self.samples = samples
        self.error = error
        self.is_endless = is_endless
        self.is_closed = False

    async def pieces(self):
        memory = array.array('h', bytes(2 * 1600))
        try:
            for start in range(0, len(self.samples), len(memory)):
                memory[:] = self.samples[start:start + len(memory)]  # Reuses its memory, like a microphone.
                yield memory
                await asyncio.sleep(0)
            if self.error:
                raise self.error
            while self.is_endless:
                await asyncio.sleep(0.01)
        finally:
            self.is_closed = True


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = npuwhisper.Engine(os.environ['NPUWHISPER_LIVE_TEST_MODEL'], precision='f32')
        cls.options = {'latency': 2, 'language': 'en', 'pace': 'audio', **TALKATIVE}

    def tearDown(self):
        self.assertEqual([thread.name for thread in threading.enumerate() if thread.name.startswith('npuwhisper')], [])

    def live(self, source):
        return npuwhisper.transcribe_live(self.engine, source.pieces(), **self.options)

    async def collect(self, source):
        return [segment async for segment in self.live(source)]

    def test_segments_are_those_of_a_live_transcriber(self):
        samples = noise(10)
        source = Source(samples)
        found = asyncio.run(self.collect(source))
        options = {name: value for name, value in self.options.items() if name != 'latency'}
        with self.engine.transcriber(live_latency=2000, **options) as transcriber:
            wanted = [segment for start in range(0, len(samples), 1600)
                      for segment in transcriber.push(samples[start:start + 1600])] + transcriber.drain()
        self.assertEqual(found, wanted)
        self.assertGreater(len(wanted), 0)
        self.assertTrue(source.is_closed)

    def test_an_error_of_the_source_is_raised(self):
        with self.assertRaisesRegex(OSError, 'unplugged'):
            asyncio.run(self.collect(Source(noise(1), OSError('unplugged'))))

    def test_wrong_samples_are_refused(self):
        async def doubles():
            yield array.array('d', [0.0])

        async def collect():
            return [segment async for segment in npuwhisper.transcribe_live(self.engine, doubles(), **self.options)]

        with self.assertRaises(TypeError):
            asyncio.run(collect())

    def test_cancelling_the_task_closes_the_source(self):
        source = Source(noise(1), is_endless=True)

        async def run():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.collect(source), 0.5)

        asyncio.run(run())
        self.assertTrue(source.is_closed)


if __name__ == '__main__':
    unittest.main()

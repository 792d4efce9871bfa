# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that the Python package accepts numpy arrays. Exit status 77 (skipped) without numpy.

Meson sets PYTHONPATH and NPUWHISPER_LIBRARY, and with-tiny-model sets NPUWHISPER_TEST_MODEL.
"""
import os
import sys
import unittest

try:
    import numpy
except ImportError:
    print('skipped: found no numpy (Debian: python3-numpy)')
    sys.exit(77)

import npuwhisper


class Arrays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        engine = npuwhisper.Engine(os.environ['NPUWHISPER_TEST_MODEL'], precision='f32')
        cls.transcriber = engine.transcriber(  # Options with which even a random model writes text.
            language='en', vad='off', temperatures=numpy.array([0], 'float32'), log_prob_threshold=-numpy.inf,
            no_speech_threshold=numpy.float32('inf'), compression_ratio_threshold=numpy.inf, beam_size=numpy.int64(1))
        cls.samples = numpy.random.default_rng(1).integers(-16384, 16384, 80000, 'int16')
        cls.segments = list(cls.transcriber.transcribe(cls.samples))

    def test_int16_is_transcribed(self):
        self.assertGreater(len(self.segments), 1)

    def test_float32_gives_the_same_segments(self):
        samples = self.samples.astype('float32') / 32768
        self.assertEqual(list(self.transcriber.transcribe(samples)), self.segments)

    def test_a_channel_of_an_interleaved_array_gives_the_same_segments(self):
        stereo = numpy.stack([self.samples, -self.samples], axis=1)
        self.assertEqual(list(self.transcriber.transcribe(stereo[:, 0])), self.segments)

    def test_a_read_only_array_gives_the_same_segments(self):
        samples = self.samples.copy()
        samples.flags.writeable = False
        self.assertEqual(list(self.transcriber.transcribe(samples)), self.segments)

    def test_float64_and_stereo_are_refused(self):
        for samples in (self.samples.astype('float64'), self.samples.reshape(-1, 2)):
            with self.assertRaises(TypeError):
                self.transcriber.push(samples)


if __name__ == '__main__':
    unittest.main()

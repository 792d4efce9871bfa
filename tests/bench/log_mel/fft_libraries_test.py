# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that log-mel values with FFTW3 and with KISS FFT differ by at most 1e-4.

usage: fft_libraries_test.py FOLDER_OF_THE_PROGRAMS [unittest options]

Generates the test signals. Also uses the recordings of Debian's package pocketsphinx-testdata if
the package is installed.
"""
import array
import importlib.machinery
import importlib.util
import math
import pathlib
import random
import sys
import unittest

sys.dont_write_bytecode = True
PROGRAM = pathlib.Path(__file__).parents[1] / 'fft'
LOADER = importlib.machinery.SourceFileLoader('fft', str(PROGRAM))
SPEC = importlib.util.spec_from_loader('fft', LOADER)
fft = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(fft)

FOLDER = pathlib.Path(sys.argv.pop(1))
RATE = 16000
LIBRIVOX = pathlib.Path('/usr/share/pocketsphinx/test/data/librivox')
TOLERANCE = 1e-4


def samples(function, seconds=3):
    return array.array('h', (round(32767 * function(i / RATE)) for i in range(seconds * RATE)))


class FftLibraries(unittest.TestCase):
    def check(self, name, pcm):
        results = fft.run_all(FOLDER, pcm, rounds=1)
        self.assertEqual(sorted(results), ['fftw', 'kissfft'])
        n_values = len(pcm) // 160 * 80
        for result in results.values():
            self.assertEqual(len(result.values), n_values)
        difference = fft.largest_difference(results)
        print(f'{name}: {difference:.1e}', file=sys.stderr)
        self.assertLessEqual(difference, TOLERANCE)
        return results

    def test_signals(self):
        noise = random.Random(1)
        for name, function in {
                'tone': lambda t: math.sin(2 * math.pi * 1000 * t),
                'tone between bins': lambda t: 0.9 * math.sin(2 * math.pi * 437.3 * t),
                'square': lambda t: 1 if t * 211 % 1 < 0.5 else -1,
                'fading noise': lambda t: noise.uniform(-1, 1) * 10 ** (-1.5 * t),
                'clicks': lambda t: 0.8 if round(t * RATE) % 4000 == 0 else 0,
                'silence': lambda t: 0,
        }.items():
            with self.subTest(name=name):
                self.check(name, samples(function))

    @unittest.skipUnless(LIBRIVOX.is_dir(), 'needs the package pocketsphinx-testdata')
    def test_speech(self):
        recordings = sorted(LIBRIVOX.glob('*.wav'))
        self.assertTrue(recordings)
        for recording in recordings:
            with self.subTest(recording=recording.name):
                results = self.check(recording.name, fft.read_samples(recording))
                # Equal values would mean that one result was used twice. A maximum of 0 or less
                # would mean that the input was silence.
                self.assertNotEqual(results['fftw'].values, results['kissfft'].values)
                self.assertGreater(max(results['fftw'].values), 0)


if __name__ == '__main__':
    unittest.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests how much more peak memory npuwhisper-transcribe takes than a pipeline without the element.

The kernel measures both processes. The program reports VmHWM in its stats. The test reads the same
counter, ru_maxrss, of a gst-launch-1.0 process that decodes the same file and discards the audio.
"""
import ctypes
import json
import os
import subprocess
import tempfile
import unittest

import program

MB = 1e6
PR_SET_THP_DISABLE = 41  # An operation of prctl(2).
# Limits of the additional peak memory: with 16-bit weights of the encoder (40 MB), and with 32-bit
# weights (80 MB).
LIMIT_MB, LIMIT_F32_MB = 150, 190
BASELINE = ('gst-launch-1.0 -q filesrc location={} ! decodebin expose-all-streams=false '
            'caps=audio/x-raw ! audioconvert ! audioresample ! '
            'audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved ! '
            'fakesink sync=false')


def baseline_bytes(path):
    process = subprocess.Popen(BASELINE.format(path).split(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return usage.ru_maxrss * 1024


@program.needs_speech
class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Disables transparent huge pages for this process and its children, because the system, not
        # the program, decides whether a page has 2 MB or 4 kB.
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)

    def check(self, max_isa=None):
        environment = dict(os.environ)
        if max_isa:
            environment['NPUWHISPER_MAX_ISA'] = max_isa
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as folder:
            path = os.path.join(folder, 'long.wav')
            program.write_recording(path, 100)
            baseline = baseline_bytes(path)
            done = program.transcribe('--format', 'json', path, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        stats = json.loads(done.stdout)['stats']
        self.assertGreater(stats['windows'], 3)
        encoder = program.encoder_type(stats)
        limit = LIMIT_F32_MB if encoder == 'f32' else LIMIT_MB
        above = (stats['peak_rss_bytes'] - baseline) / MB
        print(f'{encoder} encoder: {above:.0f} MB above a baseline of {baseline / MB:.0f} MB, '
              f'limit {limit} MB')
        self.assertGreater(above, 50)  # A smaller value would mean that the figure leaves out the model.
        self.assertLessEqual(above, limit)
        return encoder

    def test_default(self):
        self.check()

    def test_cpu_without_bf16(self):
        self.assertEqual(self.check(max_isa='avx2'), 'f32')


if __name__ == '__main__':
    program.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisper-npu-check on the emulated NPU.

usage: npu_check_test.py EMULATE npu1|npu2 NPU_CHECK ZEROED_IMAGE

ZEROED_IMAGE: an image whose cores do not multiply."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

FUNCTIONS = {'multiply, bf16', 'multiply, int8', 'finish, bias and GELU', 'finish, transposed', 'add_residual',
             'take_a, product after layer norm', 'finish, layer norm', 'attend'}
# The functions whose results do not depend on encoder_multiply().
WITHOUT_PRODUCTS = {'finish, layer norm', 'attend'}


class NpuCheck(unittest.TestCase):
    def check(self, *arguments, **variables):
        """Returns the finished process, and its report, or None if it has written no report."""
        with tempfile.TemporaryDirectory(prefix='npuwhisper-check-') as name:
            json_file = pathlib.Path(name) / 'report.json'
            done = subprocess.run([emulate, array, '--', program, '--json', json_file, *arguments],
                                  env={**os.environ, **variables}, capture_output=True, encoding='utf8',
                                  check=False, timeout=280)
            return done, json.loads(json_file.read_text(encoding='utf8')) if json_file.is_file() else None

    def test_all_functions_pass_with_every_kind_of_input(self):
        done, report = self.check()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        functions = FUNCTIONS | ({'multiply, in parts'} if array == 'npu2' else set())
        self.assertEqual({(row['function'], row['input']) for row in report['checks']},
                         {(f, kind) for f in functions for kind in ('random', 'edge', 'saturating')})
        for row in report['checks']:
            self.assertTrue(row['passed'], row)
            self.assertLessEqual(row['error'], row['bound'], row)
            self.assertGreater(row['predicted_milliseconds'], 0.1)
        self.assertEqual((report['array'], report['n_failed']), (array, 0))
        self.assertIn(f'all {len(report["checks"])} checks passed', done.stdout)
        self.assertEqual(done.stdout.count('\npassed  '), len(report['checks']))

    def test_the_report_is_not_private(self):
        _, report = self.check('--seed', '7', NPUWHISPER_NPU_IMAGE=zeroed_image,
                               NPUWHISPER_EMULATOR_FAULTS='load@1')
        self.assertEqual(report['seed'], 7)
        # The message of a failed load names the image's path.
        self.assertIn(f'loading {pathlib.Path(zeroed_image).name}: ', report['checks'][0]['problem'])
        text = json.dumps(report)
        for private in (socket.gethostname(), str(pathlib.Path(zeroed_image).parent)):
            self.assertNotIn(private, text)

    def test_cores_that_do_not_multiply_are_found(self):
        done, report = self.check(NPUWHISPER_NPU_IMAGE=zeroed_image)
        self.assertEqual(done.returncode, 1)
        failed = {row['function'] for row in report['checks'] if not row['passed']}
        self.assertEqual({row['function'] for row in report['checks']} - failed, WITHOUT_PRODUCTS)
        self.assertIn('the result differs from the reference', done.stdout)
        self.assertIn(f'{report["n_failed"]} of {len(report["checks"])} checks failed', done.stdout)

    def test_a_run_that_fails_is_a_failed_check(self):
        done, report = self.check(NPUWHISPER_EMULATOR_FAULTS='error@2')
        self.assertEqual(done.returncode, 1)
        self.assertEqual([row['problem'] for row in report['checks'] if not row['passed']],
                         ['NPU: a run failed (ERROR)'])

    def test_without_an_npu_the_reason_is_printed(self):
        done = subprocess.run([program], capture_output=True, encoding='utf8', check=False, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn('no NPU (AMD XDNA)', done.stderr)

    def test_wrong_arguments(self):
        for arguments in (['--seed', 'x'], ['--json'], ['x']):
            done = subprocess.run([program, *arguments], capture_output=True, encoding='utf8', check=False,
                                  timeout=60)
            self.assertEqual(done.returncode, 2)
            self.assertIn('usage:', done.stderr)


if __name__ == '__main__':
    emulate, array, program, zeroed_image = sys.argv[1:5]
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])

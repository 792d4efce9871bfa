#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisper-npu-check on the emulated NPU.

usage: npu_check_test.py EMULATE npu1|npu2 NPU_CHECK FOLDER

FOLDER: the folder with images whose cores have a fault (faulty_core.cc)."""
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


# A fault of a run, and a part of the problems that the report may name.
FAULTS = {
    'task': 'did not end in time',
    'sync': 'not a finite number|differs from the reference',
    'stale': 'a run failed|not a finite number|differs from the reference|did not end in time',
    'short': 'not a finite number',
    'stack': 'a run failed|not a finite number|differs from the reference|did not end in time',
    'nothing': 'not a finite number',
    'error': 'a run failed',
}


def image(fault):
    """Returns the path of an image whose cores have a fault."""
    return str(pathlib.Path(folder) / f'{fault}-{array}.xclbin')


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
        _, report = self.check('--seed', '7', NPUWHISPER_NPU_IMAGE=image('no_products'),
                               NPUWHISPER_EMULATOR_FAULTS='load@1')
        self.assertEqual(report['seed'], 7)
        # The message of a failed load names the image's path.
        name = pathlib.Path(image('no_products')).name
        self.assertIn(f'loading {name}: ', report['checks'][0]['problem'])
        text = json.dumps(report)
        for private in (socket.gethostname(), str(pathlib.Path(image('no_products')).parent)):
            self.assertNotIn(private, text)

    def test_cores_that_do_not_multiply_are_found(self):
        done, report = self.check(NPUWHISPER_NPU_IMAGE=image('no_products'))
        self.assertEqual(done.returncode, 1)
        failed = {row['function'] for row in report['checks'] if not row['passed']}
        self.assertEqual({row['function'] for row in report['checks']} - failed, WITHOUT_PRODUCTS)
        self.assertIn('the result differs from the reference', done.stdout)
        self.assertIn(f'{report["n_failed"]} of {len(report["checks"])} checks failed', done.stdout)

    def test_faults_of_runs_are_found_whichever_the_function(self):
        # A check whose first run fails has no second one.
        kinds = list(FAULTS)
        script = ','.join(f'{kinds[i % len(kinds)]}@{i + 1}' for i in range(99))
        _, report = self.check(NPUWHISPER_EMULATOR_FAULTS=script,
                               NPUWHISPER_EMULATOR_WATCHDOG_MS='300')
        self.assertGreaterEqual(len(report['checks']), 3 * len(FUNCTIONS))
        for i, row in enumerate(report['checks']):
            with self.subTest(fault=kinds[i % len(kinds)], function=row['function'],
                              input=row['input']):
                self.assertFalse(row['passed'], row)
                self.assertRegex(row['problem'], FAULTS[kinds[i % len(kinds)]])

    def test_a_run_that_hangs_is_found(self):
        _, report = self.check(NPUWHISPER_EMULATOR_FAULTS='hang@3', NPUWHISPER_NPU_TIMEOUT_MS='10000')
        self.assertEqual([row['problem'] for row in report['checks'] if not row['passed']],
                         ['NPU: no answer within 10000 ms'])

    def test_the_loss_of_the_device_is_found(self):
        _, report = self.check(NPUWHISPER_EMULATOR_FAULTS='lost@3')
        self.assertEqual([row['passed'] for row in report['checks']],
                         [True] + [False] * (len(report['checks']) - 1))

    def test_a_wrong_lane_is_found(self):
        _, report = self.check(NPUWHISPER_NPU_IMAGE=image('wrong_lane'))
        failed = {row['function'] for row in report['checks'] if not row['passed']}
        self.assertEqual({row['function'] for row in report['checks']} - failed, WITHOUT_PRODUCTS)

    def test_wrong_rounding_is_found(self):
        _, report = self.check(NPUWHISPER_NPU_IMAGE=image('rounding'))
        for row in report['checks']:
            if row['input'] == 'random':
                self.assertFalse(row['passed'], row)
                # The bias is found also where it is smaller than the bound of the error.
                if row['error'] <= row['bound']:
                    self.assertEqual(row['problem'], 'the results are rounded in one direction')

    def test_dirty_memory_is_harmless_unless_a_core_depends_on_it(self):
        done, report = self.check(NPUWHISPER_EMULATOR_FAULTS='dirty@1-999')
        self.assertEqual((done.returncode, report['n_failed']), (0, 0), done.stdout)
        # A core that does not clear its sums has the right result in the first run on zeros.
        for script, problem in (('', 'in the second run: '), ('dirty@1-999', '')):
            _, report = self.check(NPUWHISPER_NPU_IMAGE=image('not_cleared'),
                                   NPUWHISPER_EMULATOR_FAULTS=script)
            failed = [row for row in report['checks'] if not row['passed']]
            self.assertEqual({row['function'] for row in report['checks']} -
                             {row['function'] for row in failed}, WITHOUT_PRODUCTS)
            for row in failed:
                self.assertEqual(row['problem'].startswith('in the second run: '), bool(problem), row)

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
    emulate, array, program, folder = sys.argv[1:5]
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])

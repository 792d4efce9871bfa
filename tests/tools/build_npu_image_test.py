#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of tools/build-npu-image with stand-ins for mlir-aie and Peano that record how they are
called. How the real tools respond can be tested only on a machine that has them.

usage: build_npu_image_test.py BUILD_NPU_IMAGE NPU_DESIGN [unittest options]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
DESIGN = pathlib.Path(sys.argv.pop(1)).resolve()

# Each stand-in appends its call to $CALLS.
RECORD = '''#!/usr/bin/env python3
import json, os, pathlib, sys
with open(os.environ['CALLS'], 'a') as calls:
    json.dump({'program': pathlib.Path(sys.argv[0]).name, 'arguments': sys.argv[1:],
               'folder': os.getcwd(), 'files': sorted(os.listdir())}, calls)
    calls.write('\\n')
'''
CLANG = RECORD + '''
if os.environ.get('CLANG_FAILS'): sys.exit('error: unable to legalize instruction')
pathlib.Path(sys.argv[sys.argv.index('-o') + 1]).write_text('object')
'''
SIZE = RECORD + '''
print(f'{sys.argv[-1]}  :\\nsection size addr\\n.text 0 0\\n.text.a 9000 0\\n.text.b 4500 0\\n'
      '.rodata 64 0\\nTotal 13564')
'''
AIECC = RECORD + '''
if '--help' in sys.argv:
    print(os.environ.get('AIECC_HELP', 'named artifacts have shorthands (e.g. --get-xclbin)'))
    sys.exit()
if os.environ.get('AIECC_FAILS'): sys.exit('error: region program overflowed')
for argument in sys.argv:
    if argument.startswith('--xclbin-name=') and not os.environ.get('AIECC_MAKES_NOTHING'):
        pathlib.Path(argument.split('=')[1]).write_text('xclbin')
'''


class BuildNpuImage(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.calls = self.folder / 'calls'
        self.out = self.folder / 'out' / 'image.xclbin'
        self.peano, self.mlir_aie = self.folder / 'peano', self.folder / 'mlir_aie'
        self.put(self.peano / 'bin/clang++', CLANG)
        self.put(self.peano / 'bin/llvm-size', SIZE)
        self.put(self.mlir_aie / 'bin/aiecc', AIECC)
        self.put(self.mlir_aie / 'include/aie_api/aie.hpp', '')
        self.put(self.folder / 'bin/xclbinutil', RECORD)
        self.writer = DESIGN
        self.environment = {
            'PATH': f'{self.folder / "bin"}:/usr/bin:/bin', 'CALLS': str(self.calls),
            'PEANO_INSTALL_DIR': str(self.peano), 'MLIR_AIE_INSTALL_DIR': str(self.mlir_aie)}

    @staticmethod
    def put(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run_program(self, *arguments, **variables):
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                              env={**self.environment, **variables}, check=False, timeout=60)

    def build(self, array='npu2', **variables):
        return self.run_program(array, self.out, '--writer', self.writer, **variables)

    def calls_of(self, program):
        calls = [json.loads(line) for line in self.calls.read_text().splitlines()]
        return [call for call in calls if call['program'] == program]

    def fails(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse(self.out.exists())

    def test_compiles_for_the_generation_and_links_in_one_folder(self):
        for array, generation in (('npu1', 'aie2'), ('npu2', 'aie2p')):
            with self.subTest(array):
                self.calls.unlink(missing_ok=True)
                done = self.build(array)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.out.read_text(), 'xclbin')
                for clang, name in zip(self.calls_of('clang++'), ('encoder_core', 'mel_core'),
                                       strict=True):
                    self.assertIn(f'--target={generation}-none-unknown-elf', clang['arguments'])
                    self.assertIn('-std=c++20', clang['arguments'])
                    self.assertIn(str(self.mlir_aie / 'include'), clang['arguments'])
                    unit = clang['arguments'][clang['arguments'].index('-c') + 1]
                    self.assertTrue(unit.endswith(f'{name}/{name}_{generation}.cc'), unit)
                    self.assertTrue(pathlib.Path(unit).is_file())
                _, *calls = self.calls_of('aiecc')
                for aiecc, name in zip(calls, ('encoder', 'mel'), strict=True):
                    self.assertIn('--get-xclbin', aiecc['arguments'])
                    self.assertEqual(aiecc['arguments'][aiecc['arguments'].index('--peano') + 1],
                                     str(self.peano))
                    self.assertIn(f'{name}_core.o', aiecc['files'])
                    self.assertEqual(aiecc['arguments'][-1], f'{name}.mlir')

    def test_the_second_kernel_joins_the_first(self):
        self.build()
        _, encoder, mel = self.calls_of('aiecc')
        # The first kernel has aiecc's default name, MLIR_AIE.
        self.assertFalse([a for a in encoder['arguments'] if 'kernel' in a or 'input' in a])
        first, = [a.split('=')[1] for a in encoder['arguments'] if a.startswith('--xclbin-name=')]
        for option in (f'--xclbin-input={first}', '--xclbin-kernel-name=mel',
                       '--xclbin-kernel-id=0x902', '--xclbin-instance-name=MEL'):
            self.assertIn(option, mel['arguments'])

    def test_says_how_large_the_code_is_and_that_no_silicon_ran_it(self):
        done = self.build()
        self.assertIn('13500 bytes of code, of 16384', done.stderr)
        self.assertIn('No silicon has run', done.stderr)
        self.assertIn(f'NPUWHISPER_NPU_IMAGE={self.out}', done.stderr)

    def test_an_older_aiecc_gets_its_own_options(self):
        done = self.build(AIECC_HELP='--aie-generate-xclbin  Generate xclbin')
        self.assertEqual(done.returncode, 0, done.stderr)
        _, aiecc, _ = self.calls_of('aiecc')
        for option in ('--aie-generate-xclbin', '--no-compile-host', '--no-xchesscc',
                       '--no-xbridge'):
            self.assertIn(option, aiecc['arguments'])
        self.assertNotIn('--get-xclbin', aiecc['arguments'])

    def test_the_work_folder_is_kept_on_request(self):
        work = self.folder / 'work'
        done = self.run_program('npu2', self.out, '--writer', self.writer, '--work', work)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('link_with = "mel_core.o"', (work / 'mel.mlir').read_text())
        self.assertTrue((work / 'encoder_core.o').exists())

    def test_what_is_missing_is_named(self):
        self.fails(self.build(PEANO_INSTALL_DIR=''), 'PEANO_INSTALL_DIR is not set')
        self.fails(self.build(PEANO_INSTALL_DIR=str(self.folder)), 'no bin/clang++')
        self.fails(self.build(MLIR_AIE_INSTALL_DIR=str(self.folder)), 'aie_api/aie.hpp')
        self.fails(self.build(MLIR_AIE_INSTALL_DIR=''), 'mlir-aie was not found')
        self.fails(self.build(PATH=self.without('xclbinutil')), 'xclbinutil is not on PATH')
        (self.mlir_aie / 'bin/aiecc').unlink()
        self.fails(self.build(), 'no aiecc')

    def without(self, program):
        """Returns a PATH with all programs of /usr/bin except one."""
        folder = self.folder / 'path'
        folder.mkdir()
        for entry in pathlib.Path('/usr/bin').iterdir():
            if entry.name != program:
                (folder / entry.name).symlink_to(entry)
        return str(folder)

    def test_failures_of_the_tools_are_failures(self):
        self.fails(self.build(CLANG_FAILS='1'), 'unable to legalize', 'could not compile')
        self.fails(self.build(AIECC_FAILS='1'), 'region program overflowed', 'aiecc failed')
        self.fails(self.build(AIECC_MAKES_NOTHING='1'), 'made no encoder.xclbin')

    def test_bad_arguments(self):
        self.fails(self.build('npu3'), "unknown array 'npu3'")
        self.fails(self.run_program('npu2', self.out, '--size', '4'), 'ROWSxCOLUMNS')
        self.writer = self.folder / 'writer'
        self.put(self.writer, '#!/bin/sh\necho "module {}"\n')
        self.fails(self.build(), 'links no kernel object')
        self.put(self.writer, '#!/bin/sh\necho \'{link_with = "other.o"}\'\n')
        self.fails(self.build(), 'links other.o')
        self.put(self.writer, '#!/bin/sh\nexit 1\n')
        self.fails(self.build(), 'could not write the array program')
        self.assertEqual(self.run_program().returncode, 2)
        self.assertEqual(self.run_program('npu2', '--work').returncode, 2)


if __name__ == '__main__':
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of tools/build-npu-image with stand-ins for mlir-aie and Peano (toolchain_stubs/).

usage: build_npu_image_test.py BUILD_NPU_IMAGE NPU_DESIGN [unittest options]
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from toolchain_stubs import install

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
DESIGN = pathlib.Path(sys.argv.pop(1)).resolve()


class ImageCase(unittest.TestCase):
    """A folder with the stand-ins, in which a test calls tools/build-npu-image."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='npuwhisper-image-test-')
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.calls = self.folder / 'calls'
        self.out = self.folder / 'out' / 'image.xclbin'
        self.work = self.folder / 'work'
        self.site = self.folder / 'site'
        self.peano, self.mlir_aie = self.site / 'llvm-aie', self.site / 'mlir_aie'
        install.install(self.site, self.folder / 'bin')
        self.writer = DESIGN
        self.environment = {
            'PATH': f'{self.folder / "bin"}:/usr/bin:/bin', 'CALLS': str(self.calls),
            'PEANO_INSTALL_DIR': str(self.peano), 'MLIR_AIE_INSTALL_DIR': str(self.mlir_aie)}

    def run_program(self, *arguments, **variables):
        return subprocess.run([sys.executable, PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                              env={**self.environment, **variables}, check=False, timeout=120)

    def build(self, array='npu2', *options, **variables):
        """Builds a small image. All cores of an array have the same program."""
        return self.run_program(array, self.out, '--size', '1x1', '--writer', self.writer, '--work',
                                self.work, *options, **variables)

    def calls_of(self, program):
        calls = [json.loads(line) for line in self.calls.read_text().splitlines()]
        return [call for call in calls if call['program'] == program]

    def succeeds(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)

    def fails(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse(self.out.exists())


class BuildNpuImage(ImageCase):
    def test_compiles_for_the_generation_and_links_in_one_folder(self):
        for array, generation in (('npu1', 'aie2'), ('npu2', 'aie2p')):
            with self.subTest(array):
                self.calls.unlink(missing_ok=True)
                self.succeeds(self.build(array))
                for clang, name in zip(self.calls_of('clang'), ('encoder_core', 'mel_core'), strict=True):
                    arguments = clang['arguments']
                    self.assertIn(f'--target={generation}-none-unknown-elf', arguments)
                    self.assertIn('-std=c++20', arguments)
                    self.assertIn('-O2', arguments)
                    unit = arguments[arguments.index('-c') + 1]
                    self.assertTrue(unit.endswith(f'{name}/{name}_{generation}.cc'), unit)
                for aiecc, name in zip(self.calls_of('aiecc'), ('encoder', 'mel'), strict=True):
                    self.assertEqual(aiecc['folder'], str(self.work.resolve()))
                    self.assertTrue(any(re.fullmatch(rf'{name}_core-\w+\.o', f) for f in aiecc['files']))
                    self.assertRegex(aiecc['arguments'][-1], rf'^{name}-{array}-1x1-\w+\.mlir$')

    def test_the_image_has_both_kernels(self):
        self.succeeds(self.build())
        self.assertEqual(json.loads(self.out.read_text()),
                         [['MLIR_AIE', '0x901', 'MLIRAIE'], ['mel', '0x902', 'MEL']])

    def test_whole_arrays_get_a_table_of_their_core_images(self):
        done = self.run_program('both', '--writer', self.writer, '--build', self.folder / 'build',
                                '--work', self.work)
        self.succeeds(done)
        rows = [re.split(r'  +', line) for line in done.stderr.splitlines()
                if line.startswith(('core image', 'encoder  ', 'mel  '))]
        self.assertEqual(rows[0], ['core image', 'cores', 'code', 'stack', 'static data'])
        self.assertEqual([row[:2] for row in rows[1:3]], [['encoder', '16'], ['mel', '16']])
        self.assertEqual([row[:2] for row in rows[4:6]], [['encoder', '32'], ['mel', '32']])
        # The stand-ins' sizes: eight functions of 1,000 bytes, the core's program of 600, and the
        # start-up of 880; frames of 64, 96 and 128 bytes; constants of 256 bytes.
        self.assertEqual(rows[1][2:], ['9,480 of 16,384', '288 of 2,048', '256 of 1,024'])

    def test_default_names_have_a_hash_and_a_link(self):
        images = self.folder / 'build/kernels/image'

        def names(*options, **variables):
            self.succeeds(self.run_program('npu2', '--size', '1x1', '--writer', self.writer, '--build',
                                           self.folder / 'build', '--any-version', *options, **variables))
            link = images / 'npu2.xclbin'
            self.assertTrue(link.is_symlink())
            self.assertRegex(link.readlink().name, r'^npu2-\dx\d-[0-9a-f]{12}\.xclbin$')
            return link.readlink().name

        first = names()
        self.assertEqual(names(), first)
        self.assertNotEqual(names('--optimize', 's'), first)
        self.assertNotEqual(names('--size', '1x2').split('-')[2], first.split('-')[2])
        other = install.accepted()['llvm-aie'] + '1'
        install.rename_package(self.site, 'llvm-aie', other)
        self.assertNotEqual(names(), first)

    def test_steps_report_their_time_and_memory(self):
        done = self.build()
        for step in ('compiling kernels/encoder_core/encoder_core_aie2p.cc', 'of mel with aiecc'):
            self.assertRegex(done.stderr, rf'{step}: \d+\.\d s, \d+ MiB')
        self.assertIn('No silicon has run', done.stderr)
        self.assertIn(f'NPUWHISPER_NPU_IMAGE={self.out}', done.stderr)

    def test_levels_of_optimisation(self):
        for level, for_aiecc in (('1', ['--opt-level=1']), ('2', []), ('s', [])):
            with self.subTest(level):
                self.calls.unlink(missing_ok=True)
                self.succeeds(self.build('npu2', '--optimize', level))
                for clang in self.calls_of('clang'):
                    self.assertEqual([a for a in clang['arguments'] if a.startswith('-O')], [f'-O{level}'])
                for aiecc in self.calls_of('aiecc'):
                    self.assertEqual([a for a in aiecc['arguments'] if 'opt-level' in a], for_aiecc)

    def test_failures_of_the_tools_are_failures(self):
        self.fails(self.build(PEANO_FAILS='1'), 'unable to legalize', 'encoder_core_aie2p.cc failed')
        self.fails(self.build(AIECC_MAKES_NOTHING='1'), 'reported no error, but made no encoder-')
        (self.peano / 'bin/llc').unlink()
        self.fails(self.build(), "tool 'llc' not found", 'encoder with aiecc failed')

    def test_bad_arguments(self):
        for arguments, word in ((['npu3'], "'npu3'"), (['npu2', self.out, '--size', '4'], 'ROWSxCOLUMNS'),
                                (['npu2', '--work'], '--work'), ([], 'array'),
                                (['both', self.out], 'no common OUT.xclbin'),
                                (['npu2', '--optimize', '3'], "'3'")):
            done = self.run_program(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(word, done.stderr)

    def test_wrong_array_programs(self):
        self.writer = self.folder / 'writer'
        install.put(self.writer, '#!/bin/sh\necho "module {}"\n')
        self.fails(self.build(), 'links [], wanted encoder_core.o')
        install.put(self.writer, '#!/bin/sh\necho \'{link_with = "other.o"}\'\n')
        self.fails(self.build(), "links ['other.o']")
        install.put(self.writer, '#!/bin/sh\necho "no such array" >&2\nexit 1\n')
        self.fails(self.build(), 'could not write the array program: no such array')


class Tools(ImageCase):
    """Tests how the program finds the tools, and which versions it accepts."""

    def test_installed_packages_are_found(self):
        self.environment['PYTHONPATH'] = str(self.site)
        self.succeeds(self.build(PEANO_INSTALL_DIR='', MLIR_AIE_INSTALL_DIR=''))
        self.assertIn(str(self.peano.resolve()), self.calls_of('aiecc')[0]['arguments'])

    def test_what_is_missing_is_named(self):
        self.fails(self.build(PEANO_INSTALL_DIR=''), 'llvm-aie was not found', 'pip install -r')
        self.fails(self.build(PEANO_INSTALL_DIR=str(self.folder)), 'no bin/clang++')
        self.fails(self.build(MLIR_AIE_INSTALL_DIR=str(self.folder)), 'no include/aie_api/aie.hpp')
        self.fails(self.build(MLIR_AIE_INSTALL_DIR=''), 'mlir_aie was not found')
        self.fails(self.build(AIE_XCLBINUTIL='/none'), "AIE_XCLBINUTIL names '/none'")
        self.fails(self.build(PATH=str(self.folder)), 'xclbinutil is not on PATH')
        self.fails(self.run_program('npu2', self.out, '--build', self.folder), 'run tools/setup first')
        (self.mlir_aie / 'bin/aiecc').unlink()
        self.fails(self.build(), 'no bin/aiecc')

    def test_an_old_xclbinutil_is_refused(self):
        install.put_xclbinutil(self.folder / 'bin', '2.18.0')
        self.succeeds(self.build())
        self.out.unlink()
        install.put_xclbinutil(self.folder / 'bin', '2.13.466')
        self.fails(self.build(), 'xclbinutil: found version 2.13, wanted 2.18 or later')
        install.put(self.folder / 'bin/xclbinutil', '#!/bin/sh\n')
        self.fails(self.build(), 'found no version')

    def test_other_versions_are_refused_unless_asked_for(self):
        install.rename_package(self.site, 'mlir_aie', '1.3.0')
        self.fails(self.build(), 'mlir_aie: found 1.3.0', f'wanted {install.accepted()["mlir_aie"]}',
                   'pip install -r', '--any-version')
        done = self.build('npu2', '--any-version')
        self.succeeds(done)
        self.assertIn('warning: mlir_aie: found 1.3.0', done.stderr)

    def test_a_folder_without_metadata_has_no_version(self):
        install.remove_package(self.site, 'llvm-aie')
        self.fails(self.build(), 'llvm-aie: found no version in')


class CoreImages(ImageCase):
    """Tests the checks of the sizes of core images, by aiecc or, if aiecc checks nothing, by the program."""

    def test_code_that_does_not_fit(self):
        # Eight functions, the core's program (600) and the start-up (880): 8 x 1,863 + 1,480 = 16,384.
        self.succeeds(self.build(PEANO_CODE='1863'))
        self.out.unlink()
        self.fails(self.build(PEANO_CODE='1864'), "will not fit in region 'program': overflowed by 8 bytes")
        self.fails(self.build(PEANO_CODE='1864', AIECC_MEASURES='0'),
                   'core (0, 2): code: found 16392 bytes, wanted at most 16384')

    def test_a_stack_that_is_too_large(self):
        # The start-up has 64 bytes, and the core's program 96: 64 + 96 + 1,888 = 2,048.
        self.succeeds(self.build(PEANO_FRAME='1888'))
        self.out.unlink()
        self.fails(self.build(PEANO_FRAME='1889'), 'stack_size = 2048 is insufficient')
        # Without the size of the core's program, the limit is 2,048 - 64.
        self.succeeds(self.build(PEANO_FRAME='1984', AIECC_MEASURES='0'))
        self.out.unlink()
        self.fails(self.build(PEANO_FRAME='1985', AIECC_MEASURES='0'),
                   'core (0, 2): stack: found 2049 bytes, wanted at most 2048')

    def test_static_data_that_does_not_fit(self):
        self.succeeds(self.build(PEANO_DATA='1024'))
        self.out.unlink()
        self.fails(self.build(PEANO_DATA='1025'), "will not fit in region 'data': overflowed by 1 bytes")
        self.fails(self.build(PEANO_DATA='1025', AIECC_MEASURES='0'),
                   'core (0, 2): data: found 1025 bytes, wanted at most 1024')

    def test_unknown_frames_are_named(self):
        done = self.build(AIECC_MEASURES='0')
        self.succeeds(done)
        self.assertRegex(done.stderr, r'at least 192 of 2,048')
        self.assertIn('no stack frame is known for core_0_2; each counts as 0 bytes', done.stderr)

    def test_without_linked_images_the_objects_count(self):
        done = self.build(AIECC_LINKS='0')
        self.succeeds(done)
        self.assertIn('aiecc left no linked images', done.stderr)
        self.assertRegex(done.stderr, r'encoder +1 +8,000 of 16,384 +at least 192 of 2,048')


class Refusals(ImageCase):
    """Tests that the stand-ins refuse changed calls and changed input. Each test repeats a call of the program."""

    def setUp(self):
        super().setUp()
        self.succeeds(self.build())
        self.clang = self.calls_of('clang')[0]['arguments']
        self.aiecc = self.calls_of('aiecc')[0]['arguments']

    def call(self, tool, arguments, **variables):
        return subprocess.run([tool, *arguments], cwd=self.work, capture_output=True, text=True, check=False,
                              env={**self.environment, **variables}, timeout=60)

    def refuses(self, tool, arguments, word, **variables):
        done = self.call(tool, arguments, **variables)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(word, done.stderr)

    def test_clang(self):
        clang = self.peano / 'bin/clang++'
        self.assertEqual(self.call(clang, self.clang).returncode, 0)
        without = [a for a in self.clang if 'AIE_ADF' not in a]
        self.assertEqual(len(without), len(self.clang) - 1)
        self.refuses(clang, without, "'adf.h' file not found")
        self.refuses(clang, [a.replace('aie2p-', 'aie3-') for a in self.clang], 'unknown target triple')
        self.refuses(clang, [a for a in self.clang if not a.startswith('--target')], 'unknown target triple')
        api = self.clang[self.clang.index('-I') + 1]
        self.refuses(clang, [a.replace(api, '/none') for a in self.clang], "'aie_api/")

    def test_aiecc_options(self):
        aiecc = self.mlir_aie / 'bin/aiecc'
        self.assertEqual(self.call(aiecc, self.aiecc).returncode, 0)
        self.refuses(aiecc, ['--get-xclbins', *self.aiecc], "unknown output selector '--get-xclbins'")
        self.refuses(aiecc, ['--aie-generate-xclbin', *self.aiecc], 'Unknown command line argument')
        self.refuses(aiecc, [*self.aiecc, 'other.mlir'], 'expected one input file, got 2')
        self.refuses(aiecc, ['/none' if a == str(self.peano.resolve()) else a for a in self.aiecc],
                     '--peano directory does not exist')
        self.refuses(aiecc, self.aiecc, "tool 'xclbinutil' not found", PATH='/none')

    def test_aiecc_links(self):
        aiecc, program = self.mlir_aie / 'bin/aiecc', self.work / self.aiecc[-1]
        text = program.read_text()
        kernel, = self.work.glob('encoder_core-*.o')
        program.write_text(text.replace('private @encoder_finish', 'private @encoder_end'))
        self.refuses(aiecc, self.aiecc, 'undefined symbol: encoder_end')
        program.write_text(text.replace('dma_start(MM2S, 0', 'dma_start(S2MM, 2'))
        self.refuses(aiecc, self.aiecc, 'more input channels than available')
        program.write_text(text)
        kernel.unlink()
        self.refuses(aiecc, self.aiecc, f'cannot open {kernel.name}')


if __name__ == '__main__':
    unittest.main()

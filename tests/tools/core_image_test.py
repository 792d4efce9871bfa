#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests how tools/build-npu-image reads the sizes of core images from ELF files.

If LLVM's llvm-readelf is installed, it also reads the test's files. This detects an error in the format
that both the test's writer and the reader have. If clang is installed, the test also reads its objects."""
import glob
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from toolchain_stubs import elf_writer

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / 'tools'))
from image_tool import core_image  # noqa: E402
from image_tool.elf import Elf  # noqa: E402
from image_tool.reporting import BuildError  # noqa: E402

EM_RISCV = 243
CLANG = shutil.which('clang') or next(iter(sorted(glob.glob('/usr/lib/llvm-*/bin/clang'))), None)
# A kernel: `top` calls `middle`, which calls a function of the compiler's library.
KERNEL = {'top': (400, 96, ['middle']), 'middle': (120, 200, ['__mulsf3']), 'alone': (80, 160, [])}
CORE = {'_main_init': (32, 64, ['core_0_2']), 'core_0_2': (600, 40, ['top', 'alone'])}
LIBRARY = {'__mulsf3': (300, 48, [])}
PROGRAM = '''
  %t = aie.tile(0, 2)
  %x = aie.buffer(%t) {address = 4096 : i32, sym_name = "x"} : memref<16x64xf32>
  %y = aie.buffer(%t) {address = 10240 : i32, sym_name = "y"} : memref<27648xbf16>
  %core_0_2 = aie.core(%t) {
  } {link_with = "k.o", stack_size = 2048 : i32}
'''


class FileCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='npuwhisper-core-image-')
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def kernel(self, functions=None, **options):
        return Elf(self.put('k.o', elf_writer.write_object(functions or KERNEL, 100, 'aie2p', **options)))

    def linked(self, functions=None, **options):
        functions = functions or {**CORE, **KERNEL, **LIBRARY}
        return Elf(self.put('core_0_2.elf', elf_writer.write_linked(functions, 116, 'aie2p', **options)))


class Reading(FileCase):
    def test_an_object(self):
        kernel = self.kernel()
        self.assertEqual((kernel.code_bytes(), kernel.data_bytes()), (600, 116))
        self.assertEqual(kernel.frame_bytes(), {'top': 96, 'middle': 200, 'alone': 160})
        self.assertEqual(kernel.calls(), {'top': {'middle'}, 'middle': {'__mulsf3'}})
        self.assertEqual(self.kernel(with_frames=False).frame_bytes(), {})

    def test_a_linked_image(self):
        image = self.linked()
        self.assertEqual((image.code_bytes(), image.data_bytes()), (1532, 116))
        self.assertEqual(image.frame_bytes()['middle'], 200)
        self.assertEqual(image.calls()['core_0_2'], {'top', 'alone'})
        self.assertEqual(self.linked(with_calls=False).calls(), {})

    def test_files_that_are_not_complete(self):
        content = elf_writer.write_object(KERNEL, 100, 'aie2p')
        for wrong in (b'', b'text', content[:60], content[:-20]):
            with self.assertRaises(BuildError):
                Elf(self.put('wrong.o', wrong))

    @unittest.skipUnless(shutil.which('llvm-readelf'), 'found no llvm-readelf')
    def test_llvm_reads_the_same(self):
        # LLVM does not support the relocations of AMD's cores.
        for name, elf in (('k.o', self.kernel(machine=EM_RISCV)), ('core_0_2.elf', self.linked())):
            done = subprocess.run(['llvm-readelf', '--stack-sizes', '--sections', '--wide', self.folder / name],
                                  capture_output=True, text=True, check=True, timeout=60)
            self.assertEqual(done.stderr, '')
            frames = {function: int(size) for size, function in
                      re.findall(r'^ +(\d+) +(\w+)$', done.stdout, re.MULTILINE)}
            self.assertEqual(elf.frame_bytes(), frames)
            code = [int(size, 16) for size in re.findall(r'\.text\S* +PROGBITS +\w+ +\w+ +(\w+)', done.stdout)]
            self.assertEqual(elf.code_bytes(), sum(code))

    @unittest.skipUnless(CLANG, 'found no clang')
    def test_an_object_of_clang(self):
        unit = self.put('unit.c', b'int leaf(int); static char data[96] = {1};\n'
                                  b'int caller(int x) { volatile char a[512]; a[x] = data[x]; '
                                  b'return leaf(a[0]) + 1; }\n')
        subprocess.run([CLANG, '-O1', '-ffunction-sections', '-fstack-size-section', '-c', unit, '-o',
                        self.folder / 'unit.o'], check=True, timeout=60)
        elf = Elf(self.folder / 'unit.o')
        self.assertEqual(elf.calls(), {'caller': {'leaf'}})
        self.assertGreaterEqual(elf.frame_bytes()['caller'], 512)
        self.assertGreaterEqual(elf.data_bytes(), 96)


class Measuring(FileCase):
    def test_the_deepest_chain_of_calls_counts(self):
        sizes = core_image.measure(self.linked(), self.kernel())
        self.assertEqual((sizes.code, sizes.data, sizes.unmeasured), (1532, 116, set()))
        self.assertEqual(sizes.stack, 64 + 40 + 96 + 200 + 48)

    def test_without_calls_in_the_image_those_of_the_object_count(self):
        sizes = core_image.measure(self.linked(with_calls=False), self.kernel())
        self.assertEqual(sizes.stack, 64 + 40 + 96 + 200 + 48)

    def test_unknown_frames_count_as_nothing(self):
        functions = {**CORE, 'core_0_2': (600, None, ['top', 'alone']), **KERNEL, '__mulsf3': (300, None, [])}
        sizes = core_image.measure(self.linked(functions), self.kernel())
        self.assertEqual(sizes.stack, 64 + 96 + 200)
        self.assertEqual(sizes.unmeasured, {'core_0_2', '__mulsf3'})

    def test_recursion_has_no_limit(self):
        functions = {**KERNEL, 'alone': (80, 160, ['top']), 'middle': (120, 200, ['alone'])}
        with self.assertRaisesRegex(BuildError, 'alone calls top calls middle calls alone'):
            core_image.measure(self.linked({**CORE, **functions}), self.kernel(functions))

    def test_an_image_without_a_core(self):
        with self.assertRaisesRegex(BuildError, 'no function core_COLUMN_ROW'):
            core_image.measure(self.linked(KERNEL | LIBRARY), self.kernel())

    def test_limits_of_an_array_program(self):
        # There are 2,048 free bytes between x (4 KiB from 4096) and y (54 KiB from 10240), and also below x.
        limits = core_image.read_limits(PROGRAM)
        self.assertEqual(limits, {(0, 2): core_image.Limits(16384, 2048, 2048)})
        more = PROGRAM.replace('10240', '9216')
        self.assertEqual(core_image.read_limits(more)[0, 2].data, 2048)
        less = more.replace('27648', '28160').replace('4096', '2048')
        self.assertEqual(core_image.read_limits(less)[0, 2].data, 3072)

    def test_the_last_linked_image_counts(self):
        self.linked({**CORE, **KERNEL, **LIBRARY, 'more': (500, 0, [])})
        (self.folder / 'core_0_2.elf').rename(self.folder / 'z_core_0_2.elf')
        self.linked()
        self.kernel()
        measured = core_image.measure_all(self.folder, self.folder / 'k.o', PROGRAM)
        self.assertEqual([(place, sizes.code) for place, sizes, _ in measured], [((0, 2), 1532)])
        core_image.check('k', measured)

    def test_a_core_without_an_image(self):
        self.linked()
        self.kernel()
        two = PROGRAM + PROGRAM.replace('(0, 2)', '(0, 3)').replace('%t', '%u')
        with self.assertRaisesRegex(BuildError, r'no linked image of core \(0, 3\)'):
            core_image.measure_all(self.folder, self.folder / 'k.o', two)


if __name__ == '__main__':
    unittest.main()

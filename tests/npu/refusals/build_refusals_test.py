#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that a build refuses designs that exceed a limit of the array. A design's text is passed
to `npuwhisper-emulate --build`, as by a user, and the refusal must name the limit.

usage: build_refusals_test.py EMULATE npu1|npu2

Most rows also have a design at the limit, which must build. A program that refuses every design
therefore fails the test."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from designs import (buffer, descriptors, device, fifo, fifos, flows, kernel_loop, locks, sequence,
                     transfer, words)

EMULATE, ARRAY = sys.argv[1:3]
A = words('a', 4096, '%m0')
CORE = 'aie.core(%c2) { aie.end }\n'
LINEAR = '0, 0, 0, 1'


def core_bd(walk):
    return words('a', 4096) + descriptors(1, tile='%c2', walk=walk)


def mem_bd(walk, rest='', channel='MM2S, 0'):
    return A + descriptors(1, channel, walk=walk, rest=rest)


READ = ('aie.core(%c2) {\n%at = arith.constant 0 : index\n'
        '%v = memref.load %a[%at] : memref<64xi32>\naie.end\n}\n')


def push(repeat):
    return sequence('aiex.npu.push_queue(0, 0, MM2S : 0) {issue_token = false, repeat_count = '
                    f'{repeat} : i32, bd_id = 0 : i32}}\n')


NORTH = [('%m0, DMA : 0', '%c2, DMA : 0'), ('%m0, DMA : 1', '%c2, DMA : 1'),
         ('%m0, DMA : 2', '%c3, DMA : 0'), ('%m0, DMA : 3', '%c3, DMA : 1'),
         ('%m0, DMA : 4', '%c4, DMA : 0'), ('%m0, DMA : 5', '%c4, DMA : 1')]
SOUTH = [('%c2, DMA : 0', '%m0, DMA : 0'), ('%c2, DMA : 1', '%m0, DMA : 1'),
         ('%c3, DMA : 0', '%m0, DMA : 2'), ('%c3, DMA : 1', '%m0, DMA : 3')]

# Limit: (a design at the limit, or None; a design beyond the limit; texts of the message)
TABLE = {
    'memory of a core tile': (
        CORE + buffer('a', 64512),
        CORE + buffer('a', 40000) + buffer('b', 30000),
        ['Basic sequential allocation also failed', 'exceeded available memory (65536 bytes)',
         '(stack) 0x0-0x3FF']),
    'memory of a memory tile': (
        buffer('a', 524288, '%m0'),
        buffer('a', 524292, '%m0'),
        ['exceeded available memory (524288 bytes)']),
    'memory for the stack': (
        'aie.core(%c2) { aie.end } {stack_size = 4096 : i32}\n' + buffer('a', 61440),
        'aie.core(%c2) { aie.end } {stack_size = 8192 : i32}\n' + buffer('a', 61440),
        ['(stack) 0x0-0x1FFF', 'exceeded available memory']),
    'a buffer in the stack': (
        CORE + buffer('a', 64, rest=', address = 1024 : i32'),
        CORE + buffer('a', 64, rest=', address = 512 : i32'),
        ['overlaps with stack (size: 1024 bytes)']),
    'descriptors of a core tile': (
        words('a', 4096) + descriptors(16, tile='%c2'),
        words('a', 4096) + descriptors(17, tile='%c2'),
        ['more than 16 blocks', 'no space for this bd']),
    'descriptors of even channels of a memory tile': (
        A + descriptors(24, 'MM2S, 4'),
        A + descriptors(25, 'MM2S, 4'),
        ['maximum 24 available for channel 4', 'no space for this bd']),
    'descriptors of odd channels of a memory tile': (
        A + descriptors(24, 'S2MM, 1'),
        A + descriptors(25, 'S2MM, 1'),
        ['maximum 24 available for channel 1', 'no space for this bd']),
    'all descriptors of a memory tile': (
        None,
        A + descriptors(49),
        ['more than 48 blocks']),
    'a descriptor of the other parity': (
        mem_bd('0, 16', '{bd_id = 24 : i32}', 'MM2S, 1'),
        mem_bd('0, 16', '{bd_id = 24 : i32}', 'MM2S, 0'),
        ['bd_id 24 of tile (0, 1) is not accessible from channel 0']),
    'descriptors of deep object FIFOs': (
        fifo('f', '%m0', '%c2', depth=12, n_words=16),
        fifo('f', '%m0', '%c2', depth=25, n_words=16),
        ['no space for this bd']),
    'descriptors of a shim': (
        sequence(transfer('1, 1, 1, 64', LINEAR, identifier=15)),
        sequence(transfer('1, 1, 1, 64', LINEAR, identifier=16)),
        ['BD ID exceeds the maximum ID 15']),
    'output channels of a core tile': (
        fifos(2, '%c2', '%c4'),
        fifos(3, '%c2', '%c4'),
        ['number of output DMA channel exceeded']),
    'input channels of a core tile': (
        fifos(2, '%m0', '%c2'),
        fifos(3, '%m0', '%c2'),
        ['number of input DMA channel exceeded']),
    'input channels of a memory tile': (
        ''.join(fifo(f'f{i}', f'%c{2 + i % 2}', '%m0', 1) for i in range(4)),
        A + descriptors(1, 'S2MM, 6'),
        ['channels than available', 'which has 6']),
    'output channels of a memory tile': (
        ''.join(fifo(f'f{i}', '%m0', f'%c{2 + i % 3}', 1) for i in range(6)),
        ''.join(fifo(f'f{i}', '%m0', f'%c{2 + i % 4}', 1) for i in range(7)),
        ['number of output DMA channel exceeded']),
    'output channels of a shim': (
        fifos(2, '%s0', '%m0'),
        fifos(3, '%s0', '%m0'),
        ['number of output DMA channel exceeded']),
    'streams north': (
        flows(*NORTH),
        flows(*NORTH, ('%s0, DMA : 0', '%c3, Core : 0')),
        ['no free stream switch ports for the flow']),
    'streams south': (
        flows(*SOUTH),
        flows(*SOUTH, ('%c4, DMA : 0', '%m0, DMA : 4')),
        ['no free stream switch ports for the flow from DMA : 0 of tile (0, 4)']),
    'a wrap of a core tile': (
        core_bd('0, 510, [<size = 2, stride = 256>, <size = 255, stride = 1>]'),
        core_bd('0, 512, [<size = 2, stride = 256>, <size = 256, stride = 1>]'),
        ['Size 0 exceeds the [0:255] range']),
    'a wrap of a memory tile': (
        mem_bd('0, 2046, [<size = 2, stride = 2048>, <size = 1023, stride = 1>]'),
        mem_bd('0, 2048, [<size = 2, stride = 2048>, <size = 1024, stride = 1>]'),
        ['Size 0 exceeds the [0:1023] range']),
    'a wrap of a shim': (
        sequence(transfer('1, 1, 2, 1023', '0, 0, 2048, 1')),
        sequence(transfer('1, 1, 2, 1024', '0, 0, 2048, 1')),
        ['Size 0 exceeds the [0:1023] range']),
    'an iteration': (
        sequence(transfer('64, 1, 1, 16', '16, 0, 0, 1')),
        sequence(transfer('65, 1, 1, 16', '16, 0, 0, 1')),
        ['Size 3 exceeds the [1:64] range']),
    'repetitions of a task': (
        push(255),
        push(256),
        ['exceeds the [0:255] range']),
    'dimensions of a core tile': (
        core_bd('0, 32, [<size = 4, stride = 64>, <size = 4, stride = 8>, <size = 2, stride = 1>]'),
        core_bd('0, 32, [<size = 2, stride = 64>, <size = 2, stride = 32>, '
                '<size = 4, stride = 8>, <size = 2, stride = 1>]'),
        ['Cannot give more than 3 dimensions']),
    'a stride of a core tile': (
        'aie.core(%c3) { aie.end }\n' + words('big', 8300) +
        core_bd('0, 2, [<size = 2, stride = 4000>, <size = 1, stride = 1>]'),
        words('big', 8300).replace('8300', '12000') +
        descriptors(1, tile='%c2', memory='%big',
                    walk='0, 2, [<size = 2, stride = 8193>, <size = 1, stride = 1>]')
        .replace('4096', '12000'),
        ['Stride 1 exceeds the [1:8192] range']),
    'a stride of a shim': (
        sequence(transfer('1, 1, 2, 16', '0, 0, 1048576, 1')),
        sequence(transfer('1, 1, 2, 16', '0, 0, 1048577, 1')),
        ['Stride 1 exceeds the [1:1048576] range']),
    'a stride of 0': (
        mem_bd('0, 16, [<size = 16, stride = 1>]'),
        mem_bd('0, 16, [<size = 16, stride = 0>]'),
        ['Stride 0 must be a positive integer']),
    'a transfer beyond its buffer': (
        mem_bd('0, 16, [<size = 2, stride = 4088>, <size = 8, stride = 1>]'),
        mem_bd('0, 16, [<size = 2, stride = 4089>, <size = 8, stride = 1>]'),
        ['out of bounds access in buffer, for index 4096 in memref of length 4096']),
    'the alignment of a buffer': (
        buffer('a', 64, rest=', address = 2048 : i32'),
        buffer('a', 64, rest=', address = 2052 : i32'),
        ['not aligned to tile load/store bus width']),
    'locks of a core tile': (
        locks(16),
        locks(17),
        ['only 16 locks available in tile (0, 2)']),
    'locks of a memory tile': (
        locks(64, '%m0'),
        locks(65, '%m0'),
        ['only 64 locks available']),
    'a lock that is none': (
        '%l = aie.lock(%c2, 15)\n',
        '%l = aie.lock(%c2, 16)\n',
        ['lock assigned invalid id (maximum is 15)']),
    'the value of a lock': (
        '%l = aie.lock(%c2, 0) {init = 63 : i32}\n',
        '%l = aie.lock(%c2, 0) {init = 64 : i32}\n',
        ['initial value 64 is not in 0..63']),
    'a lock out of reach': (
        '%l = aie.lock(%c3, 0)\naie.core(%c2) { aie.use_lock(%l, Acquire, 0)\naie.end }\n',
        '%l = aie.lock(%c4, 0)\naie.core(%c2) { aie.use_lock(%l, Acquire, 0)\naie.end }\n',
        ['the core of tile (0, 2) does not reach lock', 'tile (0, 4)']),
    'a memory out of reach of a core': (
        words('a', 64, '%c3') + READ,
        words('a', 64, '%c4') + READ,
        ["the core of tile (0, 2) does not reach buffer 'a' of tile (0, 4)"]),
    'a memory out of reach of a DMA': (
        None,
        '%far = aie.tile(2, 1)\n' + words('a', 4096, '%far') + descriptors(1),
        ['the DMA of tile (0, 1) does not reach buffer']),
    'columns': (
        None,
        '%far = aie.tile(8, 2)\n',
        ['8']),
    'an operation that is not modelled': (
        None,
        'aie.dance(%c2)\n',
        ["'aie.dance'"]),
    'an attribute that is not modelled': (
        None,
        fifo('f', '%c2', '%c4', rest='{colour = 3 : i32}'),
        ["attribute 'colour' of 'aie.objectfifo' is not modelled"]),
    'an operation of a sequence that is not modelled': (
        None,
        sequence('aiex.npu.dance {speed = 1 : i32}\n'),
        ['aiex.npu.dance']),
}

# Adds rows whose transfers have sizes in bytes (memref<..xi8>). In all other rows of TABLE, sizes
# are in words.
BYTES = words('a', 4096, '%m0').replace('4096xi32', '4096xi8')
TABLE |= {
    'a length in words': (
        BYTES + descriptors(1, walk='0, 20').replace('4096xi32', '4096xi8'),
        BYTES + descriptors(1, walk='0, 18').replace('4096xi32', '4096xi8'),
        ['transfer length must be multiple of 4']),
    'an offset in words': (
        BYTES + descriptors(1, walk='4, 16').replace('4096xi32', '4096xi8'),
        BYTES + descriptors(1, walk='2, 16').replace('4096xi32', '4096xi8'),
        ['Offset must be aligned to 4 byte boundary']),
    'a stride in words': (
        BYTES + descriptors(1, walk='0, 64, [<size = 4, stride = 20>, <size = 16, stride = 1>]')
        .replace('4096xi32', '4096xi8'),
        BYTES + descriptors(1, walk='0, 64, [<size = 4, stride = 18>, <size = 16, stride = 1>]')
        .replace('4096xi32', '4096xi8'),
        ['Stride 1 is 18 elements * 1 bytes = 18 bytes, which is not divisible by 4']),
}


# Limits that are tested on a device with one column. On a wider device, streams are routed around a
# full switch, through the next column.
ONE_COLUMN = ('streams north', 'streams south')


class BuildRefuses(unittest.TestCase):
    def build(self, folder, text, *kernels):
        design = pathlib.Path(folder, 'design.mlir')
        design.write_text(text, encoding='utf8')
        output = pathlib.Path(folder, 'design.xclbin')
        done = subprocess.run([EMULATE, '--build', output, ARRAY, design, *kernels],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(output.exists(), done.returncode == 0)
        output.unlink(missing_ok=True)
        return done

    def test_each_limit(self):
        for limit, (fits, exceeds, texts) in TABLE.items():
            columns = '_1col' if limit in ONE_COLUMN else ''
            with self.subTest(limit), tempfile.TemporaryDirectory() as folder:
                if fits is not None:
                    done = self.build(folder, device(fits, ARRAY, columns))
                    self.assertEqual(done.returncode, 0, done.stderr)
                done = self.build(folder, device(exceeds, ARRAY, columns))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn('design.mlir: line ', done.stderr)
                for text in texts:
                    self.assertIn(text, done.stderr)

    def test_program_memory(self):
        # emulator/array/program_size.h estimates the size of a kernel as 1/64 of the size of its
        # host code.
        for n_bytes, status in ((1_000_000, 0), (1_060_000, 2)):
            with self.subTest(n_bytes), tempfile.TemporaryDirectory() as folder:
                kernel = pathlib.Path(folder, 'work.cc')
                kernel.write_text(f'extern "C" void work(const int*, int*) {{\n'
                                  f'  asm volatile(".skip {n_bytes}, 0x90");\n}}\n',
                                  encoding='utf8')
                done = self.build(folder, kernel_loop(ARRAY), kernel)
                self.assertEqual(done.returncode, status, done.stderr)
                if status != 0:
                    self.assertIn('exceeds its program memory (16384 bytes): by estimate at least',
                                  done.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that operations which an array cannot perform are refused at run time. Designs are built
by `npuwhisper-emulate --build` and submitted through XRT. The state of the run and the driver's log
must report the error. On silicon, some of these errors would silently produce wrong results.

usage: run_refusals_test.py EMULATE npu1|npu2"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from designs import ONE_OBJECT, device, kernel_loop, sequence, transfer, words

EMULATE, ARRAY = sys.argv[1:3]
# In a build with sanitizers, the leak sanitizer would report leaks of Python itself.
os.environ['ASAN_OPTIONS'] = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
SUBMIT = pathlib.Path(__file__).with_name('submit.py')
LINEAR = '0, 0, 0, 1'
ONCE = '1, 1, 1, 64'

COPY = '''#include <cstdint>
extern "C" void work(const std::int32_t* from, std::int32_t* to) {
  for (int i = 0; i < 64; ++i) to[i] = from[i];
}
'''


def vector_kernel(body):
    return ('#include <aie_api/aie.hpp>\n#include <cstdint>\n'
            'extern "C" void work(const std::int32_t* from, std::int32_t* to) {\n'
            f'{body}}}\n')


def write(offset, value, row):
    return (f'aiex.npu.write32 {{address = {offset} : ui32, value = {value} : ui32, '
            f'column = 0 : i32, row = {row} : i32}}\n')


def descriptor(identifier, row, length, offset=0):
    """Returns an operation that writes all fields of a linear descriptor of `length` words."""
    zero = ['d0_size', 'd0_stride', 'd1_size', 'd1_stride', 'd2_size', 'd2_stride', 'd0_zero_after',
            'd0_zero_before', 'd1_zero_after', 'd1_zero_before', 'd2_zero_after', 'd2_zero_before',
            'enable_packet', 'iteration_current', 'iteration_size', 'iteration_stride',
            'lock_acq_enable', 'lock_acq_id', 'lock_acq_val', 'lock_rel_id', 'lock_rel_val',
            'next_bd', 'out_of_order_id', 'packet_id', 'packet_type', 'use_next_bd',
            'burst_length', 'column']
    fields = {'bd_id': identifier, 'row': row, 'buffer_length': length, 'buffer_offset': offset,
              'valid_bd': 1, **{name: 0 for name in zero}}
    return ('aiex.npu.writebd {' +
            ', '.join(f'{name} = {value} : i32' for name, value in fields.items()) + '}\n')


def start(channel, identifier, row):
    return (f'aiex.npu.push_queue(0, {row}, {channel}) {{issue_token = true, repeat_count = 0 : '
            f'i32, bd_id = {identifier} : i32}}\n')


def wait(row, direction):
    """Returns an operation that waits for a token of channel 0. Direction 1 is MM2S."""
    return ('aiex.npu.sync {channel = 0 : i32, column = 0 : i32, column_num = 1 : i32, '
            f'direction = {direction} : i32, row = {row} : i32, row_num = 1 : i32}}\n')


def stream(body, before=''):
    """Returns a design with only an instruction stream and flows between shim and memory tile."""
    return device('aie.flow(%s0, DMA : 0, %m0, DMA : 0)\naie.flow(%m0, DMA : 0, %s0, DMA : 0)\n' +
                  before + sequence(body, 64), ARRAY)


def core_program(body, before=''):
    """Returns a design whose core executes `body`. Its instruction stream waits for data that the
    core never sends."""
    return device(before + f'aie.core(%c2) {{\n{body}aie.end\n}}\n' +
                  'aie.flow(%c2, DMA : 0, %s0, DMA : 0)\n' +
                  sequence(transfer(ONCE, LINEAR, '@out', '%y', 1, n_words=64) +
                           'aiex.npu.dma_wait {symbol = @out}\n', 64), ARRAY)


def lot_of_transfers(n):
    return ''.join(transfer(ONCE, LINEAR, identifier=i, n_words=64) for i in range(n))


# Case: (design, kernel or None, state, texts of the log)
TABLE = {
    'a vector that is not aligned': (
        kernel_loop(ARRAY),
        vector_kernel('aie::store_v(to, aie::load_v<16>(from + 1));\n'),
        'ERROR', ["kernel 'work'", 'aligned']),
    'an accumulator that was never set': (
        kernel_loop(ARRAY),
        vector_kernel('aie::accum<acc64, 16> sum;\n'
                      'aie::store_v(to, sum.to_vector<std::int32_t>(0));\n'),
        'ERROR', ["kernel 'work'"]),
    'a write before the tile\'s memory': (
        kernel_loop(ARRAY),
        COPY.replace('to[i] =', 'to[i - (1 << 14)] ='),
        'ERROR', ["kernel 'work': writes 4 bytes", 'not in the memory of this core']),
    'a read behind the tile\'s memory': (
        kernel_loop(ARRAY),
        COPY.replace('from[i];', 'from[i + (1 << 14)];'),
        'ERROR', ["kernel 'work': reads 4 bytes", 'not in the memory of this core']),
    'a core that writes behind a memory': (
        core_program('%at = arith.constant 15000 : index\n%v = arith.constant 1 : i32\n'
                     'memref.store %v, %b[%at] : memref<64xi32>\n',
                     words('b', 64, rest=', address = 32768 : i32')),
        None, 'ERROR', ['core of tile (0, 2)', 'is outside the memory of tile (0, 2)']),
    'a lock that overflows': (
        core_program('%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n'
                     '%n = arith.constant 64 : index\nscf.for %i = %c0 to %n step %c1 {\n'
                     'aie.use_lock(%l, Release, 1)\n}\n',
                     '%l = aie.lock(%c2, 3) {sym_name = "counter"}\n'),
        None, 'ERROR', ["overflows lock 3 'counter'", 'a lock holds 0 to 63']),
    'the value of a lock': (
        stream(write(0xc0000, 64, 1), '%l = aie.lock(%m0, 0)\n'),
        None, 'ERROR', ['lock 0 of tile (0, 1) cannot be set to 64: a lock holds 0 to 63']),
    'the depth of a task queue': (
        stream(lot_of_transfers(6)),
        None, 'ERROR', ['task queue overflow: 4 tasks wait behind the one that runs']),
    'a descriptor of the other parity': (
        stream(descriptor(24, 1, 16, 0x80000 // 4) + start('MM2S : 0', 24, 1) +
               wait(1, 1)),
        None, 'ERROR', ['even channels reach descriptors 0 to 23, odd ones 24 to 47']),
    'a transfer beyond a memory tile': (
        stream(descriptor(0, 1, 64, (0x80000 + 0x7ff80) // 4) + start('MM2S : 0', 0, 1) +
               wait(1, 1)),
        None, 'ERROR', ['are outside its memory of 0x80000 bytes']),
    'a transfer beyond a host buffer': (
        device('aie.flow(%s0, DMA : 0, %m0, DMA : 0)\n' +
               sequence(transfer('1, 1, 1, 2048', LINEAR, rest=', issue_token = true') +
                        wait(0, 1)), ARRAY),
        None, 'ERROR', ['are not within one buffer of the context']),
    'a descriptor that is rewritten while it is needed': (
        stream(lot_of_transfers(1) * 3),
        None, 'ERROR', ['descriptor 0 of tile (0, 0) is written while a task of']),
    'a descriptor that was never written': (
        stream(start('MM2S : 0', 7, 0) + wait(0, 1)),
        None, 'ERROR', ['descriptor 7 of tile (0, 0) is started but was never written']),
    'a register that is not modelled': (
        stream(write(0x34000, 1, 2), 'aie.core(%c2) { aie.end }\n'),
        None, 'ERROR', ['register 0x34000 of tile (0, 2)', 'is not modelled']),
    'a core that waits for an object too many': (
        kernel_loop(ARRAY, acquired=2),
        COPY, 'TIMEOUT', ['a run is stuck:', 'tile (0, 2)']),
    'an object FIFO that nobody empties': (
        kernel_loop(ARRAY, stream=transfer('8, 1, 1, 64', LINEAR, '@in', n_words=64,
                                           rest=', issue_token = true') +
                    'aiex.npu.dma_wait {symbol = @in}\n'),
        COPY, 'TIMEOUT', ['a run is stuck:', 'MM2S 0']),
    'a token without a route': (
        stream(descriptor(0, 1, 8, 0x80000 // 4) + start('MM2S : 0', 0, 1) + wait(1, 1)),
        None, 'TIMEOUT', ['a run is stuck:', 'its token never arrives: tile (0, 1) has no route']),
    'a wait for what nobody sends': (
        stream(wait(0, 0)),
        None, 'TIMEOUT', ['a run is stuck:', 'S2MM 0']),
}


class Runs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def build(self, design, kernel):
        folder = pathlib.Path(self.folder.name)
        (folder / 'design.mlir').write_text(design, encoding='utf8')
        files = [folder / 'design.mlir']
        if kernel is not None:
            (folder / 'work.cc').write_text(kernel, encoding='utf8')
            files.append(folder / 'work.cc')
        done = subprocess.run([EMULATE, '--build', folder / 'design.xclbin', ARRAY, *files],
                              capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)

    def submit(self, *left_out):
        folder = pathlib.Path(self.folder.name)
        done = subprocess.run(
            [EMULATE, ARRAY, '--', sys.executable, SUBMIT, folder / 'design.xclbin',
             folder / 'design.insts.bin', *left_out],
            capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, 'NPUWHISPER_EMULATOR_WATCHDOG_MS': '200'})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), done.stderr

    def test_each_refusal(self):
        for what, (design, kernel, state, texts) in TABLE.items():
            with self.subTest(what):
                self.build(design, kernel)
                result, log = self.submit()
                self.assertEqual(result['state'], state, log)
                for text in texts:
                    self.assertIn(text, log)

    def test_what_is_forgotten(self):
        self.build(kernel_loop(ARRAY), COPY)
        for left_out, state, output in (((), 'COMPLETED', 7),
                                        (('input-sync',), 'COMPLETED', 0),
                                        (('output-sync',), 'COMPLETED', 1),
                                        (('stream-sync',), 'ERROR', 1),
                                        (('long-stream',), 'ERROR', 1)):
            with self.subTest(left_out):
                result, log = self.submit(*left_out)
                self.assertEqual(result, {'state': state, 'output': output}, log)

    def test_a_wait_that_is_forgotten(self):
        self.build(kernel_loop(ARRAY, stream=ONE_OBJECT.replace('aiex.npu.dma_wait', '//')), COPY)
        result, log = self.submit()
        self.assertEqual(result, {'state': 'COMPLETED', 'output': 1}, log)

    def test_an_instruction_that_is_none(self):
        self.build(kernel_loop(ARRAY), COPY)
        path = pathlib.Path(self.folder.name, 'design.insts.bin')
        words_of_it = bytearray(path.read_bytes())
        words_of_it[16] = 0x7f  # The first operation follows the header of four words.
        path.write_bytes(words_of_it)
        result, log = self.submit()
        self.assertEqual(result['state'], 'ERROR')
        self.assertIn('operation 0x0000007f is not modelled', log)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])

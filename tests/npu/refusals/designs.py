# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pieces of designs in MLIR-AIE text, for the tests of refusals."""

# All tiles of column 0.
TILES = """\
%s0 = aie.tile(0, 0)
%m0 = aie.tile(0, 1)
%c2 = aie.tile(0, 2)
%c3 = aie.tile(0, 3)
%c4 = aie.tile(0, 4)
%c5 = aie.tile(0, 5)
"""


def device(body, array='npu2', columns=''):
    return f'aie.device({array}{columns}) {{\n{TILES}{body}}}\n'


def buffer(name, n_bytes, tile='%c2', rest=''):
    return (f'%{name} = aie.buffer({tile}) {{sym_name = "{name}"{rest}}} : '
            f'memref<{n_bytes}xi8>\n')


def words(name, n, tile='%c2', rest=''):
    return (f'%{name} = aie.buffer({tile}) {{sym_name = "{name}"{rest}}} : '
            f'memref<{n}xi32>\n')


def locks(n, tile='%c2'):
    return ''.join(f'%l{i} = aie.lock({tile}) {{sym_name = "l{i}"}}\n' for i in range(n))


def descriptors(n, channel='MM2S, 0', tile='%m0', memory='%a', rest='', walk='0, 16'):
    """Returns a ring of `n` descriptors on one channel. `walk` is the offset, length and pattern of
    each descriptor."""
    operation = 'aie.memtile_dma' if tile == '%m0' else 'aie.mem'
    blocks = ''.join(
        f'^b{i}:\n  aie.dma_bd({memory} : memref<4096xi32>, {walk}) {rest}\n'
        f'  aie.next_bd ^b{(i + 1) % n}\n' for i in range(n))
    return (f'{operation}({tile}) {{\n  %0 = aie.dma_start({channel}, ^b0, ^end)\n{blocks}'
            '^end:\n  aie.end\n}\n')


def fifo(name, producer, consumers, depth=2, n_words=64, rest=''):
    return (f'aie.objectfifo @{name}({producer}, {{{consumers}}}, {depth} : i32) {rest} : '
            f'!aie.objectfifo<memref<{n_words}xi32>>\n')


def fifos(n, producer, consumers):
    return ''.join(fifo(f'f{i}', producer, consumers, depth=1) for i in range(n))


def flows(*ends):
    return ''.join(f'aie.flow({source}, {target})\n' for source, target in ends)


def sequence(body, n_words=4096):
    """Returns a runtime sequence over two host buffers, with shim channels @in and @out."""
    return ('aie.shim_dma_allocation @in(%s0, MM2S, 0)\n'
            'aie.shim_dma_allocation @out(%s0, S2MM, 0)\n'
            f'aie.runtime_sequence(%x : memref<{n_words}xi32>, %y : memref<{n_words}xi32>) {{\n'
            f'{body}}}\n')


def transfer(sizes, strides, metadata='@in', memory='%x', identifier=0, rest='', n_words=4096):
    return (f'aiex.npu.dma_memcpy_nd({memory}[0, 0, 0, 0][{sizes}][{strides}]) '
            f'{{metadata = {metadata}, id = {identifier} : i64{rest}}} : '
            f'memref<{n_words}xi32>\n')


# One core lies between two object FIFOs. Data passes from the host through a kernel to the host.
KERNEL_LOOP = """\
aie.objectfifo @in(%s0, {{%c2}}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
aie.objectfifo @out(%c2, {{%s0}}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
{before}
func.func private @work(memref<64xi32>, memref<64xi32>)
aie.core(%c2) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %forever = arith.constant 9223372036854775807 : index
  scf.for %i = %c0 to %forever step %c1 {{
    %p = aie.objectfifo.acquire @in(Consume, {acquired}) : !aie.objectfifosubview<memref<64xi32>>
    %from = aie.objectfifo.subview.access %p[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
    %q = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<64xi32>>
    %to = aie.objectfifo.subview.access %q[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
    {extra}
    func.call @work(%from, %to) : (memref<64xi32>, memref<64xi32>) -> ()
    aie.objectfifo.release @in(Consume, {acquired})
    aie.objectfifo.release @out(Produce, 1)
  }}
  aie.end
}} {{link_with = "work.o"}}
aie.runtime_sequence(%x : memref<64xi32>, %y : memref<64xi32>) {{
{sequence}}}
"""

ONE_OBJECT = (transfer('1, 1, 1, 64', '0, 0, 0, 1', '@out', '%y', 1, n_words=64) +
              transfer('1, 1, 1, 64', '0, 0, 0, 1', '@in', '%x', 0, n_words=64) +
              'aiex.npu.dma_wait {symbol = @out}\n')


def kernel_loop(array, before='', extra='', acquired=1, stream=ONE_OBJECT):
    return device(KERNEL_LOOP.format(before=before, extra=extra, acquired=acquired,
                                     sequence=stream), array)

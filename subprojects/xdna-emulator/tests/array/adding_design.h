// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::emu::test {

/// A small design for npu1. Its core adds a value to 64 words. The instruction stream sets the
/// value. Object FIFOs carry the words from the host to the core and back.
inline constexpr char kAddingDesign[] = R"(aie.device(npu1_1col) {
  %shim = aie.tile(0, 0)
  %core = aie.tile(0, 2)
  %added = aie.buffer(%core) {sym_name = "added"} : memref<1xi32>
  aie.objectfifo @in(%shim, {%core}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
  aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
  aie.core(%core) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %forever = arith.constant 4294967295 : index
    scf.for %turn = %c0 to %forever step %c1 {
      %a = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
      %from = aie.objectfifo.subview.access %a[0]
          : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
      %b = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<16xi32>>
      %to = aie.objectfifo.subview.access %b[0]
          : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
      %n = memref.load %added[%c0] : memref<1xi32>
      scf.for %i = %c0 to %c16 step %c1 {
        %x = memref.load %from[%i] : memref<16xi32>
        %y = arith.addi %x, %n : i32
        memref.store %y, %to[%i] : memref<16xi32>
      }
      aie.objectfifo.release @in(Consume, 1)
      aie.objectfifo.release @out(Produce, 1)
    }
    aie.end
  }
  aie.runtime_sequence(%x : memref<64xi32>, %y : memref<64xi32>) {
    aiex.npu.rtp_write(@added, 0, 5)
    aiex.npu.dma_memcpy_nd(%y[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1])
        {metadata = @out, id = 1 : i64, issue_token = true} : memref<64xi32>
    aiex.npu.dma_memcpy_nd(%x[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1])
        {metadata = @in, id = 0 : i64} : memref<64xi32>
    aiex.npu.dma_wait {symbol = @out}
  }
}
)";

}  // namespace npuwhisper::emu::test

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::emu::test {

/// Valid texts with most of the constructs that the emulator reads. Tests and fuzzers corrupt them.
inline constexpr const char* kWholeTexts[] = {
    R"(module {
  aie.device(npu1_2col) @main {
    %s0 = aie.tile(0, 0)
    %m0 = aie.tile(0, 1)
    %c2 = aie.tile(0, 2)
    %c3 = aie.tile(1, 2)
    aie.objectfifo @in(%s0, {%m0}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @a(%m0 dimensionsToStream [<size = 4, stride = 8>, <size = 8, stride = 1>],
                      {%c2}, [2, 3]) {repeat_count = 2 : i32} : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @b(%m0, {%c3}, 2 : i32) {repeat_count = 2 : i32}
        : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo.link [@in] -> [@a, @b] ([] [0, 32])
    aie.objectfifo @out(%c2, {%s0}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @side(%c3, {%c2}, 1 : i32) : !aie.objectfifo<memref<4xi16>>
        = [dense<3> : memref<4xi16>]
    func.func private @kernel(memref<32xi32>, memref<32xi32>, i32) attributes {link_with = "k.o"}
    %rtp = aie.buffer(%c2) {sym_name = "rtp"} : memref<4xi32> = dense<[1, 2, 3, 4]>
    %core = aie.core(%c2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      scf.for %i = %c0 to %c8 step %c1 {
        %0 = aie.objectfifo.acquire @a(Consume, 2) : !aie.objectfifosubview<memref<32xi32>>
        %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<32xi32>>
            -> memref<32xi32>
        %2 = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<32xi32>>
        %3 = aie.objectfifo.subview.access %2[0] : !aie.objectfifosubview<memref<32xi32>>
            -> memref<32xi32>
        %v = memref.load %rtp[%c1] : memref<4xi32>
        %k = arith.addi %v, %v : i32
        %p = arith.cmpi slt, %v, %k : i32
        %q = scf.if %p -> (i32) {
          scf.yield %v : i32
        } else {
          scf.yield %k : i32
        }
        memref.store %q, %3[%i] : memref<32xi32>
        func.call @kernel(%1, %3, %q) : (memref<32xi32>, memref<32xi32>, i32) -> ()
        aie.objectfifo.release @a(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}
    aie.runtime_sequence @sequence(%x: memref<64xi32>, %y: memref<4x8xi32>) {
      aiex.npu.dma_memcpy_nd(%x[0, 0, 0, 0][1, 1, 2, 32][0, 0, 32, 1])
          {id = 0 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.rtp_write(@rtp, 1, 17)
      aiex.npu.dma_memcpy_nd(%y[0, 0, 1, 0][1, 1, 1, 32][0, 0, 8, 1])
          {id = 1 : i64, metadata = @out, issue_token = true} : memref<4x8xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
)",
    R"(aie.device(npu2) {
  %s = aie.tile(0, 0)
  %m = aie.tile(0, 1)
  %c = aie.tile(0, 2)
  %d = aie.tile(0, 3)
  %a = aie.buffer(%m) {sym_name = "a", address = 4096 : i32} : memref<64x64xi8>
  %b = aie.buffer(%c) {sym_name = "b", mem_bank = 1 : i32} : memref<256xbf16>
  %p = aie.lock(%m, 3) {init = 1 : i32, sym_name = "p"}
  %q = aie.lock(%m) {init = 0 : i32}
  %l = aie.lock(%c, 2) {init = 0 : i32}
  aie.flow(%s, DMA : 0, %m, DMA : 0)
  aie.packet_flow(5) {
    aie.packet_source<%m, DMA : 1>
    aie.packet_dest<%c, DMA : 0>
  } {keep_pkt_header = true}
  aie.cascade_flow(%d, %c)
  %dma = aie.memtile_dma(%m) {
    %0 = aie.dma_start(S2MM, 0, ^in, ^next)
  ^in:
    aie.use_lock(%p, AcquireGreaterEqual, 1)
    aie.dma_bd(%a : memref<64x64xi8>, 0, 4096) {bd_id = 2 : i32}
    aie.use_lock(%q, Release, 1)
    aie.next_bd ^in
  ^next:
    %1 = aie.dma_start(MM2S, 1, ^out, ^end, repeat_count = 3)
  ^out:
    aie.use_lock(%q, AcquireGreaterEqual, 1)
    aie.dma_bd(%a : memref<64x64xi8>, 64, 512, [<size = 8, stride = 64>, <size = 16, stride = 1>],
               [<const_pad_before = 0, const_pad_after = 0>,
                <const_pad_before = 4, const_pad_after = 4>])
        {packet = #aie.packet_info<pkt_type = 1, pkt_id = 5>}
    aie.use_lock(%p, Release, 1)
    aie.next_bd ^out
  ^end:
    aie.end
  }
  %core = aie.core(%c) {
    aie.use_lock(%l, AcquireGreaterEqual, 1)
    %x = arith.constant 2.5 : f32
    %i = arith.constant 7 : index
    %y = arith.truncf %x : f32 to bf16
    memref.store %y, %b[%i] : memref<256xbf16>
    %n = arith.constant -3 : i16
    %s1 = arith.extsi %n : i16 to i32
    %t = arith.index_cast %s1 : i32 to index
    scf.index_switch %t
    case 2 {
      scf.yield
    }
    default {
      scf.yield
    }
    cf.br ^loop
  ^loop:
    aie.use_lock(%l, Release, 1)
    aie.end
  }
  aie.shim_dma_allocation @host(%s, MM2S, 0)
  memref.global "private" constant @data : memref<3xi32> = dense<[1, 2, -1]>
  aie.runtime_sequence(%x: memref<4096xi8>) {
    %d3 = memref.get_global @data : memref<3xi32>
    aiex.npu.blockwrite(%d3) {address = 4096 : ui32, column = 0 : i32, row = 2 : i32}
        : memref<3xi32>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    scf.for %k = %c0 to %c3 step %c1 {
      %t = aiex.dma_configure_task_for @host {
        aie.dma_bd(%x : memref<4096xi8>, 64, 512,
                   [<size = 8, stride = 64>, <size = 64, stride = 1>])
        aie.end
      } {issue_token = true, repeat_count = 1 : i32}
      aiex.dma_start_task(%t)
      aiex.dma_await_task(%t)
    }
    aiex.npu.write32 {address = 119300 : ui32, value = 7 : ui32, column = 1 : i32, row = 0 : i32}
    aiex.npu.maskwrite32 {address = 119300 : ui32, value = 7 : ui32, mask = 15 : ui32}
    aiex.npu.sync {channel = 0 : i32, column = 0 : i32, column_num = 1 : i32, direction = 0 : i32,
                   row = 0 : i32, row_num = 1 : i32}
    aiex.set_lock(%p, 1)
  }
}
)",
};

}  // namespace npuwhisper::emu::test

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/core_interface.h"
#include "design/write_parts.h"

namespace npuwhisper::npu {
namespace {

std::string number(int value) {
  return std::to_string(value);
}

class CoreMemory {
 public:
  CoreMemory(MlirText& text, int column, int row) : text_(text), column_(column), row_(row) {}

  void write() {
    // The buffers are in order of increasing address, as aiecc requires. core_interface.h defines
    // the layout of the memory.
    buffer("job", core::kJobAddress, "memref<1280xi32>");
    buffer("c", core::kCAddress, "memref<4096xbf16>");
    buffer("a", core::kAAddress, "memref<8192xbf16>");
    buffer("b", core::kBAddress, "memref<8192xbf16>");
    buffer("accumulator", core::kAccumulatorAddress, "memref<4096xf32>");
    lock("a_free", layout::kCoreAFree, 2);
    lock("a_full", layout::kCoreAFull, 0);
    lock("b_free", layout::kCoreBFree, 2);
    lock("b_full", layout::kCoreBFull, 0);
    lock("c_free", layout::kCoreCFree, 1);
    lock("c_full", layout::kCoreCFull, 0);
    write_dma();
  }

 private:
  std::string name(const std::string& of) const { return at_tile(of, column_, 2 + row_); }

  void buffer(const std::string& of, int address, const std::string& type) {
    text_.line(name(of) + " = aie.buffer(" + tile_name(column_, 2 + row_) + ") {address = " +
               number(address) + " : i32, sym_name = \"" + name(of).substr(1) + "\"} : " + type);
  }
  void lock(const std::string& of, int id, int init) {
    text_.line(name(of) + " = aie.lock(" + tile_name(column_, 2 + row_) + ", " + number(id) +
               ") {init = " + number(init) + " : i32, sym_name = \"" + name(of).substr(1) + "\"}");
  }

  void write_dma() {
    text_.open("%dma_" + number(column_) + "_" + number(2 + row_) + " = aie.mem(" +
               tile_name(column_, 2 + row_) + ") {");
    text_.line("%one = arith.constant 1 : i32");
    text_.line("%start_a = aie.dma_start(S2MM, " + number(layout::kCoreA) + ", ^a_0, ^b)");
    write_pair("a", layout::kCoreABd);
    text_.label("^b");
    text_.line("%start_b = aie.dma_start(S2MM, " + number(layout::kCoreB) + ", ^b_0, ^c)");
    write_pair("b", layout::kCoreBBd);
    text_.label("^c");
    text_.line("%start_c = aie.dma_start(MM2S, " + number(layout::kCoreC) + ", ^c_0, ^end)");
    text_.label("^c_0");
    text_.line("aie.use_lock(" + name("c_full") + ", AcquireGreaterEqual, %one)");
    write_bd("c", "memref<4096xbf16>", 0, layout::kCoreCBd, layout::kCoreCBd);
    text_.line("aie.use_lock(" + name("c_free") + ", Release, %one)");
    text_.line("aie.next_bd ^c_0");
    text_.label("^end");
    text_.line("aie.end");
    text_.close();
  }

  void write_pair(const std::string& of, int first_bd) {
    for (int half = 0; half < 2; ++half) {
      text_.label("^" + of + "_" + number(half));
      text_.line("aie.use_lock(" + name(of + "_free") + ", AcquireGreaterEqual, %one)");
      write_bd(of, "memref<8192xbf16>", half * core::kTileElements, first_bd + half,
               first_bd + 1 - half);
      text_.line("aie.use_lock(" + name(of + "_full") + ", Release, %one)");
      text_.line("aie.next_bd ^" + of + "_" + number(1 - half));
    }
  }

  void write_bd(const std::string& of, const std::string& type, int offset, int id, int next) {
    text_.line("aie.dma_bd(" + name(of) + " : " + type + " offset = " + number(offset) +
               " len = " + number(core::kTileElements) + ") {bd_id = " + number(id) +
               " : i32, next_bd_id = " + number(next) + " : i32}");
  }

  MlirText& text_;
  int column_, row_;
};

}  // namespace

void write_core_memory(MlirText& text, int column, int row) {
  CoreMemory(text, column, row).write();
}

}  // namespace npuwhisper::npu

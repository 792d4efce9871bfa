// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/core_interface.h"
#include "design/write_parts.h"

namespace npuwhisper::npu {
namespace {

using core::kTile;
using core::kTileElements;

std::string number(int value) {
  return std::to_string(value);
}

/// Returns the pattern, in elements, that stores a tile of C as a row-major [64][64]. The tile
/// arrives as a row-major matrix of blocks [rows][columns], each of them row-major.
std::string blocks(int rows, int columns) {
  return " sizes = [" + number(kTile / rows) + ", " + number(kTile / columns) + ", " +
         number(rows) + ", " + number(columns) + "] strides = [" + number(rows * kTile) + ", " +
         number(columns) + ", " + number(kTile) + ", 1]";
}

/// A descriptor, written as an MLIR block of its own. It acquires the lock `acquire` before its
/// transfer, and releases the lock `release` after the transfer.
struct Descriptor {
  std::string label, acquire, release, buffer, type, pattern, next_label;
  int offset = 0, id = 0, next_id = 0;
};

void write_descriptor(MlirText& text, const Descriptor& d) {
  text.label("^" + d.label);
  text.line("aie.use_lock(" + d.acquire + ", AcquireGreaterEqual, %one)");
  text.line("aie.dma_bd(" + d.buffer + " : " + d.type + " offset = " + number(d.offset) +
            " len = " + number(kTileElements) + d.pattern + ") {bd_id = " + number(d.id) +
            " : i32, next_bd_id = " + number(d.next_id) + " : i32}");
  text.line("aie.use_lock(" + d.release + ", Release, %one)");
  text.line("aie.next_bd ^" + d.next_label);
}

void write_start(MlirText& text, const std::string& name, const char* direction, int channel,
                 const std::string& first, const std::string& next) {
  text.line("%" + name + " = aie.dma_start(" + direction + ", " + number(channel) + ", ^" + first +
            ", ^" + next + ")");
}

void write_lock(MlirText& text, const std::string& name, int column, int id, int init) {
  const std::string value = at_tile(name, column, 1);
  text.line(value + " = aie.lock(" + tile_name(column, 1) + ", " + number(id) +
            ") {init = " + number(init) + " : i32, sym_name = \"" + value.substr(1) + "\"}");
}

void write_buffer(MlirText& text, const std::string& name, int column, std::uint32_t address,
                  int n_tiles) {
  const std::string value = at_tile(name, column, 1);
  text.line(value + " = aie.buffer(" + tile_name(column, 1) +
            ") {address = " + std::to_string(address) + " : i32, sym_name = \"" + value.substr(1) +
            "\"} : memref<" + number(n_tiles * kTileElements) + "xbf16>");
}

class MemTileDma {
 public:
  MemTileDma(MlirText& text, const DesignSpec& spec, int column)
      : text_(text), spec_(spec), column_(column) {}

  void write() {
    text_.open("%dma_" + number(column_) + "_1 = aie.memtile_dma(" + tile_name(column_, 1) + ") {");
    text_.line("%one = arith.constant 1 : i32");
    write_in();
    text_.label("^c_out");
    write_out();
    text_.label("^end");
    text_.line("aie.end");
    text_.close();
  }

 private:
  std::string name(const std::string& of) const { return at_tile(of, column_, 1); }

  /// Writes the channels that receive tiles of C from the cores, one for each core row. Each core
  /// row has its own pair of tiles and its own locks. With one lock for all rows, a fast core's
  /// channel could acquire the units for a slow core's free tiles, and overwrite tiles of its own
  /// that are not sent yet.
  void write_in() {
    const core::BlockShape block = spec_.blocks();
    for (int row = 0; row < spec_.core_rows; ++row) {
      const std::string stem = "c_in_" + number(row);
      const std::string next =
          row + 1 < spec_.core_rows ? "c_in_" + number(row + 1) : std::string("c_out");
      if (row > 0) text_.label("^" + stem);
      write_start(text_, stem, "S2MM", layout::kMemCIn + row, stem + "_0", next);
      for (int half = 0; half < 2; ++half) {
        write_descriptor(text_, {.label = stem + "_" + number(half),
                                 .acquire = name("c_free_" + number(row)),
                                 .release = name("c_full_" + number(row)),
                                 .buffer = name("c"),
                                 .type = type(),
                                 .pattern = blocks(block.m, block.n),
                                 .next_label = stem + "_" + number(1 - half),
                                 .offset = c_offset(row, half),
                                 .id = layout::mem_c_in_bd(row, half),
                                 .next_id = layout::mem_c_in_bd(row, 1 - half)});
      }
    }
  }

  /// Writes the transfer of C to the shim, in the order of the rows.
  void write_out() {
    write_start(text_, "c_out", "MM2S", layout::kMemCOut, "c_out_0_0", "end");
    for (int half = 0; half < 2; ++half) {
      for (int row = 0; row < spec_.core_rows; ++row) {
        const bool last = row + 1 == spec_.core_rows;
        const int next_row = last ? 0 : row + 1;
        const int next_half = last ? 1 - half : half;
        write_descriptor(text_,
                         {.label = "c_out_" + number(half) + "_" + number(row),
                          .acquire = name("c_full_" + number(row)),
                          .release = name("c_free_" + number(row)),
                          .buffer = name("c"),
                          .type = type(),
                          .pattern = "",
                          .next_label = "c_out_" + number(next_half) + "_" + number(next_row),
                          .offset = c_offset(row, half),
                          .id = layout::mem_c_out_bd(row, half),
                          .next_id = layout::mem_c_out_bd(next_row, next_half)});
      }
    }
  }

  int c_offset(int row, int half) const { return (half * spec_.core_rows + row) * kTileElements; }
  std::string type() const {
    return "memref<" + number(2 * spec_.core_rows * kTileElements) + "xbf16>";
  }

  MlirText& text_;
  const DesignSpec& spec_;
  int column_;
};

}  // namespace

void write_mem_tile(MlirText& text, const DesignSpec& spec, int column) {
  const bool has_c = column < spec.core_columns;
  if (has_c) {
    write_buffer(text, "c", column, layout::kMemCAddress, 2 * spec.core_rows);
    for (int row = 0; row < spec.core_rows; ++row) {
      write_lock(text, "c_free_" + number(row), column, layout::kMemCFree + 2 * row,
                 layout::kMemSlots);
      write_lock(text, "c_full_" + number(row), column, layout::kMemCFull + 2 * row, 0);
    }
  }
  // Only the instruction streams use the buffer and the locks below. No descriptor of the
  // configuration accesses them.
  write_buffer(text, "stream", column, layout::kMemStreamAddress, layout::kMemStreamTiles);
  write_lock(text, "a_free", column, layout::kMemAFree, layout::kMemSlots);
  write_lock(text, "a_full", column, layout::kMemAFull, 0);
  write_lock(text, "b_full", column, layout::kMemBFull, 0);
  write_lock(text, "rows_free", column, layout::kMemRowsFree, layout::kMemSlots);
  write_lock(text, "rows_full", column, layout::kMemRowsFull, 0);
  if (has_c) MemTileDma(text, spec, column).write();
}

}  // namespace npuwhisper::npu

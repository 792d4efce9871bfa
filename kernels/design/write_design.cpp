// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/write_design.h"

#include "design/core_interface.h"
#include "design/write_parts.h"

namespace npuwhisper::npu {
namespace {

/// Returns mlir-aie's name of the partition: the whole array, or a number of its columns.
std::string device_name(const DesignSpec& spec) {
  const std::string name(spec.array->name);
  if (spec.columns() == spec.array->n_columns) return name;
  return name + "_" + std::to_string(spec.columns()) + "col";
}

bool carries_a(const DesignSpec& spec, int column) {
  for (int row = 0; row < spec.core_rows; ++row) {
    if (spec.a_column(row) == column) return true;
  }
  return false;
}

void write_tile(MlirText& text, int column, int row) {
  std::string line = tile_name(column, row) + " = aie.tile(" + std::to_string(column) + ", " +
                     std::to_string(row) + ")";
  if (row == 0) {
    line += " {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = " +
            std::to_string(layout::kShimControllerId) + ">}";
  }
  text.line(line);
}

void write_flow(MlirText& text, const std::string& from, int from_channel, const std::string& to,
                int to_channel) {
  text.line("aie.flow(" + from + ", DMA : " + std::to_string(from_channel) + ", " + to +
            ", DMA : " + std::to_string(to_channel) + ")");
}

/// Writes the flows: A along each core row, B up each column, C down each column. A and B are
/// broadcast from a memory tile to all cores of the row or column.
void write_flows(MlirText& text, const DesignSpec& spec) {
  for (int row = 0; row < spec.core_rows; ++row) {
    const int from = spec.a_column(row);
    write_flow(text, tile_name(from, 0), layout::kShimA, tile_name(from, 1), layout::kMemA);
    for (int column = 0; column < spec.core_columns; ++column) {
      write_flow(text, tile_name(from, 1), layout::kMemA, tile_name(column, 2 + row),
                 layout::kCoreA);
    }
  }
  for (int column = 0; column < spec.core_columns; ++column) {
    const std::string mem = tile_name(column, 1);
    write_flow(text, tile_name(column, 0), layout::kShimB, mem, layout::kMemB);
    for (int row = 0; row < spec.core_rows; ++row) {
      write_flow(text, mem, layout::kMemB, tile_name(column, 2 + row), layout::kCoreB);
    }
    for (int row = 0; row < spec.core_rows; ++row) {
      write_flow(text, tile_name(column, 2 + row), layout::kCoreC, mem, layout::kMemCIn + row);
    }
    write_flow(text, mem, layout::kMemCOut, tile_name(column, 0), layout::kShimC);
  }
}

void write_allocation(MlirText& text, const std::string& symbol, int column, bool mm2s,
                      int channel) {
  text.line("aie.shim_dma_allocation @" + symbol + "_" + std::to_string(column) + " (" +
            tile_name(column, 0) + (mm2s ? ", MM2S, " : ", S2MM, ") + std::to_string(channel) +
            ")");
}

/// Declares the core's functions (core_interface.h), which a core's program calls.
void write_functions(MlirText& text) {
  const std::string pair = "memref<8192xbf16>, i32";
  const std::string step = "i32";
  const std::string job = "memref<1280xi32>";
  const std::string accumulator = "memref<4096xf32>";
  const auto declare = [&](const std::string& name, const std::string& arguments) {
    text.line("func.func private @" + name + "(" + arguments + ")");
  };
  declare("encoder_begin_job", pair + ", " + job);
  declare("encoder_begin_pass", job + ", i32, i32");
  declare("encoder_begin_block", job + ", " + step + ", " + accumulator);
  declare("encoder_take_a", pair + ", " + step + ", " + job + ", " + accumulator);
  declare("encoder_attend",
          pair + ", " + step + ", " + job + ", memref<8192xbf16>, " + accumulator);
  declare("encoder_multiply", pair + ", " + pair + ", i32, " + job + ", " + accumulator);
  declare("encoder_add_residual", pair + ", " + step + ", i32, " + job + ", " + accumulator);
  declare("encoder_finish", job + ", " + accumulator + ", memref<4096xbf16>, i32, i32");
}

}  // namespace

std::string write_design(const DesignSpec& spec, std::string_view object) {
  MlirText text;
  text.line("// " + std::to_string(spec.core_rows) + " x " + std::to_string(spec.core_columns) +
            " cores of " + std::string(spec.array->name) + ": one movement of data for every");
  text.line("// operation of an encoder. Written by npuwhisper (kernels/design); see docs/npu.md.");
  text.open("module {");
  text.open("aie.device(" + device_name(spec) + ") {");
  for (int column = 0; column < spec.columns(); ++column) {
    for (int row = 0; row < 2 + (column < spec.core_columns ? spec.core_rows : 0); ++row) {
      write_tile(text, column, row);
    }
  }
  text.blank();
  write_flows(text, spec);
  text.blank();
  for (int column = 0; column < spec.columns(); ++column) {
    if (carries_a(spec, column)) write_allocation(text, "a", column, true, layout::kShimA);
    if (column >= spec.core_columns) continue;
    write_allocation(text, "b", column, true, layout::kShimB);
    write_allocation(text, "c", column, false, layout::kShimC);
  }
  text.blank();
  write_functions(text);
  for (int column = 0; column < spec.columns(); ++column) {
    text.blank();
    write_mem_tile(text, spec, column);
  }
  for (int column = 0; column < spec.core_columns; ++column) {
    for (int row = 0; row < spec.core_rows; ++row) {
      text.blank();
      write_core_memory(text, column, row);
      write_core(text, column, row, object);
    }
  }
  text.close();
  text.close();
  return text.take();
}

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "design/design_spec.h"
#include "design/mlir_text.h"

namespace npuwhisper::npu {

/// Writes the buffers, locks and DMA program of a column's memory tile, for write_design().
void write_mem_tile(MlirText& text, const DesignSpec& spec, int column);
/// Writes the buffers, locks and DMA program of a core's tile, for write_design().
void write_core_memory(MlirText& text, int column, int row);
/// Writes the program of a core, which calls the functions in `object`, for write_design().
void write_core(MlirText& text, int column, int row, std::string_view object);

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "design/design_spec.h"
#include "design/mlir_text.h"

namespace npuwhisper::npu {

/// The functions below write the parts of a design's text for write_design().
void write_mem_tile(MlirText& text, const DesignSpec& spec, int column);
void write_core_memory(MlirText& text, int column, int row);
void write_core(MlirText& text, int column, int row, std::string_view object);

}  // namespace npuwhisper::npu

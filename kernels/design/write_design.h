// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "design/design_spec.h"

namespace npuwhisper::npu {

/// The array program as MLIR-AIE text, in the syntax of mlir-aie since July 2026 (its pull request
/// 3306: sizes and strides by keyword, lock values as operands). It holds no runtime sequence: the
/// runtime writes its instruction streams itself (plan.h), against what `layout` pins here.
std::string write_design(const DesignSpec& spec);

}  // namespace npuwhisper::npu

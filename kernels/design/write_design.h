// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "design/core_interface.h"
#include "design/design_spec.h"

namespace npuwhisper::npu {

/// Returns the array program as MLIR-AIE text, in the syntax of mlir-aie since July 2026 (pull
/// request 3306: sizes and strides by keyword, lock values as operands). The text has no runtime
/// sequence, because the runtime writes the instruction streams itself (plan.h). The streams use
/// the resources that the namespace `layout` fixes. The cores' programs are linked with `object`:
/// core::kObject or mel::kObject.
std::string write_design(const DesignSpec& spec, std::string_view object = core::kObject);

}  // namespace npuwhisper::npu

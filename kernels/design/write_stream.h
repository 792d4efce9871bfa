// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "design/plan.h"

namespace npuwhisper::npu {

/// Writes the instructions of all jobs of `plan`. Errors: Unsupported if a matrix does not fit a
/// descriptor (with the field, the value and the limit), InvalidArgument if a host offset is not a
/// multiple of 4 bytes.
Result<void> write_stream(Plan& plan);

}  // namespace npuwhisper::npu

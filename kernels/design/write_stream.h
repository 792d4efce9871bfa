// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "design/plan.h"

namespace npuwhisper::npu {

/// Writes the instructions of all jobs of `plan`. Errors: InvalidArgument, where a matrix does not
/// fit a descriptor (with the field, the value and the limit).
Result<void> write_stream(Plan& plan);

}  // namespace npuwhisper::npu

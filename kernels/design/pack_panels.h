// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include <npuwhisper/result.h>

#include "design/parameters.h"
#include "design/plan.h"

namespace npuwhisper::npu {

/// Writes the panels of operation number `operation` into `packed`, the packed buffer of the whole
/// plan (plan.packed_bytes). A panel has a header and weights, in the order in which the memory
/// tile's descriptors read them. `parameters` has the sizes that the operation's
/// parameter_sizes() returns: one element for each part of a product, one for a layer norm, none
/// for attention and spectrum. Errors: InvalidArgument (sizes). Calls for different operations may
/// run simultaneously.
///
/// The part's scale and gamma are folded into the weights, in f32 or better, before the weights are
/// rounded to bf16 or int8. The scale and weights * beta are folded into the bias. Column sums are
/// sums of the rounded weights, so that they cancel the mean exactly. For int8, a column's scale is
/// its largest magnitude / 127, and its weights are the nearest multiples of the scale, ties to
/// even.
Result<void> pack_panels(const Plan& plan, std::size_t operation,
                         std::span<const Parameters> parameters, std::span<std::byte> packed);

}  // namespace npuwhisper::npu

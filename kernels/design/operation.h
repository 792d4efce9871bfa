// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <variant>

#include "design/operations/attention.h"
#include "design/operations/layer_norm.h"
#include "design/operations/product.h"
#include "design/operations/spectrum.h"

namespace npuwhisper::npu {

/// An operation of the array. The structs are plain data and have only shapes; pack_panels() adds
/// the weights. The header of each struct X also declares the functions that plan and pack it:
/// plan_jobs(JobPlanner&, const X&), parameter_sizes(const X&) and pack(const X&, ...).
struct Operation {
  std::string name{};
  std::variant<Product, Attention, LayerNorm, Spectrum> what{};
};

}  // namespace npuwhisper::npu

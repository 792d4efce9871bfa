// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "design/design_spec.h"
#include "design/operation.h"
#include "workspace.h"

namespace npuwhisper::npu_check {

/// The inputs of a check: random values; zeros, single values, powers of two and alternating signs;
/// or values so large that exponents, GELU or softmax reach their ends.
enum class InputKind { Random, Edge, Saturating };
const char* to_string(InputKind kind);

/// A small operation that exercises one function of the cores, with its correct result.
struct CoreCheck {
  std::string function;  ///< "multiply, bf16"
  InputKind input = InputKind::Random;
  npu::Operation operation{};
  Workspace space{};
  std::vector<float> weights{};  ///< [n, k], or empty
  std::vector<float> bias{};     ///< [n], or empty
  npu::HostMatrix output{};      ///< In `space`.
  Matrix wanted{0, 0};  ///< By the reference (encoder_core_ref.h), which computes in double.
  /// The whole output, with the rows or columns of padding, which must be zero.
  int padded_rows = 0, padded_columns = 0;
  /// Largest accepted error (root mean square), relative to `wanted`.
  double bound = 0;
};

/// Returns the checks of all functions of the encoder's cores, with each kind of input. Equal seeds
/// give equal checks.
std::vector<CoreCheck> make_core_checks(const npu::DesignSpec& spec, unsigned seed);

}  // namespace npuwhisper::npu_check

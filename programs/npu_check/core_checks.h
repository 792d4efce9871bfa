// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "design/design_spec.h"
#include "design/operation.h"
#include "encoder_core/encoder_core_ref.h"
#include "encoder_core/workspace.h"

namespace npuwhisper::npu_check {

using npu::reference::Matrix;

/// Number of a run's buffer with the packed weights, and of the buffer with all other matrices.
inline constexpr int kPackedBuffer = 0;
inline constexpr int kWorkspaceBuffer = 1;
/// A NaN in bf16, the bits of all elements that a run must write.
inline constexpr std::uint16_t kNoNumber = 0x7fc0;

/// The inputs of a check: random values; zeros, single values, powers of two and alternating signs;
/// or values so large that exponents, GELU or softmax reach their ends.
enum class InputKind { Random, Edge, Saturating };
const char* to_string(InputKind kind);

/// A small operation that exercises one function of the cores, with its correct result.
struct CoreCheck {
  std::string function;  ///< "multiply, bf16"
  InputKind input = InputKind::Random;
  npu::Operation operation{};
  npu::Workspace space{kWorkspaceBuffer, kNoNumber};
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

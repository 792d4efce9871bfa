// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "design/design_spec.h"
#include "design/operation.h"
#include "encoder_core/encoder_core_ref.h"
#include "encoder_core/workspace.h"

namespace npuwhisper::npu_check {

using npu::reference::Matrix;

/// Number of the run's buffer for the packed weights.
inline constexpr int kPackedBuffer = 0;
/// Number of the run's buffer for all other matrices.
inline constexpr int kWorkspaceBuffer = 1;
/// The bits of a bf16 NaN. Every element that a run must write has this value before the run.
inline constexpr std::uint16_t kNoNumber = 0x7fc0;

/// The kind of a check's inputs. Edge: zeros, single values, powers of two and alternating signs.
/// Saturating: values so large that GELU or softmax saturates, or that sums have large exponents.
enum class InputKind { Random, Edge, Saturating };
const char* to_string(InputKind kind);

/// A small operation that exercises one function of the cores, with its correct result.
struct CoreCheck {
  std::string function;  ///< Name of the function, such as "multiply, bf16".
  InputKind input = InputKind::Random;
  npu::Operation operation{};
  npu::Workspace space{kWorkspaceBuffer, kNoNumber};
  std::vector<float> weights{};  ///< Weights [n, k]; empty if the operation has none.
  std::vector<float> bias{};     ///< Bias [n]; empty if the operation has none.
  npu::HostMatrix output{};      ///< The output's place in `space`.
  Matrix wanted{0, 0};           ///< Result of the reference (encoder_core_ref.h).
  /// Shape of the whole output. Padding rows and columns must be zero.
  int padded_rows = 0, padded_columns = 0;
  /// Maximum accepted error: the root mean square of the differences, divided by that of `wanted`.
  double bound = 0;
  /// Maximum accepted bias: the mean of the differences, or of those of the magnitudes, divided by
  /// the mean magnitude of `wanted`. Results that are rounded to the nearest value have nearly no
  /// bias; results that are always rounded down have a larger one.
  double bias_bound = std::numeric_limits<double>::infinity();
};

/// Returns the checks of all functions of the encoder's cores, with each kind of input. Equal seeds
/// give equal checks.
std::vector<CoreCheck> make_core_checks(const npu::DesignSpec& spec, unsigned seed);

}  // namespace npuwhisper::npu_check

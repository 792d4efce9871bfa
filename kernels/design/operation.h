// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace npuwhisper::npu {

/// The operations that the planner accepts. They work on matrices in the run's host buffers. The
/// structs are plain data and have only shapes; pack_panels.h adds the weights.

/// A row-major bf16 matrix at byte `offset` of the run's buffer number `argument`. Rows may overlap
/// (row_stride less than the number of columns read), as in a convolution's windows. All rows and
/// columns up to the plan's padded shape must lie in the buffer. An input's padding columns must be
/// finite, and zero if the operation uses statistics of rows (layer norm, int8's units). Outputs
/// are written in whole tiles.
struct HostMatrix {
  int argument = 0;
  std::uint64_t offset = 0;
  int row_stride = 0;  ///< Elements; even.
};

/// Columns of a product's result that are written to one matrix.
struct ProductPart {
  int n = 0;
  HostMatrix output{};  ///< [m, n], or [n, m] if transposed; padding rows are written as zeros.
  float scale = 1;      ///< Factor of weights and bias, folded into them by pack_panels().
  bool gelu = false;
  bool transposed = false;
  std::optional<HostMatrix> residual{};  ///< [m, n], added last. May be the output itself.
};

/// Type of a product's weights in the stream. The type determines how the cores multiply. With
/// Int8, the weights have one scale per column of the result, and the cores round the input to int8
/// as well, row by row (core_interface.h).
enum class WeightType { Bf16, Int8 };

/// output = activation(norm(input) * weights^T + bias) + residual
struct Product {
  int m = 0;
  int k = 0;
  HostMatrix input{};  ///< [m, k]
  /// Applies a layer norm to the input. pack_panels() folds gamma and beta into weights and bias.
  bool normalised = false;
  float epsilon = 0;
  WeightType weights = WeightType::Bf16;  ///< Int8: k must fill an even number of tiles.
  /// Splits each operand into two parts on arrays whose products round bf16 operands to bfp16
  /// (AIE2P). This keeps the precision of bf16, and takes about three times as long. Requires bf16
  /// weights.
  bool in_parts = false;
  std::vector<ProductPart> parts{};
  /// If set, the result is (log10(max(input * weights^T, 1e-10)) + 4) / 4, with mel filters as
  /// weights. Like Spectrum, such a product runs in mel_core.o (mel_core/mel_core.h). It requires a
  /// single part and bf16 weights, without bias, residual, norm, GELU or transposition.
  bool log_mel = false;
};

/// Softmax(queries * keys^T) * values for heads of 64 columns. The queries are already scaled.
struct Attention {
  int n_queries = 0;
  int n_keys = 0;
  int n_heads = 0;
  HostMatrix queries{};  ///< [n_queries, heads * 64]
  HostMatrix keys{};     ///< Transposed: [heads * 64, n_keys]
  HostMatrix values{};   ///< [n_keys, heads * 64]
  HostMatrix output{};   ///< [n_queries, heads * 64]
};

struct LayerNorm {
  int m = 0;
  int k = 0;
  float epsilon = 0;
  HostMatrix input{}, output{};  ///< [m, k]
};

/// Power spectra of overlapping frames: int16 samples times a Fourier matrix in the packed buffer.
/// Frame i consists of the 400 samples that start at sample i * 160 of `samples`. In each job, a
/// core row has a run of consecutive frames. The row's memory tile for A receives the samples of
/// the run once, and cuts the frames from the samples. Row frame_row() of `power` has the power of
/// frame i. Rows without a frame are undefined (but finite).
struct Spectrum {
  int n_frames = 0;
  HostMatrix samples{};  ///< int16; row_stride is not used.
  HostMatrix power{};    ///< [spectrum_rows(), mel::kSpectrumColumns]
};

struct Operation {
  std::string name{};
  std::variant<Product, Attention, LayerNorm, Spectrum> what{};
};

}  // namespace npuwhisper::npu

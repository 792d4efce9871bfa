// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace npuwhisper::npu {

/// What the planner is asked for: operations on matrices that lie in the run's host buffers. Plain
/// data, shapes only; weights come later (pack.h).

/// A row-major bf16 matrix in the run's buffer number `argument`, from byte `offset` on. Rows may
/// overlap (row_stride less than the columns that are read): a convolution's windows. All rows and
/// columns up to the plan's padded shape must lie in the buffer. An input's padded columns must be
/// finite; where rows have statistics of their own (layer norm, int8's units) they must be zero.
/// Whole tiles of an output are written.
struct HostMatrix {
  int argument = 0;
  std::uint64_t offset = 0;
  int row_stride = 0;  ///< Elements; even.
};

/// Columns of a product's result that go to one matrix.
struct ProductPart {
  int n = 0;
  HostMatrix output{};  ///< [m, n], or [n, m] where transposed; padded rows are written as zeros.
  float scale = 1;      ///< Of weights and bias; folded into them when they are packed.
  bool gelu = false;
  bool transposed = false;
  std::optional<HostMatrix> residual{};  ///< [m, n], added last. May be the output itself.
};

/// How a product's weights travel, and so how it is multiplied. Int8: a scale for each column of
/// the result; the cores round the input likewise, row by row (core_interface.h).
enum class WeightType { Bf16, Int8 };

/// output = activation(norm(input) * weights^T + bias) + residual
struct Product {
  int m = 0;
  int k = 0;
  HostMatrix input{};       ///< [m, k]
  bool normalised = false;  ///< The input's layer norm (gamma and beta folded into the weights).
  float epsilon = 0;
  WeightType weights = WeightType::Bf16;  ///< Int8: k in an even number of tiles.
  /// As exact as bf16 operands are: where the array's products round them to bfp16 (AIE2P), in two
  /// parts each, in three times the time. With weights in bf16 only.
  bool in_parts = false;
  std::vector<ProductPart> parts{};
  /// Instead of all that: (log10(max(input * weights^T, 1e-10)) + 4) / 4, of mel filters. A job of
  /// mel_core.o (mel_core/mel_core.h), as Spectrum; one part, weights in bf16, without bias or
  /// residual.
  bool log_mel = false;
};

/// Softmax(queries * keys^T) * values for heads of 64 columns. The queries are scaled already.
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

/// Power of the spectra of overlapping frames: int16 samples times a Fourier matrix that the packed
/// buffer holds. Frame i is samples i * 160 .. + 400 of those at `samples`. Each core row has a run
/// of neighbouring frames, so that samples come to its memory tile once, and frames are cut from
/// them there: frame i's power is row frame_row() of `power`. Rows without a frame are not defined
/// (but finite).
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

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/stored_type.h"

namespace npuwhisper {

/// A tensor in a model file. The values are row-major.
struct Tensor {
  /// Says why the values cannot be read; empty if they can. An unsupported tensor is an error only
  /// if a model needs it.
  std::string unsupported = {};
  StoredType type = StoredType::F32;
  std::vector<std::int64_t> dims = {};  ///< Each at least 1. Empty for a scalar.
  std::size_t file = 0;                 ///< Index of the file among the model's files.
  std::uint64_t offset = 0;             ///< Offset of the first value in the file, in bytes.
};

/// The tensors of one or more files, by their names in the files. All values are within their file.
using TensorIndex = std::map<std::string, Tensor, std::less<>>;

/// Maximum number of tensors in a file. Every Whisper model has far fewer (large-v3 has 1,300). The
/// limit keeps a hostile file from filling memory with names.
inline constexpr std::size_t kMaxTensors = 1 << 16;
/// Maximum number of dimensions of a tensor. Whisper's convolutions have three dimensions.
inline constexpr std::size_t kMaxRank = 8;

}  // namespace npuwhisper

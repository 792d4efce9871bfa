// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "model/regular_file.h"
#include "simd/data_type.h"

namespace npuwhisper {

/// One variable of a model file and the location of its values, which are row-major, little-endian
/// and possibly unaligned.
struct Variable {
  std::string name;
  DataType type = DataType::F32;
  std::vector<std::int64_t> dims;  ///< Each at least 1. Empty for a scalar.
  std::uint64_t offset = 0;        ///< Offset of the first value in the file, in bytes.
  std::uint64_t n_bytes = 0;       ///< size_of(type) * product of dims.

  std::int64_t n_elements() const { return static_cast<std::int64_t>(n_bytes / size_of(type)); }
  /// Returns the size of the first dimension; 1 for a scalar.
  std::int64_t n_rows() const { return dims.empty() ? 1 : dims.front(); }
};

/// Returns the dimensions as text for messages: "[512, 80, 3]".
std::string to_string(std::span<const std::int64_t> dims);

/// The variables and aliases of a model file.
struct WeightsIndex {
  std::vector<Variable> variables;                          ///< In the order of the file.
  std::map<std::string, std::size_t, std::less<>> by_name;  ///< Includes aliases.

  /// Returns the variable with this name or alias; nullptr if there is none. The variable is valid
  /// as long as this index exists.
  const Variable* find(std::string_view name) const;
};

/// Reads the directory of a CTranslate2 Whisper file, but no values. The file is not trusted:
/// whatever it contains, the returned variables lie within the file, and the memory used stays
/// below a few times the file's size. Reentrant. Errors: CorruptModel, Unsupported, Unavailable
/// (the file cannot be read).
///
/// Layout (CTranslate2 model_spec.py): binary version 6. Every CTranslate2 release that can convert
/// Whisper writes this version. All values are little-endian and unaligned. A string is a u16
/// length, the text and a NUL. The length includes the NUL.
///   u32 version; string spec; u32 revision; u32 count, then for each variable: string name, u8
///   rank, u32 dims[rank], u8 type, u32 bytes, data; u32 count, then for each alias: string alias,
///   string name.
Result<WeightsIndex> index_weights_file(const RegularFile& file);

}  // namespace npuwhisper

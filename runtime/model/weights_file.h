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

#include "model/data_type.h"
#include "model/regular_file.h"

namespace npuwhisper {

/// One variable of a model file: where its values lie, row-major, little-endian, perhaps unaligned.
struct Variable {
  std::string name;
  DataType type = DataType::F32;
  std::vector<std::int64_t> dims;  ///< Each at least 1. Empty for a scalar.
  std::uint64_t offset = 0;        ///< Of the first value in the file, in bytes.
  std::uint64_t n_bytes = 0;       ///< size_of(type) * product of dims.

  std::int64_t n_elements() const { return static_cast<std::int64_t>(n_bytes / size_of(type)); }
  /// Rows of the first dimension; a scalar has one.
  std::int64_t n_rows() const { return dims.empty() ? 1 : dims.front(); }
};

/// "[512, 80, 3]", for messages.
std::string to_string(std::span<const std::int64_t> dims);

/// What a model file lists.
struct WeightsIndex {
  std::vector<Variable> variables;                          ///< In the order of the file.
  std::map<std::string, std::size_t, std::less<>> by_name;  ///< Aliases included.

  /// nullptr when there is no such variable or alias. Lives as long as this index.
  const Variable* find(std::string_view name) const;
};

/// Reads the directory of a CTranslate2 Whisper file, and no values. The file is not trusted:
/// whatever it says, what is returned lies within it, and memory stays below a few times its size.
/// Reentrant. Errors: CorruptModel, Unsupported, Unavailable (it cannot be read).
///
/// Layout (CTranslate2 model_spec.py, binary version 6, which every release that converts Whisper
/// writes): little-endian, nothing aligned; a string is u16 length, text, NUL (counted).
///   u32 version; string spec; u32 revision; u32 count, then for each variable: string name, u8
///   rank, u32 dims[rank], u8 type, u32 bytes, data; u32 count, then for each alias: string alias,
///   string name.
Result<WeightsIndex> index_weights_file(const RegularFile& file);

}  // namespace npuwhisper

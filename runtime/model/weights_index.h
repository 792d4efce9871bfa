// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/stored_type.h"
#include "model/tensor_index.h"

namespace npuwhisper {

/// Successive rows of a variable that are contiguous in one file.
struct VariablePart {
  std::int64_t n_rows = 0;
  std::size_t file = 0;  ///< Index of the file among the model's files.
  /// Offset of the first value in the file, in bytes. nullopt: all values are 0, and no file stores
  /// them.
  std::optional<std::uint64_t> offset = std::nullopt;
  /// Offset of the scales (f32) in the file, in bytes, for integers that represent real numbers.
  /// The real number is the integer divided by its scale. nullopt: the values have no scales.
  std::optional<std::uint64_t> scales = std::nullopt;
  bool one_scale = false;  ///< Whether all rows share one scale; otherwise each row has its own.
};

/// One variable of a model and the location of its values, which are row-major and possibly
/// unaligned. Several parts: the file stores the rows as separate tensors, such as query, key and
/// value.
struct Variable {
  std::string name;
  StoredType type = StoredType::F32;
  std::vector<std::int64_t> dims;  ///< Each at least 1. Empty for a scalar.
  std::vector<VariablePart> parts;

  std::int64_t n_elements() const;
  /// Returns the size of the first dimension; 1 for a scalar.
  std::int64_t n_rows() const { return dims.empty() ? 1 : dims.front(); }
  /// Returns the number of bytes that the values take in the files.
  std::uint64_t n_bytes() const;
  /// Returns whether the values are real numbers: floating-point numbers, ggml's blocks, scaled
  /// integers, or zeros that no file stores.
  bool is_real() const;
};

/// Returns the dimensions as text for messages: "[512, 80, 3]".
std::string to_string(std::span<const std::int64_t> dims);

/// The variables and aliases of a model.
struct WeightsIndex {
  std::vector<Variable> variables;                          ///< In the order of add().
  std::map<std::string, std::size_t, std::less<>> by_name;  ///< Includes aliases.

  /// Returns the variable with this name or alias; nullptr if there is none. The variable is valid
  /// as long as this index exists.
  const Variable* find(std::string_view name) const;
  /// Adds a variable. Returns false if the name exists.
  bool add(Variable variable);
  /// Adds another name of the variable `name`, which must exist. Returns false if `alias` exists.
  bool add_alias(std::string alias, std::string_view name);
};

/// Returns an index in which each supported tensor is a variable of the same name.
WeightsIndex index_of(const TensorIndex& tensors);

}  // namespace npuwhisper

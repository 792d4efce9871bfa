// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/weights_index.h"

#include <algorithm>
#include <utility>

namespace npuwhisper {

std::int64_t Variable::n_elements() const {
  std::int64_t n = 1;
  for (const std::int64_t dim : dims) n *= dim;
  return n;
}

std::uint64_t Variable::n_bytes() const {
  const StoredBlock block = block_of(type);
  std::int64_t n_stored_rows = 0;
  for (const VariablePart& part : parts) n_stored_rows += part.offset ? part.n_rows : 0;
  const auto n_values = static_cast<std::uint64_t>(n_elements() / n_rows() * n_stored_rows);
  return n_values / block.n_values * block.n_bytes;
}

bool Variable::is_real() const {
  return npuwhisper::is_real(type) || std::ranges::all_of(parts, [](const VariablePart& part) {
           return part.scales.has_value() || !part.offset;
         });
}

std::string to_string(std::span<const std::int64_t> dims) {
  std::string text = "[";
  for (const std::int64_t dim : dims) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

const Variable* WeightsIndex::find(std::string_view name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &variables[found->second];
}

bool WeightsIndex::add(Variable variable) {
  if (!by_name.emplace(variable.name, variables.size()).second) return false;
  variables.push_back(std::move(variable));
  return true;
}

bool WeightsIndex::add_alias(std::string alias, std::string_view name) {
  return by_name.emplace(std::move(alias), by_name.find(name)->second).second;
}

WeightsIndex index_of(const TensorIndex& tensors) {
  WeightsIndex index;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.unsupported.empty()) continue;
    Variable variable{.name = name, .type = tensor.type, .dims = tensor.dims, .parts = {}};
    variable.parts = {{.n_rows = variable.n_rows(), .file = tensor.file, .offset = tensor.offset}};
    index.add(std::move(variable));
  }
  return index;
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <utility>
#include <vector>

#include "harness.h"
#include "memory_file.h"
#include "model/tensor_names.h"
#include "model/weights.h"

namespace npuwhisper::fuzz {

/// Opens the file that holds an input.
inline ModelFile open_input(const test::MemoryFile& memory) {
  auto file = ModelFile::open(memory.path());
  require(file.has_value(), "a file that opens");
  return std::move(*file);
}

/// Reads all values of a variable. The read may fail, for example if a value is not finite. The
/// error must then have a message.
inline void check_values(const Weights& weights, const Variable& variable) {
  const auto values = weights.read(variable);
  if (values) {
    require(static_cast<std::int64_t>(values->size()) == variable.n_elements(),
            "as many values as the dimensions say");
  } else {
    require(!values.error().message.empty(), "an error with a message");
  }
}

/// Checks that the tensors of supported types that a reader found in `file` lie within the file.
/// Calls check_values() for each of them that is not too large. Then forms the variables of a
/// Whisper model from all tensors. This may fail, but only with a message.
inline void check_tensors(ModelFile file, const TensorIndex& tensors) {
  constexpr std::int64_t kMaxValues = 1 << 16;  // More values would take too long for one input.
  const std::uint64_t size = file.file.size();
  std::vector<ModelFile> files;
  files.push_back(std::move(file));
  const Weights weights(std::move(files), index_of(tensors));
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.unsupported.empty()) continue;
    require(tensor.offset <= size && stored_bytes(tensor.type, tensor.dims, size - tensor.offset),
            "a tensor within the file");
    const Variable& variable = *weights.find(name);
    if (variable.n_elements() <= kMaxValues) check_values(weights, variable);
  }
  for (const TensorNames names : {TensorNames::OpenAi, TensorNames::HuggingFace}) {
    const auto index = whisper_index(tensors, names);
    require(index || !index.error().message.empty(), "an error with a message");
  }
}

}  // namespace npuwhisper::fuzz

// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is a safetensors file.
#include "memory_file.h"
#include "model/safetensors.h"
#include "tensor_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper;
  using namespace npuwhisper::fuzz;
  const test::MemoryFile memory(text_of(data, size));
  ModelFile file = open_input(memory);
  TensorIndex tensors;
  const auto done = index_safetensors(file.file, 0, 64 << 10, tensors);
  if (done) {
    check_tensors(std::move(file), tensors);
  } else {
    require(!done.error().message.empty(), "an error with a message");
  }
  return 0;
}

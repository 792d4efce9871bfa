// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is a file of whisper.cpp.
#include "memory_file.h"
#include "model/ggml_file.h"
#include "tensor_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper;
  using namespace npuwhisper::fuzz;
  const test::MemoryFile memory(text_of(data, size));
  ModelFile file = open_input(memory);
  const auto content = read_ggml_file(file.file);
  if (content) {
    check_tensors(std::move(file), content->tensors);
  } else {
    require(!content.error().message.empty(), "an error with a message");
  }
  return 0;
}

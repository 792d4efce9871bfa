// SPDX-License-Identifier: LGPL-2.1-or-later
// If an input's first byte is even, the other bytes are a file of torch.save(). If it is odd, they
// are the pickle of such a file.
#include "memory_file.h"
#include "model/torch_file.h"
#include "model/torch_pickle.h"
#include "tensor_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper;
  using namespace npuwhisper::fuzz;
  if (size == 0) return 0;
  const std::string_view content = text_of(data + 1, size - 1);
  if (data[0] % 2 == 1) {
    const auto pickle = read_torch_pickle(content);
    require(pickle || !pickle.error().message.empty(), "an error with a message");
    return 0;
  }
  const test::MemoryFile memory(content);
  ModelFile file = open_input(memory);
  TensorIndex tensors;
  const auto dims = index_torch_file(file.file, 0, tensors);
  if (dims) {
    check_tensors(std::move(file), tensors);
  } else {
    require(!dims.error().message.empty(), "an error with a message");
  }
  return 0;
}

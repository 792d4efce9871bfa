// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is a safetensors file.
#include <array>
#include <cstdint>
#include <vector>

#include "harness.h"
#include "vad/safetensors.h"

namespace npuwhisper::fuzz {
namespace {

/// The names and shapes of the tensors in the seeds, and one shape whose product exceeds 64 bits.
const std::array<std::pair<const char*, std::vector<std::int64_t>>, 4> kTensors = {{
    {"a", {2, 3}},
    {"b", {4}},
    {"scalar", {}},
    {"large", {1 << 24, 1 << 24, 1 << 16}},
}};

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper;
  using namespace npuwhisper::fuzz;
  const auto bytes = bytes_of(data, size);
  const auto file = Safetensors::parse({bytes.begin(), bytes.end()});
  if (!file) {
    require(!file.error().message.empty(), "an error with a message");
    return 0;
  }
  for (const auto& [name, dims] : kTensors) {
    const auto values = file->read(name, dims);
    require(values || !values.error().message.empty(), "an error with a message");
  }
  return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is MLIR-AIE text, which the emulator parses and lowers.
#include "array/transaction.h"
#include "emulator/lower.h"
#include "harness.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper;
  using namespace npuwhisper::fuzz;
  const auto design = emu::lower(text_of(data, size));
  if (!design) {
    require(!design.error().message.empty(), "an error with a message");
    return 0;
  }
  for (const auto& sequence : design->sequences) {
    require(npu::decode(sequence.instructions).has_value(), "instructions that can be decoded");
  }
  return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is a model.bin.
#include "harness.h"
#include "memory_file.h"
#include "model/ctranslate2_file.h"
#include "model/model.h"
#include "model/regular_file.h"
#include "model/weights.h"
#include "temporary_folder.h"
#include "tensor_check.h"

namespace npuwhisper::fuzz {
namespace {

/// Reads all variables that a valid file declares.
void read_everything(const Weights& weights, const WeightsIndex& index) {
  for (const Variable& variable : index.variables) check_values(weights, variable);
}

void load_file(std::string_view content) {
  const test::MemoryFile memory(content);
  const auto weights = Weights::load(memory.path());
  if (!weights) {
    require(!weights.error().message.empty(), "an error with a message");
    return;
  }
  const auto file = RegularFile::open(memory.path());
  require(file.has_value(), "a file that opens again");
  const auto index = index_ctranslate2(*file);
  require(index.has_value(), "the same index again");
  read_everything(**weights, *index);
}

/// Loads a folder without a vocabulary, so that even a valid model.bin results in NotFound.
void load_folder(std::string_view content) {
  static const test::TemporaryFolder folder;
  write_file(folder.path() / "model.bin", content);
  const auto model = Model::load(folder.path());
  require(!model, "an error for a folder without a vocabulary");
  require(!model.error().message.empty(), "an error with a message");
}

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  load_file(text_of(data, size));
  load_folder(text_of(data, size));
  return 0;
}

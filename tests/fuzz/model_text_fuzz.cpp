// SPDX-License-Identifier: LGPL-2.1-or-later
// An input's first byte selects one of the text files of a model folder. The other bytes are the
// content of the file.
#include <array>
#include <string>
#include <vector>

#include "harness.h"
#include "model/config.h"
#include "model/tokenizer.h"
#include "model/vocabulary_file.h"
#include "temporary_folder.h"

namespace npuwhisper::fuzz {
namespace {

constexpr std::array kFiles = {"vocabulary.json", "vocabulary.txt", "tokenizer.json", "config.json",
                               "vocab.json"};
constexpr int kMaxTokens = 4096;
constexpr std::size_t kMaxText = 256;

/// Returns the sizes of a small model with token IDs below 400.
ModelConfig small_config() {
  ModelConfig config;
  config.n_audio_ctx = 4;
  config.n_text_layer = 2;
  config.n_text_head = 2;
  config.n_vocab = 400;
  return config;
}

void check_config(const std::filesystem::path& file) {
  const ModelConfig config = small_config();
  ModelLists lists;
  const auto read = read_model_lists(file, config, lists);
  const auto heads = read_hugging_face_config(file);
  require(heads || !heads.error().message.empty(), "an error with a message");
  if (!read) {
    require(!read.error().message.empty(), "an error with a message");
    return;
  }
  for (const auto* tokens : {&lists.suppress_tokens, &lists.suppress_begin_tokens}) {
    for (const Token token : tokens->value_or(std::vector<Token>())) {
      require(token >= 0 && token < config.n_vocab, "suppressed tokens of the vocabulary");
    }
  }
  if (!lists.alignment_heads) return;
  for (const auto& [layer, head] : *lists.alignment_heads) {
    require(layer >= 0 && layer < config.n_text_layer && head >= 0 && head < config.n_text_head,
            "alignment heads of the decoder");
  }
}

/// Checks that the tokens of `text` together have the bytes of `text`. `text` may be any bytes.
void check_round_trip(const Tokenizer& tokenizer, std::string_view text) {
  std::string bytes;
  for (const Token token : tokenizer.encode(text)) {
    require(tokenizer.is_text(token), "text tokens only");
    bytes += tokenizer.bytes(token);
  }
  require(bytes == text, "tokens with the bytes of the text");
}

void check_vocabulary(const std::filesystem::path& folder, std::string_view content) {
  const auto vocabulary = read_vocabulary(folder, kMaxTokens);
  if (!vocabulary) {
    require(!vocabulary.error().message.empty(), "an error with a message");
    return;
  }
  ModelConfig config = small_config();
  config.n_vocab = static_cast<int>(vocabulary->spellings.size());
  const auto tokenizer = Tokenizer::load(folder, config);
  if (!tokenizer) {
    require(!tokenizer.error().message.empty(), "an error with a message");
    return;
  }
  check_round_trip(**tokenizer, content.substr(0, kMaxText));
  check_round_trip(**tokenizer, content.substr(content.size() / 2, kMaxText));
  std::vector<Token> every;
  for (Token token = -1; token <= (*tokenizer)->n_vocab(); ++token) every.push_back(token);
  (void)(*tokenizer)->decode(every);
  for (const Token token : (*tokenizer)->language_tokens()) {
    const auto code = (*tokenizer)->language_code(token);
    require((*tokenizer)->has_language(code), "a language that is known by its code");
  }
}

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  static const npuwhisper::test::TemporaryFolder folder;
  if (size == 0) return 0;
  const char* const name = kFiles[data[0] % kFiles.size()];
  const std::string_view content = text_of(data + 1, size - 1);
  const auto file = folder.path() / name;
  write_file(file, content);
  if (std::string_view(name) == "config.json") {
    check_config(file);
  } else {
    check_vocabulary(folder.path(), content);
  }
  std::filesystem::remove(file);
  return 0;
}

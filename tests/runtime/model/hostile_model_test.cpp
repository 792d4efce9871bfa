// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that were cut short or changed: an Error or a valid model, never a crash. Worth most under
// -Db_sanitize=address,undefined.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "model/model.h"
#include "model/variables.h"
#include "model/weights_file.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

constexpr int kFlips = 4000;

test::TinyModelOptions smallest() {
  return {.n_mels = 4,
          .n_audio_ctx = 4,
          .n_audio_layer = 1,
          .n_state = 4,
          .n_text_ctx = 8,
          .n_text_layer = 1};
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

void write_file(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream stream(file, std::ios::binary);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A copy that ends where its memory ends, so that the sanitizer sees the first byte read beyond.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view bytes)
      : size_(bytes.size()), bytes_(std::make_unique<std::byte[]>(bytes.size())) {
    if (size_ > 0) std::memcpy(bytes_.get(), bytes.data(), size_);
  }
  std::span<const std::byte> span() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<std::byte[]> bytes_;
};

/// Reads all that a valid index promises.
void read_everything(const WeightsIndex& index) {
  float sum = 0;
  for (const auto& [name, view] : index.variables) {
    for (const float value : view.read()) sum += value == 0 ? 0.0F : 1.0F;
  }
  EXPECT_GE(sum, 0);
}

/// Uses what a model that loaded promises.
void use(const Model& model) {
  for (const VariableShape& variable : whisper_variables(model.config)) {
    const WeightView* const view = model.weights->find(variable.name);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->dims, variable.dims);
  }
  const std::string text = " hello world";
  EXPECT_EQ(model.tokenizer->decode(model.tokenizer->encode(text)), text);
  for (const Token token : model.config.suppress_tokens) EXPECT_LT(token, model.config.n_vocab);
}

class HostileModel : public testing::Test {
 protected:
  HostileModel() { write_tiny_model(folder_.path(), smallest()); }

  /// Loads the folder with `bytes` in place of `name`; true if it is a model.
  bool loads_with(const char* name, std::string_view bytes) {
    write_file(folder_.path() / name, bytes);
    const auto model = Model::load(folder_.path());
    if (!model) {
      EXPECT_FALSE(model.error().message.empty());
      return false;
    }
    use(**model);
    return true;
  }

  test::TemporaryFolder folder_;
};

TEST_F(HostileModel, WeightsCutShortAnywhere) {
  const std::string whole = read_file(folder_.path() / "model.bin");
  ASSERT_TRUE(index_weights_file(ExactCopy(whole).span()));
  // Every length within the headers of the first variables and of the aliases, a prime step
  // between.
  constexpr std::size_t kEnds = 2000;
  for (std::size_t n = 0; n < whole.size();) {
    const auto index = index_weights_file(ExactCopy(std::string_view(whole).substr(0, n)).span());
    ASSERT_FALSE(index) << n << " of " << whole.size() << " bytes";
    ASSERT_EQ(index.error().code, ErrorCode::CorruptModel) << n;
    n += n < kEnds || n + kEnds > whole.size() ? 1 : 7;
  }
  for (std::size_t n = 0; n < whole.size(); n += 997) {
    EXPECT_FALSE(loads_with("model.bin", std::string_view(whole).substr(0, n))) << n;
  }
}

TEST_F(HostileModel, WeightsWithChangedHeaders) {
  const std::string whole = read_file(folder_.path() / "model.bin");
  const ExactCopy copy(whole);
  const auto index = index_weights_file(copy.span());
  ASSERT_TRUE(index);
  // What is not the data of a variable.
  std::vector<bool> is_header(whole.size(), true);
  for (const auto& [name, view] : index->variables) {
    const auto begin = static_cast<std::size_t>(view.bytes.data() - copy.span().data());
    for (std::size_t i = 0; i < view.bytes.size(); ++i) is_header[begin + i] = false;
  }
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (is_header[i]) positions.push_back(i);
  }
  ASSERT_GT(positions.size(), 1000U);

  std::mt19937 random(1);
  int n_refused = 0;
  for (int i = 0; i < kFlips; ++i) {
    std::string changed = whole;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      changed[positions[random() % positions.size()]] = static_cast<char>(random());
    }
    const ExactCopy changed_copy(changed);
    const auto changed_index = index_weights_file(changed_copy.span());
    if (changed_index) {
      read_everything(*changed_index);
    } else {
      ++n_refused;
    }
    if (i % 16 == 0) loads_with("model.bin", changed);
  }
  EXPECT_GT(n_refused, kFlips / 10) << "the changes hit nothing that is checked";
}

TEST_F(HostileModel, ConfigAndVocabularyCutShortOrChanged) {
  std::mt19937 random(2);
  for (const char* name : {"config.json", "vocabulary.txt", "vocabulary.json", "tokenizer.json"}) {
    auto options = smallest();
    const bool is_config = std::string_view(name) == "config.json";
    for (const char* file : {"vocabulary.txt", "vocabulary.json", "tokenizer.json"}) {
      std::filesystem::remove(folder_.path() / file);
    }
    if (!is_config) options.vocabulary = name;
    test::write_tiny_model(folder_.path(), options);
    const std::string whole = read_file(folder_.path() / name);
    ASSERT_TRUE(loads_with(name, whole));
    for (int i = 0; i < 40; ++i) {
      loads_with(name, std::string_view(whole).substr(0, random() % whole.size()));
      std::string changed = whole;
      changed[random() % changed.size()] = static_cast<char>(random());
      loads_with(name, changed);
    }
    write_file(folder_.path() / name, whole);
  }
}

}  // namespace
}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
// Loading a truncated or changed file returns an Error or a valid model, and never crashes. Builds
// with -Db_sanitize=address,undefined detect more faults.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <random>
#include <string>

#include "ct2_writer.h"
#include "memory_file.h"
#include "model/ctranslate2_file.h"
#include "model/model.h"
#include "model/variables.h"
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

Result<WeightsIndex> index_of(std::string_view bytes) {
  const auto file = RegularFile::open(test::MemoryFile(bytes).path());
  if (!file) return fail(file.error());
  return index_ctranslate2(*file);
}

/// Reads everything that a valid file declares.
void read_everything(std::string_view bytes) {
  const test::MemoryFile file(bytes);
  const auto weights = Weights::load(file.path());
  ASSERT_TRUE(weights) << weights.error().message;
  const auto index = index_of(bytes);
  ASSERT_TRUE(index);
  for (const auto& [name, i] : index->by_name) {
    const Variable& variable = index->variables[i];
    ASSERT_LE(*variable.parts.front().offset + variable.n_bytes(), bytes.size());
    // A changed header may turn text into numbers, which need not be finite.
    if (const auto values = (*weights)->read(*(*weights)->find(name)); !values) {
      EXPECT_EQ(values.error().code, ErrorCode::CorruptModel) << values.error().message;
    }
  }
}

/// Checks the guarantees of a loaded model: the shapes of all variables, the tokenizer and the
/// range of the suppressed tokens.
void use(const Model& model) {
  for (const VariableShape& variable : whisper_variables(model.config)) {
    const Variable* const found = model.weights->find(variable.name);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->dims, variable.dims);
  }
  const std::string text = " hello world";
  EXPECT_EQ(model.tokenizer->decode(model.tokenizer->encode(text)), text);
  for (const Token token : model.config.suppress_tokens) EXPECT_LT(token, model.config.n_vocab);
}

class HostileModel : public testing::Test {
 protected:
  HostileModel() { write_tiny_model(folder_.path(), smallest()); }

  /// Replaces the file `name` by `bytes` and loads the folder. Returns whether the folder loads as
  /// a model.
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
  ASSERT_TRUE(index_of(whole));
  // Tests every length in the first and in the last 2,000 bytes, which contain the headers of the
  // first variables and the aliases. Tests every seventh length in between.
  constexpr std::size_t kEnds = 2000;
  for (std::size_t n = 0; n < whole.size();) {
    const auto index = index_of(std::string_view(whole).substr(0, n));
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
  const auto index = index_of(whole);
  ASSERT_TRUE(index);
  // True for bytes that are not data of a variable.
  std::vector<bool> is_header(whole.size(), true);
  for (const Variable& variable : index->variables) {
    const std::uint64_t offset = *variable.parts.front().offset;
    for (std::size_t i = 0; i < variable.n_bytes(); ++i) is_header[offset + i] = false;
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
    if (index_of(changed)) {
      read_everything(changed);
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

/// Returns the model file with more aliases at its end. The number of aliases follows the last
/// variable.
std::string with_aliases(std::string file,
                         const std::vector<std::pair<std::string, std::string>>& aliases) {
  const auto index = index_of(file);
  EXPECT_TRUE(index);
  const Variable& last = index->variables.back();
  char* const count = file.data() + *last.parts.front().offset + last.n_bytes();
  std::uint32_t n = 0;
  std::memcpy(&n, count, sizeof n);
  n += static_cast<std::uint32_t>(aliases.size());
  std::memcpy(count, &n, sizeof n);
  test::Ct2Writer writer;
  const std::size_t n_before = writer.finish().size();
  for (const auto& [alias, name] : aliases) writer.add_alias(alias, name);
  return file + writer.finish().substr(n_before);
}

/// Aliases can declare a layer with a few bytes of the file, although the layer takes as much
/// memory as any other layer. Model::load() therefore limits the number of layers made of aliases.
TEST_F(HostileModel, LayersOfAliasesAreBounded) {
  // The model is wide enough that a layer's weights take more memory than the layer's names.
  auto options = smallest();
  options.n_state = 32;
  write_tiny_model(folder_.path(), options);
  const std::string whole = read_file(folder_.path() / "model.bin");
  const auto model_with = [&](int n_layers) {
    std::vector<std::pair<std::string, std::string>> aliases;
    for (const VariableShape& variable : whisper_variables(test::tiny_model_config(options))) {
      const std::string layer = "decoder/layer_0/";
      if (!variable.name.starts_with(layer)) continue;
      for (int i = 1; i < n_layers; ++i) {
        aliases.emplace_back(
            "decoder/layer_" + std::to_string(i) + "/" + variable.name.substr(layer.size()),
            variable.name);
      }
    }
    write_file(folder_.path() / "model.bin", with_aliases(whole, aliases));
    return Model::load(folder_.path());
  };
  const auto same = model_with(1);
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ((*same)->config.n_text_layer, 1);

  const auto heavy = model_with(60);
  ASSERT_FALSE(heavy);
  EXPECT_EQ(heavy.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(heavy.error().message.find("variables and their aliases: found"), std::string::npos)
      << heavy.error().message;
  EXPECT_NE(heavy.error().message.find("2 times the file"), std::string::npos)
      << heavy.error().message;

  const auto deep = model_with(70);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(deep.error().message.find("found 65 layers or more, wanted at most 64"),
            std::string::npos)
      << deep.error().message;
}

/// The number of aliases is limited, so that their names take at most a few times as much memory as
/// the file.
TEST_F(HostileModel, ManyAliasesAreRefused) {
  test::Ct2Writer writer;
  writer.add_i8("x", 1);
  for (int i = 0; i < 70'000; ++i) writer.add_alias("a" + std::to_string(i), "x");
  const auto index = index_of(writer.finish());
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(index.error().message.find("number of aliases: found 70000, wanted 65536"),
            std::string::npos)
      << index.error().message;
}

/// Only regular files are accepted, because opening a FIFO blocks until a writer opens it, and
/// reading a device may never end.
TEST_F(HostileModel, OnlyRegularFilesAreRead) {
  for (const char* name : {"model.bin", "config.json", "vocabulary.txt"}) {
    const auto file = folder_.path() / name;
    const std::string bytes = read_file(file);
    std::filesystem::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    const auto fifo = Model::load(folder_.path());
    ASSERT_FALSE(fifo) << name;
    EXPECT_EQ(fifo.error().code, ErrorCode::NotFound);
    EXPECT_NE(fifo.error().message.find(name), std::string::npos) << fifo.error().message;
    EXPECT_NE(fifo.error().message.find("found a FIFO, wanted a regular file"), std::string::npos)
        << fifo.error().message;

    std::filesystem::remove(file);
    std::filesystem::create_symlink("/dev/zero", file);
    const auto device = Model::load(folder_.path());
    ASSERT_FALSE(device) << name;
    EXPECT_NE(device.error().message.find("found a device, wanted a regular file"),
              std::string::npos)
        << device.error().message;
    std::filesystem::remove(file);
    write_file(file, bytes);
  }
  EXPECT_TRUE(Model::load(folder_.path()));
}

}  // namespace
}  // namespace npuwhisper

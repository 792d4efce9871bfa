// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/ggml_file.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "memory_file.h"
#include "model_formats.h"

namespace npuwhisper {
namespace {

constexpr test::SmallSizes kSizes{.n_vocab = 4, .n_audio_ctx = 4, .n_text_ctx = 4};

std::string whole_file() {
  return test::ggml_file(small_whisper(kSizes), kSizes, {"a", " b", ""});
}

Result<GgmlFile> read(std::string_view bytes) {
  const test::MemoryFile memory(bytes);
  const auto file = RegularFile::open(memory.path());
  if (!file) return fail(file.error());
  return read_ggml_file(*file);
}

/// Replaces a 32-bit number of the file.
std::string with_number(std::string file, std::size_t at, std::int32_t number) {
  std::memcpy(file.data() + at, &number, sizeof number);
  return file;
}

/// Returns the position of the header of a tensor: the number of dimensions, the length of the
/// name, the type, and the dimensions. The name follows.
std::size_t header_of(const std::string& file, const std::string& name, std::size_t n_dims) {
  return file.find(name) - 4 * n_dims - 12;
}

TEST(GgmlFile, ReadsTokensAndPlacesOfTensors) {
  const std::string bytes = whole_file();
  const auto file = read(bytes);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->n_audio_head, kSizes.n_head);
  EXPECT_EQ(file->n_text_head, kSizes.n_head);
  EXPECT_EQ(file->tokens, (std::vector<std::string>{"a", " b", ""}));
  const Tensor& convolution = file->tensors.at("encoder.conv1.weight");
  EXPECT_EQ(convolution.type, StoredType::F16);
  EXPECT_EQ(convolution.dims, (std::vector<std::int64_t>{8, 80, 3}));
  const Tensor& bias = file->tensors.at("encoder.conv1.bias");
  EXPECT_EQ(bias.type, StoredType::F32);
  EXPECT_EQ(bias.dims, (std::vector<std::int64_t>{8, 1}));
  float first = 0;
  std::memcpy(&first, bytes.data() + bias.offset, sizeof first);
  EXPECT_EQ(first, small_whisper(kSizes).at("encoder.conv1.bias").values.front());
}

TEST(GgmlFile, SaysWhatIsWrong) {
  const std::string file = whole_file();
  constexpr std::size_t kFileType = 44;
  constexpr std::size_t kFilters = 48;
  const std::size_t n_tokens = kFilters + 8 + 80 * 201 * 4;
  const std::string matrix = "decoder.blocks.0.mlp.0.weight";  // [32, 8]
  const std::size_t header = header_of(file, matrix, 2);
  const std::array<std::tuple<std::string, ErrorCode, std::string>, 9> cases = {{
      {"PK" + file, ErrorCode::Unsupported, "another magic number"},
      {with_number(file, 4, -1), ErrorCode::CorruptModel, "broken header"},
      {with_number(file, kFilters, 1 << 30), ErrorCode::CorruptModel, "mel filters: found"},
      {with_number(file, n_tokens, 1 << 30), ErrorCode::CorruptModel, "broken number of tokens"},
      {with_number(file, n_tokens + 4, 1 << 30), ErrorCode::CorruptModel, "token 0: broken text"},
      {with_number(file, header, 9), ErrorCode::CorruptModel, "broken header of a tensor"},
      {with_number(file, header + 8, 14), ErrorCode::Unsupported,
       "tensor '" + matrix + "': found ggml type 14, wanted f32, f16, q4_0"},
      {with_number(file, header + 8, 6), ErrorCode::Unsupported,
       "found version 0 of quantised weights, wanted 2"},
      {with_number(with_number(file, kFileType, 2008), header + 8, 6), ErrorCode::CorruptModel,
       "tensor '" + matrix + "': found 2 dimensions of q5_0 that do not fit"},
  }};
  for (const auto& [bytes, code, part] : cases) {
    const auto refused = read(bytes);
    ASSERT_FALSE(refused) << part;
    EXPECT_EQ(refused.error().code, code) << part;
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  }
  const auto twice = read(file + file.substr(header, 20 + matrix.size() + 512));
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("found it twice"), std::string::npos)
      << twice.error().message;
}

TEST(GgmlFile, SurvivesAnyChange) {
  const std::string whole = whole_file();
  std::mt19937 random(1);
  for (std::size_t i = 0; i < whole.size(); i += 1 + random() % 64) {
    std::string changed = whole;
    changed[i] = static_cast<char>(random());
    const auto file = read(changed);
    if (!file) continue;
    for (const auto& [name, tensor] : file->tensors) {
      EXPECT_TRUE(stored_bytes(tensor.type, tensor.dims, changed.size() - tensor.offset)) << name;
    }
  }
}

}  // namespace
}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/safetensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "memory_file.h"
#include "model/weights.h"
#include "temporary_folder.h"
#include "vad/silero_weights.h"

namespace npuwhisper {
namespace {

/// Returns a file with `header` and `values`. `length` is the header length that the file declares.
std::vector<std::byte> make_file(const std::string& header, const std::vector<float>& values,
                                 std::uint64_t length) {
  std::vector<std::byte> bytes(8);
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(length >> (8 * i));
  for (const auto part : {std::as_bytes(std::span(header)), std::as_bytes(std::span(values))}) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

std::vector<std::byte> make_file(const std::string& header, const std::vector<float>& values = {}) {
  return make_file(header, values, header.size());
}

std::string tensor(const std::string& entries) {
  return R"({"__metadata__":{"format":"pt"},"a":{)" + entries + "}}";
}

const std::vector<std::int64_t> kDims = {1, 2};

Result<std::vector<float>> read_a(const std::vector<std::byte>& bytes) {
  const test::MemoryFile memory(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  auto file = ModelFile::open(memory.path());
  if (!file) return fail(file.error());
  TensorIndex tensors;
  if (auto done = index_safetensors(file->file, 0, 64 << 10, tensors); !done) {
    return fail(done.error());
  }
  std::vector<ModelFile> files;
  files.push_back(std::move(*file));
  const Weights weights(std::move(files), index_of(tensors));
  const auto variable = weights.get("a", kDims);
  if (!variable) return fail(variable.error());
  return weights.read(**variable);
}

TEST(Safetensors, GivesATensor) {
  const auto file = make_file(tensor(R"("dtype":"F32","shape":[1,2],"data_offsets":[4,12])"),
                              {9.0F, 1.5F, -2.0F});
  const auto values = read_a(file);
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(*values, (std::vector<float>{1.5F, -2.0F}));
}

TEST(Safetensors, RefusesValuesThatAreNoNumbers) {
  const std::string header = tensor(R"("dtype":"F32","shape":[1,2],"data_offsets":[0,8])");
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    const auto values = read_a(make_file(header, {1.5F, value}));
    ASSERT_FALSE(values) << value;
    EXPECT_EQ(values.error().code, ErrorCode::CorruptModel);
    EXPECT_NE(values.error().message.find("variable 'a': found NaN or infinity at 1"),
              std::string::npos)
        << values.error().message;
  }
}

TEST(Safetensors, SaysWhatIsWrongWithATensor) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("dtype":"F16","shape":[1,2],"data_offsets":[0,8])",
       "found 8 bytes for the shape [1,2] of F16"},
      {R"("dtype":"F32","shape":[2,1],"data_offsets":[0,8])", "found [2, 1], wanted [1, 2]"},
      {R"("dtype":"F32","shape":[1,2],"data_offsets":[0,4])",
       "found 4 bytes for the shape [1,2] of F32"},
      {R"("dtype":"F32","shape":[1,2],"data_offsets":[4,12])", "found 4 to 12"},
      {R"("dtype":"F32","shape":[1,2],"data_offsets":[8,0])", "found 8 to 0"},
      {R"("dtype":"F32","shape":[1,2],"data_offsets":[0,99999999999999999999])", "data_offsets"},
      {R"("dtype":"F32","shape":[1,2],"data_offsets":[-8,0])", "data_offsets"},
      {R"("dtype":"F32","shape":[1,2],"data_offsets":[0])", "data_offsets"},
      {R"("dtype":"F32","shape":[1,-2],"data_offsets":[0,8])", "shape"},
      {R"("dtype":"F32","shape":"2","data_offsets":[0,8])", "shape"},
      {R"("dtype":"F32","data_offsets":[0,8])", "shape"},
      {R"("dtype":1,"shape":[1,2],"data_offsets":[0,8])", "dtype"},
  };
  for (const auto& [entries, wanted] : cases) {
    const auto values = read_a(make_file(tensor(entries), {1.5F, -2.0F}));
    ASSERT_FALSE(values) << entries;
    EXPECT_EQ(values.error().code, ErrorCode::CorruptModel);
    EXPECT_NE(values.error().message.find("'a': "), std::string::npos) << values.error().message;
    EXPECT_NE(values.error().message.find(wanted), std::string::npos) << values.error().message;
  }
}

TEST(Safetensors, ReadsHalfPrecision) {
  // Each f32 contains the bits of two 16-bit numbers, 1.5 and -2.
  const float binary16 = std::bit_cast<float>(0xC000'3E00U);
  const float bfloat16 = std::bit_cast<float>(0xC000'3FC0U);
  for (const auto& [type, values] : {std::pair("F16", binary16), std::pair("BF16", bfloat16)}) {
    const auto read = read_a(make_file(
        tensor(R"("dtype":")" + std::string(type) + R"(","shape":[1,2],"data_offsets":[0,4])"),
        {values}));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, (std::vector<float>{1.5F, -2.0F}));
  }
}

/// A tensor that the model does not need may have any type.
TEST(Safetensors, ListsTypesOfOtherModelsAsUnsupported) {
  const auto bytes = make_file(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
                               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                               R"("c":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})",
                               {1.5F, -2.0F});
  const test::MemoryFile memory(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const auto file = RegularFile::open(memory.path());
  ASSERT_TRUE(file);
  TensorIndex tensors;
  ASSERT_TRUE(index_safetensors(*file, 0, 64 << 10, tensors));
  EXPECT_EQ(tensors.at("a").unsupported,
            "found dtype 'F64', wanted F32, F16, BF16, I8, I16 or I32");
  EXPECT_EQ(tensors.at("b").unsupported, "");
  EXPECT_EQ(tensors.at("c").unsupported, "found no values");
  EXPECT_EQ(index_of(tensors).find("a"), nullptr);
}

TEST(Safetensors, RefusesOtherFiles) {
  const std::string header = tensor(R"("dtype":"F32","shape":[1,2],"data_offsets":[0,8])");
  for (const std::uint64_t length : {std::uint64_t{0}, header.size() - 1, header.size() + 9,
                                     std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    EXPECT_FALSE(read_a(make_file(header, {1.5F, -2.0F}, length))) << length;
  }
  for (const std::string text : {"", "[]", "1", R"({"a":1})", R"({"b":{}})", "{", "\xFF\xFE"}) {
    EXPECT_FALSE(read_a(make_file(text))) << text;
  }
  EXPECT_FALSE(read_a(make_file(std::string(100'000, '['))));
  EXPECT_FALSE(read_a({}));
  EXPECT_FALSE(read_a(std::vector<std::byte>(7)));
}

TEST(Safetensors, NamesTheFile) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  const auto missing = SileroWeights::load(path);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_NE(missing.error().message.find(path.string()), std::string::npos);

  std::ofstream(path) << "no tensors";
  const auto other = SileroWeights::load(path);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(other.error().message.find(path.string()), std::string::npos);

  const auto whole = make_file("{}");
  std::ofstream(path).write(reinterpret_cast<const char*>(whole.data()),
                            static_cast<std::streamsize>(whole.size()));
  const auto empty = SileroWeights::load(path);
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().message.find("stft_conv.weight"), std::string::npos);
  EXPECT_FALSE(SileroWeights::load(folder.path()));

  const auto fifo = folder.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto waiting = SileroWeights::load(fifo);
  ASSERT_FALSE(waiting);
  EXPECT_EQ(waiting.error().code, ErrorCode::NotFound);
  EXPECT_NE(waiting.error().message.find("found a FIFO, wanted a regular file"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper

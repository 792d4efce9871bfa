// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <string>

#include "ct2_writer.h"
#include "model/weights_file.h"
#include "temporary_folder.h"

namespace npuwhisper {
namespace {

using test::Ct2Writer;

using Dims = std::vector<std::int64_t>;

Result<WeightsIndex> index_of(const std::string& file) {
  return index_weights_file(std::as_bytes(std::span(file)));
}

Error error_of(const Ct2Writer& writer) {
  const auto index = index_of(writer.finish());
  return index ? Error{ErrorCode::Cancelled, "no error"} : index.error();
}

class MappedWeights : public testing::Test {
 protected:
  std::shared_ptr<const Weights> load(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary) << bytes;
    auto weights = Weights::load(file_);
    EXPECT_TRUE(weights) << weights.error().message;
    return weights ? *weights : nullptr;
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "model.bin";
};

TEST_F(MappedWeights, ReadsVariablesAndAliases) {
  Ct2Writer writer;
  // A name of odd length leaves what follows unaligned.
  writer.add("half", Dims{2, 3}, DataType::F16,
             std::array{0.5F, 1.0F, -2.0F, 0.0F, 65504.0F, 0x1p-23F});
  writer.add("single", Dims{4}, DataType::F32, std::array{1.5F, -0.1F, 3e30F, 1e-40F});
  writer.add_i16("count", -12);
  writer.add_alias("other", "single");
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);

  EXPECT_EQ(std::vector(weights->names().begin(), weights->names().end()),
            (std::vector<std::string>{"half", "single", "count", "other"}));
  const WeightView* const single = weights->find("single");
  ASSERT_TRUE(single);
  EXPECT_EQ(single->type, DataType::F32);
  EXPECT_EQ(single->dims, (Dims{4}));
  EXPECT_EQ(single->read(), (std::vector{1.5F, -0.1F, 3e30F, 1e-40F}));
  ASSERT_TRUE(weights->find("other"));
  EXPECT_EQ(weights->find("other")->bytes.data(), single->bytes.data());
  EXPECT_EQ(weights->find("count")->read(), (std::vector{-12.0F}));
  EXPECT_EQ(weights->find("count")->n_rows(), 1);
  EXPECT_EQ(weights->find("nothing"), nullptr);

  const WeightView* const half = weights->find("half");
  ASSERT_TRUE(half);
  EXPECT_EQ(half->n_elements(), 6);
  std::array<float, 3> row{};
  half->read_rows(1, 1, row);
  EXPECT_EQ(row, (std::array{0.0F, 65504.0F, 0x1p-23F}));
}

TEST_F(MappedWeights, GetChecksDimensions) {
  Ct2Writer writer;
  writer.add("x", Dims{1, 2}, DataType::F32, std::array{1.0F, 2.0F});
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  EXPECT_TRUE(weights->get("x", Dims{1, 2}));
  const auto turned = weights->get("x", Dims{2, 1});
  ASSERT_FALSE(turned);
  EXPECT_EQ(turned.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(turned.error().message.find("variable 'x': found [1, 2], wanted [2, 1]"),
            std::string::npos)
      << turned.error().message;
  const auto missing = weights->get("y", Dims{1});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("variable 'y' is not there"), std::string::npos);
}

/// Bytes of `file` that are in this process's memory.
std::size_t resident_bytes(const std::filesystem::path& file) {
  std::ifstream smaps("/proc/self/smaps");
  std::string line;
  bool in_file = false;
  std::size_t kilobytes = 0;
  while (std::getline(smaps, line)) {
    if (line.ends_with(file.string())) in_file = true;
    if (in_file && line.starts_with("Rss:")) {
      kilobytes += std::stoul(line.substr(4));
      in_file = false;
    }
  }
  return kilobytes * 1024;
}

TEST_F(MappedWeights, ReleaseGivesPagesBackAndKeepsValues) {
  constexpr std::size_t kElements = 300'001;
  // Linux maps neighbours of what is touched in pieces of 64 KiB or, newer ones, of a large folio.
  constexpr std::size_t kSlack = 512 << 10;
  Ct2Writer writer;
  for (const char* name : {"a", "b", "c"}) {
    std::vector<float> values(kElements);
    for (std::size_t i = 0; i < kElements; ++i) values[i] = static_cast<float>(i % 1000);
    writer.add(name, Dims{kElements}, DataType::F32, values);
  }
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  EXPECT_LE(resident_bytes(file_), kSlack) << "after load";

  const auto values = weights->find("a")->read();
  for (const std::string& name : weights->names()) EXPECT_EQ(weights->find(name)->read(), values);
  EXPECT_GE(resident_bytes(file_), 3 * kElements * sizeof(float));
  for (const std::string& name : weights->names()) weights->release(*weights->find(name));
  EXPECT_LE(resident_bytes(file_), kSlack);
  for (const std::string& name : weights->names()) EXPECT_EQ(weights->find(name)->read(), values);
}

TEST_F(MappedWeights, ReadRowLeavesThePagesOut) {
  constexpr std::size_t kRows = 5;
  constexpr std::size_t kColumns = 100'003;  // More than a piece, and not a multiple of one.
  std::vector<float> values(kRows * kColumns);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1009);
  Ct2Writer writer;
  writer.add("odd", Dims{1}, DataType::F16, std::array{1.0F});
  writer.add("half", Dims{kRows, kColumns}, DataType::F16, values);
  writer.add("single", Dims{kRows, kColumns}, DataType::F32, values);
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  weights->release_all();
  const std::size_t before = resident_bytes(file_);
  std::vector<float> row(kColumns);
  for (const char* name : {"half", "single"}) {
    for (const std::size_t i : {std::size_t{3}, std::size_t{0}, kRows - 1}) {
      ASSERT_TRUE(weights->read_row(*weights->find(name), static_cast<std::int64_t>(i), row));
      EXPECT_TRUE(std::equal(row.begin(), row.end(),
                             values.begin() + static_cast<std::ptrdiff_t>(i * kColumns)))
          << name << " " << i;
    }
  }
  EXPECT_EQ(resident_bytes(file_), before);
}

TEST_F(MappedWeights, ReadRowSaysWhenTheFileWasShortened) {
  constexpr std::size_t kColumns = 100'000;
  Ct2Writer writer;
  writer.add("x", Dims{2, kColumns}, DataType::F32, std::vector<float>(2 * kColumns));
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  std::filesystem::resize_file(file_, kColumns * sizeof(float));
  std::vector<float> row(kColumns);
  const auto read = weights->read_row(*weights->find("x"), 1, row);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::Unavailable);
  EXPECT_NE(read.error().message.find("the file was shortened"), std::string::npos);
}

TEST(WeightsLoad, SaysWhatIsWrongWithTheFile) {
  const test::TemporaryFolder folder;
  const auto missing = Weights::load(folder.path() / "model.bin");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);

  const auto not_a_file = Weights::load(folder.path());
  ASSERT_FALSE(not_a_file);
  EXPECT_EQ(not_a_file.error().code, ErrorCode::NotFound);

  std::ofstream(folder.path() / "empty").close();
  const auto empty = Weights::load(folder.path() / "empty");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::CorruptModel);
}

TEST(WeightsFile, RefusesWhatItDoesNotKnow) {
  Error error = error_of(Ct2Writer({.version = 5}));
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_NE(error.message.find("found 5, wanted 6"), std::string::npos) << error.message;

  error = error_of(Ct2Writer({.spec = "TransformerSpec"}));
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_NE(error.message.find("TransformerSpec"), std::string::npos) << error.message;

  error = error_of(Ct2Writer({.revision = 2}));
  EXPECT_EQ(error.code, ErrorCode::Unsupported);

  Ct2Writer quantised;
  quantised.add_raw("encoder/conv1/weight", Dims{2}, 1, "ab");
  quantised.add("encoder/conv1/weight_scale", Dims{1}, DataType::F32, std::array{1.0F});
  error = error_of(quantised);
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_NE(error.message.find("float16 or float32"), std::string::npos) << error.message;
}

TEST(WeightsFile, RefusesContradictions) {
  const auto expect_corrupt = [](const Ct2Writer& writer, std::string_view part) {
    const Error error = error_of(writer);
    EXPECT_EQ(error.code, ErrorCode::CorruptModel);
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  };
  const auto add_one = [&](const Dims& dims, std::uint8_t type, std::string_view data) {
    Ct2Writer writer;
    writer.add_raw("x", dims, type, data);
    return writer;
  };
  expect_corrupt(add_one({3}, 4, "four"), "4 bytes do not hold [3] of f16");
  expect_corrupt(add_one({2}, 4, "five!"), "5 bytes do not hold [2] of f16");
  expect_corrupt(add_one({0}, 4, ""), "0 bytes do not hold [0] of f16");
  expect_corrupt(add_one({}, 6, "a"), "found type 6, wanted 0 to 5");
  // 2^32 - 1 to the second is far above what 64 bits of bytes hold: the product must not wrap.
  expect_corrupt(add_one(Dims(3, 0xFFFFFFFF), 0, "abcd"), "do not hold");
  expect_corrupt(add_one(Dims(64, 2), 1, "a"), "do not hold");

  Ct2Writer twice;
  twice.add_i8("x", 1);
  twice.add_i8("x", 2);
  expect_corrupt(twice, "variable 'x' is there twice");
  Ct2Writer dangling;
  dangling.add_alias("y", "x");
  expect_corrupt(dangling, "alias 'y' of 'x', which is not there");
  Ct2Writer hidden;
  hidden.add_i8("x", 1);
  hidden.add_alias("x", "x");
  expect_corrupt(hidden, "alias 'x' is there twice");

  const auto longer = index_of(Ct2Writer().finish() + "!");
  ASSERT_FALSE(longer);
  EXPECT_NE(longer.error().message.find("bytes after the end: found 1"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper

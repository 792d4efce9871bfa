// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>

#include "ct2_writer.h"
#include "memory_file.h"
#include "model/ctranslate2_file.h"
#include "temporary_folder.h"

namespace npuwhisper {
namespace {

using test::Ct2Writer;

using Dims = std::vector<std::int64_t>;

Result<WeightsIndex> index_of(const std::string& bytes) {
  const auto file = RegularFile::open(test::MemoryFile(bytes).path());
  if (!file) return fail(file.error());
  return index_ctranslate2(*file);
}

Error error_of(const Ct2Writer& writer) {
  const auto index = index_of(writer.finish());
  return index ? Error{ErrorCode::Cancelled, "no error"} : index.error();
}

class StoredWeights : public testing::Test {
 protected:
  std::shared_ptr<const Weights> load(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary) << bytes;
    auto weights = Weights::load(file_);
    EXPECT_TRUE(weights) << weights.error().message;
    return weights ? *weights : nullptr;
  }

  static std::vector<float> read(const Weights& weights, const Variable& variable) {
    auto values = weights.read(variable);
    EXPECT_TRUE(values) << values.error().message;
    return values ? *values : std::vector<float>();
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "model.bin";
};

TEST_F(StoredWeights, ReadsVariablesAndAliases) {
  Ct2Writer writer;
  // A name of odd length leaves the following data unaligned.
  writer.add("half", Dims{2, 3}, DataType::F16,
             std::array{0.5F, 1.0F, -2.0F, 0.0F, 65504.0F, 0x1p-23F});
  writer.add("single", Dims{4}, DataType::F32, std::array{1.5F, -0.1F, 3e30F, 1e-40F});
  writer.add_i16("count", -12);
  writer.add_alias("other", "single");
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);

  const Variable* const single = weights->find("single");
  ASSERT_TRUE(single);
  EXPECT_EQ(single->name, "single");
  EXPECT_EQ(single->type, StoredType::F32);
  EXPECT_EQ(single->dims, (Dims{4}));
  EXPECT_EQ(read(*weights, *single), (std::vector{1.5F, -0.1F, 3e30F, 1e-40F}));
  EXPECT_EQ(weights->find("other"), single);
  ASSERT_TRUE(weights->find("count"));
  EXPECT_EQ(read(*weights, *weights->find("count")), (std::vector{-12.0F}));
  EXPECT_EQ(weights->find("count")->n_rows(), 1);
  EXPECT_EQ(weights->find("nothing"), nullptr);

  const Variable* const half = weights->find("half");
  ASSERT_TRUE(half);
  EXPECT_EQ(half->n_elements(), 6);
  std::array<float, 3> row{};
  ASSERT_TRUE(weights->read_rows(*half, 1, row));
  EXPECT_EQ(row, (std::array{0.0F, 65504.0F, 0x1p-23F}));
  const auto stored = weights->read_stored(*half);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->size(), 12U);
}

TEST_F(StoredWeights, GetChecksDimensions) {
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

TEST_F(StoredWeights, ReadRowsOfAnyLength) {
  constexpr std::size_t kRows = 5;
  // weights.cpp reads data in pieces. A row is longer than a piece, and not a multiple of a piece.
  constexpr std::size_t kColumns = 100'003;
  std::vector<float> values(kRows * kColumns);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1009);
  Ct2Writer writer;
  writer.add("odd", Dims{1}, DataType::F16, std::array{1.0F});
  writer.add("half", Dims{kRows, kColumns}, DataType::F16, values);
  writer.add("single", Dims{kRows, kColumns}, DataType::F32, values);
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  for (const char* name : {"half", "single"}) {
    for (const auto& [first, n] : {std::pair{3, 1}, std::pair{0, 1}, std::pair{1, 4}}) {
      std::vector<float> rows(static_cast<std::size_t>(n) * kColumns);
      ASSERT_TRUE(weights->read_rows(*weights->find(name), first, rows));
      EXPECT_TRUE(std::equal(rows.begin(), rows.end(),
                             values.begin() + static_cast<std::ptrdiff_t>(first * kColumns)))
          << name << " " << first;
    }
  }
}

TEST_F(StoredWeights, SaysWhenTheFileWasShortened) {
  constexpr std::size_t kColumns = 100'000;
  Ct2Writer writer;
  writer.add("x", Dims{2, kColumns}, DataType::F32, std::vector<float>(2 * kColumns));
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  std::filesystem::resize_file(file_, kColumns * sizeof(float));
  std::vector<float> row(kColumns);
  const auto read = weights->read_rows(*weights->find("x"), 1, row);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::Unavailable);
  EXPECT_NE(read.error().message.find("found 400000 bytes, wanted at least"), std::string::npos)
      << read.error().message;
  EXPECT_NE(read.error().message.find("the file was shortened"), std::string::npos);
}

TEST_F(StoredWeights, RefusesValuesThatAreNoNumbers) {
  std::vector<float> values(3000, 1.0F);
  values[2500] = -INFINITY;
  Ct2Writer writer;
  writer.add("x", Dims{3, 1000}, DataType::F32, values);
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  const Variable& x = *weights->find("x");
  std::vector<float> rows(2000);
  EXPECT_TRUE(weights->read_rows(x, 0, rows));
  const auto whole = weights->read(x);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(whole.error().message.find("variable 'x': found NaN or infinity at 2500"),
            std::string::npos)
      << whole.error().message;
  EXPECT_FALSE(weights->read_stored(x));
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
  EXPECT_NE(not_a_file.error().message.find("found a folder, wanted a regular file"),
            std::string::npos)
      << not_a_file.error().message;

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
}

TEST_F(StoredWeights, DividesIntegersByTheirScales) {
  Ct2Writer writer;
  writer.add_raw("rows/weight", Dims{2, 3}, 1, "\x01\x02\x03\xFF\x7F\x80");
  writer.add("rows/weight_scale", Dims{2}, DataType::F32, std::array{2.0F, 0.5F});
  writer.add_raw("whole/weight", Dims{2, 1}, 2, std::string_view("\x00\x01\xFF\xFF", 4));
  writer.add("whole/weight_scale", Dims{}, DataType::F32, std::array{4.0F});
  writer.add_raw("plain", Dims{1}, 1, "\x05");
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  const Variable& rows = *weights->find("rows/weight");
  EXPECT_TRUE(rows.is_real());
  EXPECT_EQ(read(*weights, rows), (std::vector{0.5F, 1.0F, 1.5F, -2.0F, 254.0F, -256.0F}));
  std::vector<float> second(3);
  ASSERT_TRUE(weights->read_rows(rows, 1, second));
  EXPECT_EQ(second, (std::vector{-2.0F, 254.0F, -256.0F}));
  EXPECT_EQ(read(*weights, *weights->find("whole/weight")), (std::vector{64.0F, -0.25F}));
  EXPECT_FALSE(weights->find("plain")->is_real());
}

/// Only weights have scales: a number of heads with a scale would not be an integer.
TEST_F(StoredWeights, FindsScalesByTheirNameOrAlias) {
  Ct2Writer writer;
  writer.add_raw("a/weight", Dims{1, 1}, 1, "\x03");
  writer.add("shared", Dims{1}, DataType::F32, std::array{2.0F});
  writer.add_alias("a/weight_scale", "shared");
  writer.add_alias("b/weight", "a/weight");
  writer.add_i16("num_heads", 8);
  writer.add("num_heads_scale", Dims{}, DataType::F32, std::array{0.9F});
  const auto weights = load(writer.finish());
  ASSERT_TRUE(weights);
  EXPECT_EQ(read(*weights, *weights->find("b/weight")), (std::vector{1.5F}));
  EXPECT_FALSE(weights->find("num_heads")->is_real());
  EXPECT_EQ(read(*weights, *weights->find("num_heads")), (std::vector{8.0F}));
}

TEST_F(StoredWeights, RefusesScalesThatAreNotPositive) {
  for (const float scale : {0.0F, -1.0F, NAN, 1e-45F, 3e-39F}) {
    Ct2Writer writer;
    writer.add_raw("x/weight", Dims{1, 1}, 1, "\x7F");
    writer.add("x/weight_scale", Dims{1}, DataType::F32, std::array{scale});
    const auto weights = load(writer.finish());
    ASSERT_TRUE(weights);
    const auto values = weights->read(*weights->find("x/weight"));
    ASSERT_FALSE(values) << scale;
    EXPECT_EQ(values.error().code, ErrorCode::CorruptModel);
    EXPECT_NE(values.error().message.find("of row 0, wanted a number above 0 that keeps"),
              std::string::npos)
        << values.error().message;
  }
}

TEST_F(StoredWeights, JoinsTheRowsOfSeveralParts) {
  Ct2Writer writer;
  writer.add("first", Dims{1, 2}, DataType::F32, std::array{1.0F, 2.0F});
  writer.add("last", Dims{2, 2}, DataType::F32, std::array{3.0F, 4.0F, 5.0F, 6.0F});
  std::ofstream(file_, std::ios::binary) << writer.finish();
  auto file = ModelFile::open(file_);
  ASSERT_TRUE(file);
  const auto stored = index_ctranslate2(file->file);
  ASSERT_TRUE(stored);
  WeightsIndex index;
  index.add({.name = "joined",
             .dims = {5, 2},
             .parts = {stored->find("first")->parts.front(),
                       {.n_rows = 2},
                       stored->find("last")->parts.front()}});
  std::vector<ModelFile> files;
  files.push_back(std::move(*file));
  const Weights weights(std::move(files), std::move(index));
  const Variable& joined = *weights.find("joined");
  EXPECT_EQ(joined.n_bytes(), 6 * sizeof(float)) << "zeros are stored nowhere";
  const std::vector<float> all = {1, 2, 0, 0, 0, 0, 3, 4, 5, 6};
  EXPECT_EQ(read(weights, joined), all);
  for (std::int64_t first = 0; first < 5; ++first) {
    for (std::int64_t n = 1; first + n <= 5; ++n) {
      std::vector<float> rows(static_cast<std::size_t>(2 * n));
      ASSERT_TRUE(weights.read_rows(joined, first, rows));
      EXPECT_TRUE(std::equal(rows.begin(), rows.end(), all.begin() + 2 * first))
          << first << " " << n;
    }
  }
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
  // The product (2^32 - 1)^3 far exceeds 64 bits and must not wrap.
  expect_corrupt(add_one(Dims(3, 0xFFFFFFFF), 0, "abcd"), "do not hold");
  expect_corrupt(add_one(Dims(8, 256), 1, "a"), "do not hold");
  expect_corrupt(add_one(Dims(9, 1), 1, "a"), "found 9 dimensions, wanted at most 8");

  Ct2Writer twice;
  twice.add_i8("x", 1);
  twice.add_i8("x", 2);
  expect_corrupt(twice, "variable 'x' is listed twice");
  Ct2Writer dangling;
  dangling.add_alias("y", "x");
  expect_corrupt(dangling, "alias 'y' of 'x', which does not exist");
  Ct2Writer hidden;
  hidden.add_i8("x", 1);
  hidden.add_alias("x", "x");
  expect_corrupt(hidden, "alias 'x' is listed twice");

  const auto longer = index_of(Ct2Writer().finish() + "!");
  ASSERT_FALSE(longer);
  EXPECT_NE(longer.error().message.find("bytes after the end: found 1"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper

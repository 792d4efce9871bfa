// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/read_weights.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "ct2_writer.h"
#include "simd/panel_matrix.h"
#include "temporary_folder.h"

namespace npuwhisper::cpu {
namespace {

Failure failure_of(std::size_t i) {
  return fail(ErrorCode::CorruptModel, "index " + std::to_string(i));
}

TEST(ForEachIndex, EachIndexOnce) {
  ThreadPool pool(3);
  for (const std::size_t n : {0U, 1U, 2U, 1000U}) {
    std::vector<std::atomic<int>> calls(n);
    const auto done = for_each_index(pool, n, [&](unsigned thread, std::size_t i) -> Result<void> {
      EXPECT_LT(thread, 3U);
      ++calls[i];
      return {};
    });
    EXPECT_TRUE(done);
    for (const auto& count : calls) EXPECT_EQ(count, 1);
  }
}

TEST(ForEachIndex, TheSmallestFailureIsReturned) {
  ThreadPool pool(3);
  for (int round = 0; round < 100; ++round) {
    const auto done = for_each_index(pool, 1000, [](unsigned, std::size_t i) -> Result<void> {
      return i >= 7 ? failure_of(i) : Result<void>();
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "index 7");
  }
}

TEST(ForEachIndex, ExceptionsReachTheCaller) {
  ThreadPool pool(2);
  const auto throw_at_ten = [](unsigned, std::size_t i) -> Result<void> {
    if (i == 10) throw std::runtime_error("ten");
    return {};
  };
  EXPECT_THROW((void)for_each_index(pool, 100, throw_at_ten), std::runtime_error);
  EXPECT_TRUE(for_each_index(pool, 5, throw_at_ten)) << "the pool is still usable";
}

/// Loads the weights of model files with one variable, "w", of the shape [n, k].
class ReadWeights : public ::testing::Test {
 protected:
  std::shared_ptr<const Weights> load(const std::vector<float>& values, std::int64_t n,
                                      std::int64_t k) {
    test::Ct2Writer writer;
    writer.add("w", std::array{n, k}, DataType::F32, values);
    const auto path = folder_.path() / "model.bin";
    std::ofstream(path, std::ios::binary) << writer.finish();
    auto weights = Weights::load(path);
    if (!weights) ADD_FAILURE() << weights.error().message;
    return weights ? *weights : nullptr;
  }
  test::TemporaryFolder folder_;
  ThreadPool pool_{3};
};

std::vector<float> counted(std::size_t n) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i);
  return values;
}

TEST_F(ReadWeights, EachRowOnceWithItsValues) {
  constexpr std::size_t kRows = 37, kColumns = 5;
  const auto values = counted(kRows * kColumns);
  const auto weights = load(values, kRows, kColumns);
  ASSERT_NE(weights, nullptr);
  std::vector<float> found(values.size(), -1.0F);
  std::array<std::atomic<int>, kRows> calls = {};
  const auto done =
      each_row(*weights, *weights->find("w"), pool_, [&](std::size_t row, std::span<float> r) {
        ++calls[row];
        std::memcpy(&found[row * kColumns], r.data(), r.size_bytes());
      });
  EXPECT_TRUE(done);
  EXPECT_EQ(found, values);
  for (const auto& count : calls) EXPECT_EQ(count, 1);
}

TEST_F(ReadWeights, TheFirstRowThatIsNotFiniteIsNamed) {
  auto values = counted(100 * 8);
  for (std::size_t row = 20; row < 100; ++row) {
    values[row * 8 + 3] = std::numeric_limits<float>::quiet_NaN();
  }
  const auto weights = load(values, 100, 8);
  ASSERT_NE(weights, nullptr);
  const auto done =
      each_row(*weights, *weights->find("w"), pool_, [](std::size_t, std::span<float>) {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(done.error().message.find(std::to_string(20 * 8 + 3)), std::string::npos)
      << done.error().message;
}

TEST_F(ReadWeights, PanelsAreThoseOfOneThread) {
  constexpr std::size_t kRows = 200, kColumns = 100;
  const auto values = counted(kRows * kColumns);
  const auto weights = load(values, kRows, kColumns);
  ASSERT_NE(weights, nullptr);
  for (const DataType type : {DataType::I8, DataType::F16, DataType::F32}) {
    const auto found = read_panels(*weights, *weights->find("w"), type, pool_);
    ASSERT_TRUE(found);
    const auto wanted = PanelMatrix::pack(values, kRows, kColumns, type);
    ASSERT_EQ(found->bytes(), wanted.bytes());
    for (std::size_t i = 0; i < wanted.n_panels(); ++i) {
      const auto bytes = type == DataType::I8 ? int8_panel_bytes(kColumns)
                                              : kColumns * kPanelColumns * size_of(type);
      EXPECT_EQ(std::memcmp(found->panel(i), wanted.panel(i), bytes), 0);
      for (std::size_t j = 0; type == DataType::I8 && j < 2 * kPanelColumns; ++j) {
        EXPECT_EQ(found->scales(i)[j], wanted.scales(i)[j]);
      }
    }
  }
}

}  // namespace
}  // namespace npuwhisper::cpu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/server/decoder_slots.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace npuwhisper::server {
namespace {

void run_main_context() {
  while (g_main_context_iteration(nullptr, FALSE) != FALSE) {
  }
}

class DecoderSlotsTest : public ::testing::Test {
 protected:
  std::unique_ptr<DecoderSlots::Place> enter(std::uint64_t n_bytes) {
    return slots_.enter(n_bytes, [this, n_bytes] { started_.push_back(n_bytes); });
  }

  DecoderSlots slots_{2};
  std::vector<std::uint64_t> started_;
};

TEST_F(DecoderSlotsTest, TheSmallestUploadIsNext) {
  auto a = enter(5);
  auto b = enter(4);
  auto c = enter(3);
  auto d = enter(2);
  EXPECT_TRUE(started_.empty());
  run_main_context();
  EXPECT_EQ(started_, (std::vector<std::uint64_t>{2, 3}));
  c.reset();
  run_main_context();
  EXPECT_EQ(started_, (std::vector<std::uint64_t>{2, 3, 4}));
}

TEST_F(DecoderSlotsTest, APlaceThatIsGivenUpDoesNotStart) {
  auto a = enter(1);
  auto b = enter(2);
  auto c = enter(3);
  auto d = enter(4);
  run_main_context();
  c.reset();
  a.reset();
  run_main_context();
  EXPECT_EQ(started_, (std::vector<std::uint64_t>{1, 2, 4}));
}

TEST_F(DecoderSlotsTest, StartMayGiveUpThePlace) {
  std::unique_ptr<DecoderSlots::Place> failing;
  failing = slots_.enter(1, [&] { failing.reset(); });
  auto a = enter(2);
  auto b = enter(3);
  run_main_context();
  EXPECT_EQ(failing, nullptr);
  EXPECT_EQ(started_, (std::vector<std::uint64_t>{2, 3}));
}

}  // namespace
}  // namespace npuwhisper::server

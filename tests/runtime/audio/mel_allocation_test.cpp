// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <vector>

#include "audio/mel_frontend.h"
#include "counted_new.h"

namespace npuwhisper {
namespace {

TEST(MelAllocation, NothingAllocatesAfterCreate) {
  const std::vector<float> pcm(16'000, 0.25F);
  std::vector<float> out(std::size_t{300} * 80);
  const long before_create = test::n_allocations();
  auto mel = MelFrontend::create(80, 300);
  ASSERT_TRUE(mel);
  EXPECT_GT(test::n_allocations(), before_create) << "the counter does not count";

  const long before = test::n_allocations();
  for (int stream = 0; stream < 3; ++stream) {
    for (int second = 0; second < 20; ++second) {
      for (std::size_t at = 0; at < pcm.size(); at += 1'000) {
        (*mel)->push(std::span(pcm).subspan(at, 1'000));
      }
      EXPECT_TRUE((*mel)->window((*mel)->first_frame(), 300, 300, out));
      (*mel)->discard_before((*mel)->end_frame() - 100);
    }
    (*mel)->finish();
    EXPECT_TRUE((*mel)->window((*mel)->first_frame(), 300, 300, out));
    (*mel)->reset();
  }
  EXPECT_EQ(test::n_allocations(), before);
}

}  // namespace
}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/finalization.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "programs/common/gst_owned.h"

namespace npuwhisper::cli {
namespace {

using namespace std::chrono_literals;

class FinalizationTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { gst_init(nullptr, nullptr); }

  Owned<GstElement> element_{GST_ELEMENT(gst_object_ref_sink(gst_bin_new(nullptr)))};
  const Finalization finalization_{element_.get()};
};

TEST_F(FinalizationTest, EndsAtOnceIfNobodyElseHoldsTheElement) {
  element_.reset();
  EXPECT_TRUE(finalization_.wait(0ns));
}

TEST_F(FinalizationTest, WaitsForAThreadThatHoldsTheElement) {
  std::jthread holder([element = gst_object_ref(element_.get())] {
    std::this_thread::sleep_for(50ms);
    gst_object_unref(element);
  });
  element_.reset();
  EXPECT_FALSE(finalization_.wait(0ns));
  EXPECT_TRUE(finalization_.wait());
}

TEST_F(FinalizationTest, GivesUpOnAnElementThatIsKept) {
  EXPECT_FALSE(finalization_.wait(10ms));
}

}  // namespace
}  // namespace npuwhisper::cli

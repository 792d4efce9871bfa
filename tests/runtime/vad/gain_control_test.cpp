// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/gain_control.h"

#include <gtest/gtest.h>

#include <vector>

namespace npuwhisper {
namespace {

std::vector<float> step_of(float level) {
  return std::vector<float>(512, level);
}

TEST(GainControl, LeavesUsualLevelsAlone) {
  GainControl control;
  EXPECT_EQ(control.gain_for(step_of(0.1F)), 1.0F);
  EXPECT_EQ(control.gain_for(step_of(1.0F)), 1.0F);
}

TEST(GainControl, BringsQuietAudioUpByAtMost40Decibels) {
  GainControl control;
  EXPECT_EQ(control.gain_for(step_of(0.0F)), 100.0F);
  EXPECT_NEAR(control.gain_for(step_of(0.003F)), 10.0F, 0.01F);
  control.reset();
  EXPECT_EQ(control.gain_for(step_of(0.00001F)), 100.0F);
}

TEST(GainControl, ComesDownAtOnceAndGoesUpBy2DecibelsASecond) {
  GainControl control;
  control.gain_for(step_of(0.0F));
  EXPECT_EQ(control.gain_for(step_of(0.03F)), 1.0F);
  float gain = 0;
  for (int i = 0; i < 10 * 1000 / 32; ++i) gain = control.gain_for(step_of(0.0F));
  EXPECT_NEAR(gain, 10.0F, 0.2F);
  control.reset();
  EXPECT_EQ(control.gain_for(step_of(0.0F)), 100.0F);
}

}  // namespace
}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/mel_filterbank.h"

#include <gtest/gtest.h>

#include <vector>

namespace npuwhisper {
namespace {

TEST(MelFilterbank, RejectsImpossibleSizes) {
  for (const int n_mels : {-1, 0, 1025}) {
    const auto bank = MelFilterbank::create(n_mels, 400, 16000);
    ASSERT_FALSE(bank) << n_mels;
    EXPECT_EQ(bank.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(bank.error().message.find(std::to_string(n_mels)), std::string::npos);
  }
  EXPECT_FALSE(MelFilterbank::create(80, 1, 16000));
  EXPECT_FALSE(MelFilterbank::create(80, 400, 0));
}

/// The corners of the triangles are computed by hand. Below 1000 Hz, 3 mel are 200 Hz. 8000 Hz is
/// 15 + 27 ln 8 / ln 6.4 = 45.2456 mel. Below 1000 Hz, the 80 triangles are therefore
/// 45.2456 / 81 * 66.667 = 37.2392 Hz apart. The bins are 40 Hz apart.
TEST(MelFilterbank, LinearPartByHand) {
  const auto bank = MelFilterbank::create(80, 400, 16000);
  ASSERT_TRUE(bank);
  EXPECT_EQ(bank->n_mels(), 80);
  EXPECT_EQ(bank->n_bins(), 201);
  const double spacing = 37.2392;
  const double height = 1.0 / spacing;  // The triangle has area 1 and a base of two spacings.
  EXPECT_NEAR(bank->weight(0, 1), height * (2 * spacing - 40) / spacing, 1e-7);
  EXPECT_NEAR(bank->weight(1, 1), height * (40 - spacing) / spacing, 1e-7);
  EXPECT_EQ(bank->weight(0, 0), 0);
  EXPECT_EQ(bank->weight(0, 2), 0);
  EXPECT_EQ(bank->weight(79, 200), 0);
}

/// Each triangle has area 1. If a triangle covers several bins of 40 Hz, its weights therefore sum
/// to about 1/40.
TEST(MelFilterbank, TrianglesHaveAreaOne) {
  const auto bank = MelFilterbank::create(80, 400, 16000);
  ASSERT_TRUE(bank);
  for (int m = 60; m < 80; ++m) {
    double area = 0;
    for (int k = 0; k < 201; ++k) area += bank->weight(m, k) * 40.0;
    EXPECT_NEAR(area, 1, 0.03) << m;
  }
}

TEST(MelFilterbank, AppliesItsWeights) {
  for (const int n_mels : {1, 80, 128, 1024}) {
    const auto bank = MelFilterbank::create(n_mels, 400, 16000);
    ASSERT_TRUE(bank);
    std::vector<float> power(201);
    for (std::size_t k = 0; k < power.size(); ++k) power[k] = static_cast<float>(k * k % 17);
    std::vector<float> mel(static_cast<std::size_t>(n_mels), -1.0F);
    bank->apply(power, mel);
    for (int m = 0; m < n_mels; ++m) {
      double wanted = 0;
      for (int k = 0; k < 201; ++k)
        wanted += bank->weight(m, k) * power[static_cast<std::size_t>(k)];
      EXPECT_NEAR(mel[static_cast<std::size_t>(m)], wanted, 1e-6 * (1 + wanted))
          << n_mels << " " << m;
    }
  }
}

}  // namespace
}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/compression_ratio.h"

#include <gtest/gtest.h>

#include <string>

namespace npuwhisper {
namespace {

// The expected values come from Python 3.11: len(text) / len(zlib.compress(text)).
TEST(CompressionRatio, AgreesWithPython) {
  CompressionRatio ratio(1024);
  EXPECT_EQ(ratio(""), 0);
  EXPECT_FLOAT_EQ(ratio("a"), 1 / 9.0F);
  EXPECT_FLOAT_EQ(
      ratio("And so, my fellow Americans, ask not what your country can do for you, ask "
            "what you can do for your country."),
      108 / 80.0F);
}

TEST(CompressionRatio, IsHighForALoop) {
  CompressionRatio ratio(16);  // Shorter than the text on purpose, so that the buffer must grow.
  std::string loop;
  for (int i = 0; i < 40; ++i) loop += " Thank you.";
  EXPECT_GT(ratio(loop), 2.4F);
  EXPECT_FLOAT_EQ(ratio("a"), 1 / 9.0F) << "nothing is left of the text before";
}

}  // namespace
}  // namespace npuwhisper

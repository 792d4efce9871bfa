// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <npuwhisper/npu_stages.h>

namespace npuwhisper {
namespace {

TEST(NpuStages, SurviveTheirText) {
  for (int bits = 0; bits < 8; ++bits) {
    const NpuStages stages{
        .mel = (bits & 1) != 0, .encoder = (bits & 2) != 0, .decoder = (bits & 4) != 0};
    const auto parsed = parse_npu_stages(to_string(stages));
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, stages) << to_string(stages);
  }
  EXPECT_EQ(to_string(NpuStages{}), "auto");
  EXPECT_EQ(to_string(NpuStages{.mel = true, .decoder = true}), "mel,decoder");
}

TEST(NpuStages, AcceptsAnyOrder) {
  const auto parsed = parse_npu_stages("decoder,encoder,decoder");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, (NpuStages{.encoder = true, .decoder = true}));
}

TEST(NpuStages, NameTheChoices) {
  for (const char* text : {"", "mel,", "encoder,auto", "Mel", "mel encoder"}) {
    const auto parsed = parse_npu_stages(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_EQ(
      parse_npu_stages("encoder,gpu").error().message,
      "npu-stages: found 'gpu', wanted auto or a comma-separated list of mel, encoder, decoder");
}

}  // namespace
}  // namespace npuwhisper

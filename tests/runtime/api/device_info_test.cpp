// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <npuwhisper/device_info.h>

namespace npuwhisper {
namespace {

TEST(DeviceKind, SurvivesItsText) {
  for (const DeviceKind kind : {DeviceKind::Auto, DeviceKind::Cpu, DeviceKind::Npu}) {
    const auto parsed = parse_device_kind(to_string(kind));
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, kind);
  }
}

TEST(DeviceKind, NamesTheChoices) {
  const auto parsed = parse_device_kind("gpu");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(parsed.error().message, "device: found 'gpu', wanted one of auto, cpu, npu");
}

TEST(Precision, SurvivesItsText) {
  for (const Precision precision :
       {Precision::Auto, Precision::F32, Precision::Bf16, Precision::Int8}) {
    const auto parsed = parse_precision(to_string(precision));
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, precision);
  }
}

TEST(Precision, NamesTheChoices) {
  const auto parsed = parse_precision("");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "precision: found '', wanted one of auto, f32, bf16, int8");
}

}  // namespace
}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/mel_operations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <tuple>
#include <vector>

#include "design/pack_panels.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu_device {
namespace {

constexpr int kFrames = 3000;

TEST(MelOperations, WhispersWindowsPlanOnBothArrays) {
  for (const char* array : {"npu1", "npu2"}) {
    const auto spec = npu::make_design_spec(array, 4, array[3] == '1' ? 4 : 8);
    ASSERT_TRUE(spec);
    for (const int n_mels : {80, 128}) {
      const auto mel = make_mel_operations(*spec, n_mels, kFrames);
      ASSERT_TRUE(mel) << mel.error().message;
      EXPECT_EQ(mel->bytes[kMelSamples], 2U * (2999 * 160 + 400)) << "what a window reads, no more";
      const auto plan = npu::make_plan(*spec, mel->operations, kMelPacked);
      ASSERT_TRUE(plan) << plan.error().message;
      std::vector<std::byte> packed(plan->packed_bytes);
      const auto done = pack_mel(*mel, *plan, packed);
      EXPECT_TRUE(done) << done.error().message;
      EXPECT_FALSE(pack_mel(*mel, *plan, std::span(packed).first(100)));
    }
  }
}

TEST(MelOperations, FeaturesAreReadFrameByFrame) {
  const auto spec = npu::make_design_spec("npu1", 4, 4);
  const auto mel = make_mel_operations(*spec, 80, kFrames);
  ASSERT_TRUE(mel);
  std::vector<std::byte> features(mel->bytes[kMelFeatures], std::byte{0x7f});
  for (int frame = 0; frame < kFrames; ++frame) {
    for (int m = 0; m < 80; ++m) {
      const std::uint16_t bits = npu::to_bf16(static_cast<float>((frame * 3 + m) % 251));
      const auto place = static_cast<std::size_t>(mel->rows[static_cast<std::size_t>(frame)]) *
                             static_cast<std::size_t>(mel->features.row_stride) +
                         static_cast<std::size_t>(m);
      std::memcpy(&features[2 * place], &bits, 2);
    }
  }
  std::vector<float> out(static_cast<std::size_t>(kFrames) * 80);
  read_features(*mel, features, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    ASSERT_EQ(out[i], static_cast<float>((i / 80 * 3 + i % 80) % 251)) << i;
  }
}

TEST(MelOperations, RefusesWhatMakesNoSense) {
  const auto spec = npu::make_design_spec("npu1", 4, 4);
  // Sizes that the operations do not support give Unsupported, so that the CPU computes log-mel
  // instead. 4,000,000 frames give InvalidArgument, because no model has that many.
  for (const auto& [n_mels, n_frames, code] :
       {std::tuple{0, kFrames, ErrorCode::Unsupported}, std::tuple{80, 0, ErrorCode::Unsupported},
        std::tuple{80, 3001, ErrorCode::Unsupported},
        std::tuple{80, 4'000'000, ErrorCode::InvalidArgument}}) {
    const auto mel = make_mel_operations(*spec, n_mels, n_frames);
    ASSERT_FALSE(mel) << n_mels << " " << n_frames;
    EXPECT_EQ(mel.error().code, code) << n_mels << " " << n_frames;
  }
}

}  // namespace
}  // namespace npuwhisper::npu_device

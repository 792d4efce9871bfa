// SPDX-License-Identifier: LGPL-2.1-or-later
// The detector allocates nothing while it processes a stream. Its weights are synthetic, so the
// test needs no model.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "replaced_allocation.h"
#include "vad/silero_network.h"
#include "vad/speech_detector.h"

namespace {
std::atomic<long> allocations{0};
}  // namespace

bool npuwhisper::test::allows(Allocation /*function*/, const void* /*caller*/) {
  ++allocations;
  return true;
}
void npuwhisper::test::note_release(Allocation /*function*/, const void* /*memory*/) {}

namespace npuwhisper {
namespace {

VadLayer make_layer(std::size_t n, std::size_t k) {
  const std::vector<float> values(n * k, 0.001F);
  return {.matrix = cpu::PanelMatrix::pack(values, n, k, DataType::F32),
          .bias = std::vector<float>(n)};
}

std::shared_ptr<const SileroWeights> make_weights() {
  auto weights = std::make_shared<SileroWeights>();
  weights->spectrum = make_layer(258, 256);
  weights->layers.push_back(make_layer(128, 3 * 129));
  weights->layers.push_back(make_layer(64, 3 * 128));
  weights->layers.push_back(make_layer(64, 3 * 64));
  weights->layers.push_back(make_layer(128, 3 * 64));
  weights->cell = make_layer(512, 256);
  weights->output.assign(128, 1.0F);
  return weights;
}

TEST(DetectorAllocation, NothingIsAllocatedAfterConstruction) {
  const std::vector<float> pcm(16'000, 0.25F);
  const std::vector<std::int16_t> short_pcm(1'000, 100);
  const auto weights = make_weights();
  const long before_construction = allocations;
  SpeechDetector detector(std::make_unique<SileroNetwork>(weights), {.min_silence = 8'000});
  EXPECT_GT(allocations, before_construction) << "the counter does not count";

  const long before = allocations;
  for (int stream = 0; stream < 2; ++stream) {
    for (int second = 0; second < 10; ++second) detector.push(pcm);
    detector.push(short_pcm);
    detector.finish();
    detector.has_speech(0, 16'000);
    detector.silent_until(0);
    detector.reset();
  }
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace npuwhisper

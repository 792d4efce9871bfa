// SPDX-License-Identifier: LGPL-2.1-or-later
// When memory runs out, public functions return an Error and throw no exception. They work again
// afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include <npuwhisper/guarded.h>
#include <npuwhisper/transcriber.h>

#include "fail_each_allocation.h"
#include "tiny_engine.h"

namespace npuwhisper {
namespace {

using test::fail_each_allocation;

class NoMemory : public testing::Test {
 protected:
  static std::vector<float> noise(std::size_t n) {
    std::mt19937 generator(1);
    std::uniform_real_distribution<float> distribution(-0.5F, 0.5F);
    std::vector<float> pcm(n);
    for (float& x : pcm) x = distribution(generator);
    return pcm;
  }
  static Result<void> done(const auto& result) {
    if (!result) return fail(result.error());
    return {};
  }
};

// Only one allocation fails per run, because nlohmann's JSON allocates while it destroys a value,
// and ends the program if this allocation fails. oneDNN's allocations do not fail, because oneDNN
// caches a failure to create a primitive and then fails every later request for this primitive.
TEST_F(NoMemory, OpeningAnEngine) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder.path(), {.n_audio_ctx = 50});
  const EngineOptions options{.model = folder.path().string(), .n_threads = 1};
  fail_each_allocation({.spares_onednn = true}, [&] { return done(Engine::open(options)); });
}

class NoMemoryInAStream : public NoMemory, public testing::WithParamInterface<bool> {};

TEST_P(NoMemoryInAStream, MakingATranscriber) {
  const test::TinyEngine tiny(Precision::F32);
  for (const bool live : {false, true}) {
    TranscriberOptions options;
    options.vad = Vad::Off;
    if (live) options.live_latency = std::chrono::milliseconds(2000);
    fail_each_allocation({.lasts = GetParam()},
                         [&] { return done(Transcriber::create(tiny.engine, options)); });
  }
}

TEST_P(NoMemoryInAStream, Transcribing) {
  const test::TinyEngine tiny(Precision::F32);
  TranscriberOptions options;
  options.vad = Vad::Off;
  options.word_times = true;
  auto transcriber = Transcriber::create(tiny.engine, options);
  ASSERT_TRUE(transcriber) << transcriber.error().message;
  const std::vector<float> pcm = noise(3 * kSampleRate);
  fail_each_allocation({.lasts = GetParam()}, [&]() -> Result<void> {
    (*transcriber)->reset();
    auto pushed = (*transcriber)->push(std::span<const float>(pcm));
    if (!pushed) return fail(pushed.error());
    return done((*transcriber)->drain());
  });
}

// The decoder step reads the file inside a job that several threads run. An allocation for the
// error message may therefore fail inside this job.
TEST_P(NoMemoryInAStream, SayingThatTheModelFileWasShortened) {
  const test::TinyEngine tiny(Precision::F32);
  const auto decoder = tiny.stream();
  ASSERT_TRUE(decoder->encode(tiny.mel(1), tiny.n_frames()));
  std::filesystem::resize_file(tiny.folder.path() / "model.bin", 100);
  const std::vector<Token> tokens = {1, 2, 3, 4};
  const std::vector<int> positions = {0, 3};
  bool happened = true;
  for (long n = 1; happened; ++n) {
    Result<void> result;
    {
      const test::FailingNew failing({.first = n, .lasts = GetParam()});
      result = guarded("prompt", [&] { return done(decoder->prompt(tokens, positions)); });
      happened = failing.happened();
    }
    ASSERT_FALSE(result);
    ASSERT_EQ(result.error().code, ErrorCode::Unavailable) << n << ": " << result.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(OnceAndForGood, NoMemoryInAStream, testing::Bool());

}  // namespace
}  // namespace npuwhisper

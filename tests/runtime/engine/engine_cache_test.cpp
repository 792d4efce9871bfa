// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/log.h>
#include <npuwhisper/transcriber.h>

#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

class EngineCache : public testing::Test {
 protected:
  void SetUp() override {
    test::write_tiny_model(folder_.path(), {.n_audio_ctx = 50});
    options_.model = folder_.path().string();
  }
  test::TemporaryFolder folder_;
  EngineOptions options_;
};

TEST_F(EngineCache, SameOptionsAreTheSameEngine) {
  const auto first = Engine::open(options_);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = Engine::open(options_);
  ASSERT_TRUE(second);
  EXPECT_EQ(*first, *second);
}

TEST_F(EngineCache, OtherOptionsAreAnotherEngine) {
  const auto first = Engine::open(options_);
  options_.precision = Precision::F32;
  const auto second = Engine::open(options_);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
}

TEST_F(EngineCache, CpuIgnoresNpuStages) {
  options_.device = DeviceKind::Cpu;
  options_.npu_stages.encoder = true;
  const auto opened = Engine::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(opened.error().message,
            "npu-stages encoder: found with device cpu, wanted npu or auto");
}

TEST_F(EngineCache, ThreadsAtOnceShareOneLoad) {
  std::array<std::shared_ptr<Engine>, 4> engines;
  std::vector<std::thread> threads;
  for (auto& engine : engines) {
    threads.emplace_back([&] {
      if (auto opened = Engine::open(options_)) engine = *opened;
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_NE(engines[0], nullptr);
  for (const auto& engine : engines) EXPECT_EQ(engine, engines[0]);
}

TEST_F(EngineCache, EngineIsDestroyedWithItsLastUser) {
  std::weak_ptr<Engine> watched;
  {
    auto engine = Engine::open(options_);
    ASSERT_TRUE(engine);
    watched = *engine;
  }
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(Engine::open(options_));
}

TEST_F(EngineCache, SaysWhatItRuns) {
  const auto engine = Engine::open(options_);
  ASSERT_TRUE(engine);
  EXPECT_EQ((*engine)->model_path(), folder_.path());
  EXPECT_EQ((*engine)->device().kind, DeviceKind::Cpu);
  EXPECT_GE((*engine)->device().n_threads, 1U);
  EXPECT_EQ((*engine)->device().kernels.size(), 2U);
  EXPECT_TRUE((*engine)->is_multilingual());
  EXPECT_TRUE((*engine)->has_language("de"));
  EXPECT_FALSE((*engine)->has_language("xx"));
  const std::string plan = (*engine)->describe_plan();
  for (const char* part :
       {"device: ", "encoder/conv1", "decoder/layer_1/ffn/linear_0", "cross-attention"}) {
    EXPECT_NE(plan.find(part), std::string::npos) << part;
  }
}

TEST_F(EngineCache, KnowsWhetherAlignmentHeadsWereNamed) {
  struct Case {
    const char* config;
    bool is_known;
  };
  for (const auto& [config, is_known] :
       {Case{"{}", false}, Case{R"({"alignment_heads": [[1, 0], [1, 1]]})", false},
        Case{R"({"alignment_heads": [[1, 1]]})", true},
        Case{R"({"alignment_heads": [[0, 0], [1, 0]]})", true}}) {
    std::ofstream(folder_.path() / "config.json") << config;
    const auto engine = Engine::open(options_);
    ASSERT_TRUE(engine) << engine.error().message;
    EXPECT_EQ((*engine)->has_alignment_heads(), is_known) << config;
  }
}

TEST_F(EngineCache, UnknownAlignmentHeadsAreReportedOnceForAnEngine) {
  std::vector<std::string> warnings;
  set_log_sink([&](LogLevel level, std::string_view message) {
    if (level == LogLevel::Warning) warnings.emplace_back(message);
  });
  const auto engine = Engine::open(options_);
  ASSERT_TRUE(engine) << engine.error().message;
  TranscriberOptions words;
  words.beam_size = 1000;
  words.word_times = true;
  words.vad = Vad::Off;
  EXPECT_FALSE(Transcriber::create(*engine, words));
  EXPECT_TRUE(warnings.empty()) << "the options are not valid: " << warnings.front();
  words.beam_size = 1;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Transcriber::create(*engine, words));
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find(folder_.path().string() + "' are not known"), std::string::npos)
      << warnings[0];
  EXPECT_NE(warnings[0].find("word times and live text are coarser"), std::string::npos)
      << warnings[0];
  std::ofstream(folder_.path() / "config.json") << R"({"alignment_heads": [[1, 1]]})";
  options_.n_threads = 1;  // Opens another engine, whose alignment heads are known.
  const auto known = Engine::open(options_);
  ASSERT_TRUE(known) << known.error().message;
  EXPECT_TRUE(Transcriber::create(*known, words));
  set_log_sink({});
  EXPECT_EQ(warnings.size(), 1U);
}

TEST_F(EngineCache, AMissingModelIsNotFound) {
  options_.model = (folder_.path() / "nothing").string();
  const auto engine = Engine::open(options_);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::NotFound);
  EXPECT_NE(engine.error().message.find("nothing"), std::string::npos) << engine.error().message;
}

TEST_F(EngineCache, AMissingDeviceIsNotFound) {
  options_.device = DeviceKind::Npu;
  const auto engine = Engine::open(options_);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::NotFound);
  EXPECT_NE(engine.error().message.find("npu"), std::string::npos) << engine.error().message;
}

TEST_F(EngineCache, AFailedLoadMayBeTriedAgain) {
  const auto kept = folder_.path() / "model.bin";
  const auto aside = folder_.path() / "model.aside";
  std::filesystem::rename(kept, aside);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { EXPECT_FALSE(Engine::open(options_)); });
  for (std::thread& thread : threads) thread.join();
  std::filesystem::rename(aside, kept);
  const auto engine = Engine::open(options_);
  EXPECT_TRUE(engine) << engine.error().message;
}

TEST_F(EngineCache, MoreThreadsThanCoresAreNotUsed) {
  options_.n_threads = 100000;
  const auto engine = Engine::open(options_);
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_LE((*engine)->device().n_threads, std::thread::hardware_concurrency());
  options_.n_threads = 1;
  const auto single = Engine::open(options_);
  ASSERT_TRUE(single);
  EXPECT_EQ((*single)->device().n_threads, 1U);
}

}  // namespace
}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace npuwhisper::test {

/// A runtime that a test writes the script of, linked in place of the real one: Engine::open,
/// find_model, AudioRing::create and Transcriber::create, and nothing else. Its transcriber hears
/// loud stretches (an amplitude above 0.1, ended by 100 ms below it) and "transcribes" each, with
/// exact times, as the next text of the script. That makes timing, order and errors of the element
/// testable to the sample. One script at a time; set it before the element is made.
struct Script {
  std::vector<std::string> texts = {" sound"};  ///< Of the loud stretches, in turn.
  std::int64_t window =
      30 * kSampleRate;  ///< Samples decoded at a time, unless live_latency is less.
  std::function<void()> while_loading{};  ///< Is called for each model.
  std::chrono::milliseconds load_time{0};
  std::chrono::milliseconds decode_time{0};  ///< Of each window and drain with audio,
  /// by this clock.
  std::function<std::chrono::nanoseconds()> now = [] {
    return std::chrono::steady_clock::now().time_since_epoch();
  };
  std::optional<Error> load_error{};
  std::optional<Error> create_error{};
  std::optional<Error> push_error{};
  std::int64_t push_error_after = 0;  ///< Samples.
  std::optional<Error> drain_error{};
  std::string detected_language = "en";
  float language_probability = 0.9F;  ///< Doubtful from drain() on if it is below one half.
  DeviceStats device_stats{};
  const char* device_stage = nullptr;  ///< What the device has been doing for an hour.
  std::chrono::nanoseconds stage_time{0};  ///< In the stats, for mel; twice that for the encoder;
                                           ///< as much as mel for each of the decoder's three.
  std::size_t ring_samples = 0;            ///< Of each AudioRing; 0: log-mel is on the CPU.
  VadUse vad = VadUse::Off;                ///< In the stats.
  bool drafts = false;                     ///< Live: what is not decoded yet is one word of it.
  /// Makes other transcribers than the scripted ones.
  std::function<Result<std::unique_ptr<Transcriber>>(const TranscriberOptions&)> make_transcriber{};
  bool overlapping_words = false;  ///< Word times that go back, as alignment may give.
};

/// What the runtime was asked for since the last set_script().
struct Calls {
  int loads = 0;
  int creates = 0;
  int resets = 0;
  int drains = 0;
  int cancels = 0;
  std::int64_t samples_in_ring = 0;    ///< Pushed from slices of the transcriber's ring.
  std::int64_t samples_elsewhere = 0;  ///< Pushed as 16-bit samples from other memory.
  int rings_made = 0, rings_alive = 0;
  int slices_out = 0;  ///< Acquired and not released, of all rings.
  TranscriberOptions last_options;
  EngineOptions last_engine_options;
};

void set_script(Script script);
Calls calls();

}  // namespace npuwhisper::test

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

/// Controls a fake runtime that is linked in place of the real one. The fake implements only
/// Engine::open, find_model, AudioRing::create and Transcriber::create. Its transcriber recognises
/// loud stretches. A stretch begins with an amplitude above 0.1. It ends after 100 ms below 0.1, or
/// at the end of the decoded window. The transcriber returns the next text of the script for each
/// stretch, with exact times. Tests can thus check the element's times to the sample, the order of
/// its output, and its errors. There is one script. Set it before creating the element.
struct Script {
  /// Texts of the loud stretches, in order. After the last text, the first is used again.
  std::vector<std::string> texts = {" sound"};
  std::int64_t window =
      30 * kSampleRate;  ///< Samples decoded at a time, unless live_latency allows less.
  std::function<void()> while_loading{};  ///< Called for each model that loads.
  std::chrono::milliseconds load_time{0};
  std::chrono::milliseconds decode_time{0};  ///< Duration of each decoding, as `now` measures it.
  /// The clock that measures `decode_time`.
  std::function<std::chrono::nanoseconds()> now = [] {
    return std::chrono::steady_clock::now().time_since_epoch();
  };
  std::optional<Error> load_error{};
  std::optional<Error> create_error{};
  std::optional<Error> push_error{};
  std::int64_t push_error_after = 0;  ///< Samples that push() accepts before push_error.
  std::optional<Error> drain_error{};
  std::string detected_language = "en";
  /// After drain(), a language with a probability below 0.5 counts as doubtful.
  float language_probability = 0.9F;
  DeviceStats device_stats{};
  const char* device_stage = nullptr;  ///< Stage reported as busy for an hour, or nullptr.
  /// The time reported for mel and for each of the decoder's three stages. The time reported for
  /// the encoder is twice as long.
  std::chrono::nanoseconds stage_time{0};
  std::size_t ring_samples = 0;  ///< Samples in each AudioRing, or 0 if log-mel runs on the CPU.
  VadUse vad = VadUse::Off;      ///< The value reported in the stats.
  /// True: in a live stream, draft() returns the loud audio not yet decoded as one word.
  bool drafts = false;
  /// Creates the transcribers in place of the scripted ones, if set.
  std::function<Result<std::unique_ptr<Transcriber>>(const TranscriberOptions&)> make_transcriber{};
  /// True: each word overlaps the next one, as can happen with alignment.
  bool overlapping_words = false;
};

/// Counts the requests to the runtime since the last set_script().
struct Calls {
  int loads = 0;
  int creates = 0;
  int resets = 0;
  int drains = 0;
  int cancels = 0;
  std::int64_t samples_in_ring = 0;    ///< Samples pushed from slices of the transcriber's ring.
  std::int64_t samples_elsewhere = 0;  ///< 16-bit samples pushed from other memory.
  int rings_made = 0, rings_alive = 0;
  int slices_out = 0;  ///< Slices of all rings that are in use.
  TranscriberOptions last_options;
  EngineOptions last_engine_options;
};

void set_script(Script script);
Calls calls();

}  // namespace npuwhisper::test

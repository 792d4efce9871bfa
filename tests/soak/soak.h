// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "live_feed.h"
#include "memory_watch.h"
#include "soak_options.h"
#include "speech_source.h"
#include "text_check.h"

namespace npuwhisper::soak {

/// One run of the soak test. It sends speech from a source to the element, with random events
/// between the buffers. Register the element before the run. Use it from one thread.
class Soak {
 public:
  /// `model` is the value of the element's property `model`, a name or a folder.
  Soak(const SoakOptions& options, std::string model, std::unique_ptr<SpeechSource> source)
      : options_(options),
        model_(std::move(model)),
        source_(std::move(source)),
        random_(options.seed) {}

  /// Returns the result, in the format of tests/bench/README.md.
  nlohmann::ordered_json run();

 private:
  void prepare();
  Result<void> play();
  Result<void> wait_for_text();
  Result<void> happen();
  Result<void> overload();
  void cut(bool leaps = false);
  void wait_for_model();
  void speak(std::vector<float>& pcm);
  void read_bus();
  void finish();
  nlohmann::ordered_json describe(double wall);
  void judge(const TextCheck::Totals& totals);

  double between(double from, double to) {
    return std::uniform_real_distribution<>(from, to)(random_);
  }
  GstClockTime latency() const { return options_.latency_ms * GST_MSECOND; }

  const SoakOptions options_;
  const std::string model_;
  const std::unique_ptr<SpeechSource> source_;
  std::mt19937_64 random_;
  GstElement* element_ = nullptr;
  GstBus* bus_ = nullptr;
  std::unique_ptr<LiveFeed> feed_;
  std::unique_ptr<TextCheck> check_;
  MemoryWatch memory_;
  std::int64_t n_spoken_ = 0;  // Number of samples of speech sent.
  std::vector<SaidWord> said_;
  std::uint64_t n_words_said_ = 0;
  std::map<std::string, int> events_;
  std::map<std::string, int> warnings_;
  double longest_silence_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace npuwhisper::soak

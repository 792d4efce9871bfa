// SPDX-License-Identifier: LGPL-2.1-or-later
// A TurnDetector that is linked in place of the real one: amplitudes above 0.1 are speech.
#include <npuwhisper/transcriber.h>
#include <npuwhisper/turn_detector.h>

#include <cmath>

namespace npuwhisper {
namespace {

class LoudTurnDetector final : public TurnDetector {
 public:
  explicit LoudTurnDetector(std::int64_t silence) : silence_(silence) {}

  std::vector<TurnEvent> push(std::span<const float> pcm) override {
    std::vector<TurnEvent> events;
    for (const float sample : pcm) {
      if (std::abs(sample) > 0.1F) {
        if (!is_speaking_) events.push_back({.begins = true, .sample = next_});
        is_speaking_ = true;
        end_ = next_ + 1;
      } else if (is_speaking_ && next_ - end_ >= silence_) {
        is_speaking_ = false;
        events.push_back({.begins = false, .sample = end_});
      }
      ++next_;
    }
    return events;
  }
  void reset() override {
    is_speaking_ = false;
    next_ = 0;
  }

 private:
  const std::int64_t silence_;
  bool is_speaking_ = false;
  std::int64_t next_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace

Result<std::unique_ptr<TurnDetector>> TurnDetector::create(const Options& options,
                                                           const std::filesystem::path&) {
  return std::unique_ptr<TurnDetector>(
      std::make_unique<LoudTurnDetector>(options.silence.count() * kSampleRate / 1000));
}

}  // namespace npuwhisper

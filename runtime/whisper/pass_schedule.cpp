// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/pass_schedule.h"

#include <algorithm>

#include "audio/samples.h"

namespace npuwhisper {
namespace {

/// Minimum hop: the length of one or two syllables. Shorter audio does not contain a new word.
constexpr std::int64_t kLeastHop = kSampleRate * 3 / 10;
/// If the latency allows it, the distance between passes is at least this multiple of their cost.
constexpr std::int64_t kWantedRatio = 2;
/// Minimum distance between passes if the latency allows it. The distance is shorter than the audio
/// for which LiveText waits after a word that only one pass recognised. With a longer distance,
/// many words would become final after only one pass.
constexpr std::int64_t kWantedHop = kSampleRate * 2 / 5;
/// Number of passes that should process a word within its latency. Most words then become final by
/// agreement and not because they are due.
constexpr std::int64_t kPassesOfWord = 3;
/// Lengths for Pace::Audio as fractions of the latency. kHopOfAudio is the minimum distance between
/// passes. The other two constants are lengths of audio that must follow a word before the word
/// becomes final. kSettledPhraseOfAudio applies to a word that ends a phrase, kSettledOfAudio to
/// any other word.
constexpr double kHopOfAudio = 0.6;
constexpr double kSettledOfAudio = 0.3;
constexpr double kSettledPhraseOfAudio = 0.2;
/// Margin for the delivery of words to the caller, and for passes that take longer than expected.
constexpr std::int64_t kMargin = kSampleRate / 10;

}  // namespace

PassSchedule::PassSchedule(std::chrono::milliseconds latency, Pace pace)
    : latency_(to_samples(latency)), pace_(pace) {}

std::int64_t PassSchedule::of_latency(double fraction) const {
  return static_cast<std::int64_t>(static_cast<double>(latency_) * fraction);
}

void PassSchedule::took(std::chrono::nanoseconds cost) {
  if (pace_ == Pace::Audio) return;
  // The cost is limited to half the latency. Longer passes lead to a skip to the live edge, after
  // which the machine may be idle again.
  const std::int64_t samples = std::min(to_samples(cost), latency_ / 2);
  cost_ = std::max(samples, (7 * cost_ + samples) / 8);
}

std::int64_t PassSchedule::hop() const {
  if (pace_ == Pace::Audio) return of_latency(kHopOfAudio);
  const std::int64_t affordable = (latency_ - cost_ - kMargin) / kPassesOfWord;
  const std::int64_t wanted = std::min(std::max(kWantedRatio * cost_, kWantedHop), affordable);
  // After each pass, the machine is idle for at least a tenth of the pass's duration.
  return std::max({wanted, kLeastHop, cost_ * 11 / 10});
}

bool PassSchedule::is_due(std::int64_t end, std::int64_t heard, std::int64_t now) const {
  if (pace_ == Pace::Audio) return heard + hop() > end + latency_;
  const std::int64_t next = std::max(heard + hop(), now) + cost_;
  return next + kMargin > end + latency_;
}

std::int64_t PassSchedule::latest_start(std::int64_t heard) const {
  // The duration of the first pass is not known.
  const std::int64_t cost = cost_ > 0 ? cost_ : latency_ / 4;
  return heard + latency_ - cost - kMargin;
}

bool PassSchedule::is_settled(std::int64_t end, std::int64_t heard, bool ends_phrase) const {
  return end + of_latency(ends_phrase ? kSettledPhraseOfAudio : kSettledOfAudio) <= heard;
}

}  // namespace npuwhisper

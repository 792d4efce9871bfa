// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/pass_schedule.h"

#include <algorithm>

namespace npuwhisper {
namespace {

/// A syllable or two: less has nothing new to say.
constexpr std::int64_t kLeastHop = kSampleRate * 3 / 10;
/// While the latency allows it, passes begin so many times their cost apart.
constexpr std::int64_t kWantedRatio = 2;
/// Passes are at least so far apart while the latency allows it. Further apart than LiveText waits
/// for audio behind a word (0.6 s), words would be final when they were heard only once.
constexpr std::int64_t kWantedHop = kSampleRate * 2 / 5;
/// Passes that a word sees within its latency, so that most are final by agreement, not by time.
constexpr std::int64_t kPassesOfWord = 3;
/// Pace::Audio, in fractions of the latency: the least distance of passes, the audio behind a word
/// that makes it final, and that behind a word that ends a phrase.
constexpr double kHopOfAudio = 0.6;
constexpr double kSettledOfAudio = 0.3;
constexpr double kSettledPhraseOfAudio = 0.2;
/// For the way from the deadline to the caller, and for passes that take longer than expected.
constexpr std::int64_t kMargin = kSampleRate / 10;

std::int64_t to_samples(std::chrono::nanoseconds time) {
  return time.count() / 1000 * kSampleRate / 1'000'000;
}

}  // namespace

PassSchedule::PassSchedule(std::chrono::milliseconds latency, Pace pace)
    : latency_(to_samples(latency)), pace_(pace) {}

std::int64_t PassSchedule::of_latency(double fraction) const {
  return static_cast<std::int64_t>(static_cast<double>(latency_) * fraction);
}

void PassSchedule::took(std::chrono::nanoseconds cost) {
  if (pace_ == Pace::Audio) return;
  // Half the latency is all that may be planned with. What takes longer ends in a skip to the live
  // edge, after which the machine may be free again.
  const std::int64_t samples = std::min(to_samples(cost), latency_ / 2);
  cost_ = std::max(samples, (7 * cost_ + samples) / 8);
}

std::int64_t PassSchedule::hop() const {
  if (pace_ == Pace::Audio) return of_latency(kHopOfAudio);
  const std::int64_t affordable = (latency_ - cost_ - kMargin) / kPassesOfWord;
  const std::int64_t wanted = std::min(std::max(kWantedRatio * cost_, kWantedHop), affordable);
  // A pass that starts when the last one ends has a tenth of its time to spare.
  return std::max({wanted, kLeastHop, cost_ * 11 / 10});
}

bool PassSchedule::is_due(std::int64_t end, std::int64_t heard, std::int64_t now) const {
  if (pace_ == Pace::Audio) return heard + hop() > end + latency_;
  const std::int64_t next = std::max(heard + hop(), now) + cost_;
  return next + kMargin > end + latency_;
}

bool PassSchedule::is_settled(std::int64_t end, std::int64_t heard, bool ends_phrase) const {
  return end + of_latency(ends_phrase ? kSettledPhraseOfAudio : kSettledOfAudio) <= heard;
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/speech_detector.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {
namespace {

/// Maximum difference between threshold_ and the lower threshold release_. A probability between
/// these two thresholds neither begins nor ends speech.
constexpr float kHysteresis = 0.15F;
/// Number of steps whose results are stored (17 minutes). The number is a power of two, so that `%
/// kRing` needs no division.
constexpr std::size_t kRing = 32768;
static_assert(kRing * SpeechScorer::kStep > longest_lag(kMaxBatch));

std::int64_t in_steps(std::int64_t samples) {
  constexpr auto kStep = static_cast<std::int64_t>(SpeechScorer::kStep);
  return (samples + kStep - 1) / kStep;
}

template <typename Sample>
float to_float(Sample sample) {
  if constexpr (std::is_same_v<Sample, std::int16_t>) {
    return static_cast<float>(sample) / 32768.0F;
  } else {
    return std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F;
  }
}

}  // namespace

SpeechDetector::SpeechDetector(std::unique_ptr<SpeechScorer> scorer, const SpeechRules& rules)
    : scorer_(std::move(scorer)),
      threshold_(rules.threshold),
      release_(std::max(threshold_ - kHysteresis, threshold_ / 2)),
      min_speech_(in_steps(rules.min_speech)),
      min_silence_(std::max<std::int64_t>(in_steps(rules.min_silence), 1)),
      padding_(in_steps(rules.padding)),
      marks_(kRing),
      voices_(kRing) {}

void SpeechDetector::push(std::span<const float> pcm) {
  hear(pcm);
}

void SpeechDetector::push(std::span<const std::int16_t> pcm) {
  hear(pcm);
}

template <typename Sample>
void SpeechDetector::hear(std::span<const Sample> pcm) {
  while (!pcm.empty()) {
    const std::size_t n = std::min(pcm.size(), samples_.size() - n_filled_);
    std::transform(pcm.begin(), pcm.begin() + static_cast<std::ptrdiff_t>(n),
                   samples_.begin() + static_cast<std::ptrdiff_t>(n_filled_), to_float<Sample>);
    n_filled_ += n;
    pcm = pcm.subspan(n);
    if (n_filled_ == samples_.size()) judge();
  }
}

void SpeechDetector::finish() {
  if (n_filled_ > SpeechScorer::kContext) {
    std::fill(samples_.begin() + static_cast<std::ptrdiff_t>(n_filled_), samples_.end(), 0.0F);
    judge();
  }
  if (is_speaking_) end_speech();
  is_finished_ = true;
}

void SpeechDetector::reset() {
  scorer_->reset();
  gain_.reset();
  samples_.fill(0.0F);
  n_filled_ = SpeechScorer::kContext;
  n_steps_ = 0;
  is_speaking_ = false;
  marked_until_ = 0;
  is_finished_ = false;
}

/// Judges the complete step in samples_.
void SpeechDetector::judge() {
  const float gain = gain_.gain_for(std::span(samples_).subspan(SpeechScorer::kContext));
  std::ranges::transform(samples_, amplified_.begin(),
                         [gain](float sample) { return std::clamp(gain * sample, -1.0F, 1.0F); });
  const float probability = scorer_->score(amplified_);
  std::copy_n(samples_.end() - SpeechScorer::kContext, SpeechScorer::kContext, samples_.begin());
  n_filled_ = SpeechScorer::kContext;

  const std::int64_t step = n_steps_++;
  mark(step, step + 1, is_speaking_ || step < marked_until_);
  if (!is_speaking_ && probability >= threshold_) {
    is_speaking_ = true;
    voice_begin_ = voice_last_ = step;
    begin_speech();
  } else if (is_speaking_ && probability >= release_) {
    voice_last_ = step;
  }
  set_voice(step, is_speaking_ && probability >= release_);
  if (is_speaking_ && step - voice_last_ >= min_silence_) end_speech();
}

void SpeechDetector::begin_speech() {
  mark(std::max(voice_begin_ - padding_, marked_until_), n_steps_, true);
}

void SpeechDetector::end_speech() {
  is_speaking_ = false;
  if (voice_length() < min_speech_) {
    for (std::int64_t step = std::max(voice_begin_, oldest()); step < n_steps_; ++step)
      set_voice(step, false);
    mark(std::max(voice_begin_ - padding_, marked_until_), n_steps_, false);
    return;
  }
  n_spoken_ += voice_length();
  marked_until_ = voice_last_ + 1 + padding_;
  mark(std::min(marked_until_, n_steps_), n_steps_, false);
}

void SpeechDetector::mark(std::int64_t first, std::int64_t end, bool is_speech) {
  for (std::int64_t step = std::max(first, oldest()); step < end; ++step) {
    marks_[static_cast<std::size_t>(step) % kRing] = is_speech ? 1 : 0;
  }
}

void SpeechDetector::set_voice(std::int64_t step, bool is_voice) {
  voices_[static_cast<std::size_t>(step) % kRing] = is_voice ? 1 : 0;
}

bool SpeechDetector::is_voice(std::int64_t step) const {
  return voices_[static_cast<std::size_t>(step) % kRing] != 0;
}

bool SpeechDetector::is_marked(std::int64_t step) const {
  return marks_[static_cast<std::size_t>(step) % kRing] != 0;
}

/// Returns the first step whose result is still stored.
std::int64_t SpeechDetector::oldest() const {
  return std::max<std::int64_t>(n_steps_ - static_cast<std::int64_t>(kRing), 0);
}

bool SpeechDetector::has_speech(std::int64_t begin, std::int64_t end) const {
  begin = std::max<std::int64_t>(begin, 0);
  if (begin >= end) return false;
  if (!is_finished_ && end > n_judged()) return true;
  if (begin / kStep < oldest()) return true;
  const std::int64_t last = std::min(in_steps(end), n_steps_);
  for (std::int64_t step = begin / kStep; step < last; ++step) {
    if (is_marked(step)) return true;
  }
  return false;
}

bool SpeechDetector::has_speech_since(std::int64_t begin) const {
  return has_speech(begin, n_judged());
}

std::int64_t SpeechDetector::n_voiced(std::int64_t begin, std::int64_t end) const {
  const std::int64_t last = std::min(in_steps(end), n_steps_);
  std::int64_t n = 0;
  for (std::int64_t step = std::max(begin / kStep, oldest()); step < last; ++step) {
    const std::int64_t first_sample = std::max(begin, step * kStep);
    if (is_voice(step)) n += std::min(end, (step + 1) * kStep) - first_sample;
  }
  return n;
}

std::int64_t SpeechDetector::first_voice(std::int64_t begin, std::int64_t end) const {
  const std::int64_t last = std::min(in_steps(end), n_steps_);
  for (std::int64_t step = std::max(begin / kStep, oldest()); step < last; ++step) {
    if (is_voice(step)) return std::clamp(step * kStep, begin, end);
  }
  return end;
}

std::int64_t SpeechDetector::first_gap(std::int64_t begin, std::int64_t end) const {
  const std::int64_t last = std::min(in_steps(end), n_steps_);
  for (std::int64_t step = begin / kStep; step < last; ++step) {
    if (step < oldest() || !is_voice(step)) return std::clamp(step * kStep, begin, end);
  }
  return end;
}

std::int64_t SpeechDetector::silent_until(std::int64_t from) const {
  if (from / kStep < oldest()) return from;
  std::int64_t step = from / kStep;
  while (step < n_steps_ && !is_marked(step)) ++step;
  // Speech that begins in the next step turns the padding_ steps before it into speech, so these
  // steps do not count as silence yet.
  if (step == n_steps_ && !is_finished_) step -= padding_;
  return std::max(from, step * kStep);
}

}  // namespace npuwhisper

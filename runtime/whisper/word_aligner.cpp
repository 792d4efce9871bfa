// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_aligner.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

/// Attention below this share of uniform attention is noise.
constexpr float kNoiseShare = 0.01F;
/// Cost in nats of a pause that the text does not mark. The log odds of such a pause would suggest
/// a lower cost, but the scores of neighbouring positions are not independent. Times change little
/// for costs between 5 and 20. Without the cost, the aligner tends to place the first word of a
/// window in speech that belongs to the previous window.
constexpr float kUnmarkedCost = 15;

}  // namespace

WordAligner::WordAligner(std::size_t n_positions, std::size_t max_states, int lead)
    : n_positions_(n_positions), lead_(lead), path_(max_states, n_positions) {
  scores_.reserve(n_positions);
  odds_.reserve(n_positions);
}

std::span<const AlignmentPath::Range> WordAligner::align(std::span<const float> attention,
                                                         std::span<const TextState> states,
                                                         const SpeechEvidence& evidence,
                                                         std::size_t first, std::size_t end) {
  assert(attention.size() % n_positions_ == 0);
  assert(first < end && end <= n_positions_);
  odds_.resize(end - first);
  scores_.resize(end - first);
  for (std::size_t t = 0; t < odds_.size(); ++t) {
    odds_[t] = evidence.at(sample_of(static_cast<std::int64_t>(first + t)));
  }
  path_.begin(end - first);
  for (const TextState& state : states) add_state(attention, state, first);
  return path_.solve();
}

void WordAligner::add_state(std::span<const float> attention, const TextState& state,
                            std::size_t first) {
  using Kind = TextState::Kind;
  const bool is_spoken = state.kind == Kind::Spoken;
  const float even = 1.0F / static_cast<float>(n_positions_);
  std::fill(scores_.begin(), scores_.end(), is_spoken ? 0.0F : even);
  for (std::size_t i = 0; i < state.n_rows; ++i) {
    const auto row =
        attention.subspan((state.first_row + i) * n_positions_ + first, scores_.size());
    for (std::size_t t = 0; t < row.size(); ++t) scores_[t] = std::max(scores_[t], row[t]);
  }
  for (std::size_t t = 0; t < scores_.size(); ++t) {
    const float odds = state.kind == Kind::Outside ? std::abs(odds_[t])
                       : is_spoken                 ? odds_[t]
                                                   : -odds_[t];
    scores_[t] = std::log(scores_[t] + kNoiseShare * even) + odds;
  }
  path_.add(scores_, !is_spoken, state.kind == Kind::Gap ? kUnmarkedCost : 0.0F);
}

// Mel frames have a hop of 160 samples. The convolutions before the encoder have symmetric padding
// and a total stride of 2. Therefore, without a lead, position p represents the 320 samples around
// sample p * 320.
std::int64_t WordAligner::sample_of(std::int64_t position) const {
  return position * kSamplesPerTimestamp - kSamplesPerTimestamp / 2 + lead_;
}

std::int64_t WordAligner::position_of(std::int64_t sample) const {
  const std::int64_t offset = sample + kSamplesPerTimestamp / 2 - lead_;
  const std::int64_t below = offset % kSamplesPerTimestamp < 0 ? 1 : 0;
  return offset / kSamplesPerTimestamp - below;
}

}  // namespace npuwhisper

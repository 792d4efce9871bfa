// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/alignment_path.h"

#include <algorithm>
#include <cassert>

namespace npuwhisper {
namespace {

/// Score of an impossible path. The score is finite, so that sums with it still compare correctly.
constexpr float kImpossible = -1e30F;

}  // namespace

AlignmentPath::AlignmentPath(std::size_t max_states, std::size_t max_frames)
    : max_frames_(max_frames), best_(3 * max_frames), from_(max_states * max_frames) {
  final_.reserve(max_states);
  optional_.reserve(max_states);
  ranges_.reserve(max_states);
}

void AlignmentPath::begin(std::size_t n_frames) {
  assert(n_frames > 0 && n_frames <= max_frames_);
  n_frames_ = n_frames;
  may_begin_ = true;
  final_.clear();
  optional_.clear();
}

void AlignmentPath::add(std::span<const float> scores, bool is_optional, float cost) {
  const std::size_t state = optional_.size();
  assert(scores.size() == n_frames_ && (state + 1) * max_frames_ <= from_.size());
  const auto row = [&](std::size_t s) { return best_.data() + s % 3 * max_frames_; };
  float* const own = row(state);
  From* const from = from_.data() + state * max_frames_;
  // The states from which a path may enter the new state.
  const float* const previous = state > 0 ? row(state - 1) : nullptr;
  const float* const before = state > 1 && optional_[state - 1] ? row(state - 2) : nullptr;

  float sum = may_begin_ ? scores[0] - cost : kImpossible;
  own[0] = sum;
  from[0] = From::Same;
  for (std::size_t t = 1; t < n_frames_; ++t) {
    From step = From::Same;
    if (previous != nullptr && previous[t - 1] - cost > sum) {
      sum = previous[t - 1] - cost;
      step = From::Previous;
    }
    if (before != nullptr && before[t - 1] - cost > sum) {
      sum = before[t - 1] - cost;
      step = From::BeforePrevious;
    }
    sum += scores[t];
    own[t] = sum;
    from[t] = step;
  }
  final_.push_back(sum);
  optional_.push_back(is_optional);
  may_begin_ = may_begin_ && is_optional;
}

std::span<const AlignmentPath::Range> AlignmentPath::solve() {
  ranges_.assign(optional_.size(), Range{});
  return !optional_.empty() && trace() ? std::span<const Range>(ranges_) : std::span<const Range>();
}

/// Traces the best path back from the last frame. Returns false if no path is possible, or if the
/// traced path begins at a state where no path may begin.
bool AlignmentPath::trace() {
  std::size_t state = optional_.size() - 1;
  for (std::size_t s = state; s > 0 && optional_[s]; --s) {
    if (final_[s - 1] > final_[state]) state = s - 1;
  }
  if (!(final_[state] > kImpossible / 2)) return false;
  ranges_[state].end = static_cast<int>(n_frames_);
  for (std::size_t t = n_frames_ - 1; t > 0; --t) {
    const auto back = static_cast<std::size_t>(from_[state * max_frames_ + t]);
    if (back == 0) continue;
    ranges_[state].first = static_cast<int>(t);
    state -= back;
    ranges_[state].end = static_cast<int>(t);
  }
  // A skipped state gets an empty range where its neighbours meet.
  for (std::size_t s = 1; s < ranges_.size(); ++s) {
    if (ranges_[s].end == 0) ranges_[s] = {ranges_[s - 1].end, ranges_[s - 1].end};
  }
  return std::all_of(optional_.begin(), optional_.begin() + static_cast<std::ptrdiff_t>(state),
                     [](bool is_optional) { return is_optional; });
}

}  // namespace npuwhisper

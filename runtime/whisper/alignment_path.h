// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace npuwhisper {

/// Finds the best path through a sequence of states along frames (Viterbi's algorithm). Each frame
/// belongs to one state, and the path visits the states in order. Every state gets at least one
/// frame, except optional states, which the path may skip. The best path has the largest sum of
/// state scores over their frames, minus the costs of the states entered. The path skips at most
/// one of two adjacent optional states, unless they begin or end the sequence. Call order: (begin
/// add* solve)*. The constructor allocates all memory. Reentrant.
class AlignmentPath {
 public:
  struct Range {
    int first = 0;
    int end = 0;  ///< One past the last frame; equal to `first` for a skipped state.
  };

  AlignmentPath(std::size_t max_states, std::size_t max_frames);

  /// Starts a new sequence over `n_frames` frames, 1 to max_frames.
  void begin(std::size_t n_frames);
  /// Appends a state. `scores` has shape [n_frames]; entering the state costs `cost`.
  void add(std::span<const float> scores, bool is_optional, float cost = 0);
  /// Returns the frames of each state, valid until the next begin(). The result is empty if there
  /// are more mandatory states than frames, or if scores are NaN.
  std::span<const Range> solve();

 private:
  enum class From : std::uint8_t { Same, Previous, BeforePrevious };

  bool trace();

  const std::size_t max_frames_;
  std::size_t n_frames_ = 0;
  bool may_begin_ = true;       // whether a path may begin at the next state
  std::vector<float> best_;     // [3, max_frames]: sums of the last three states, by state % 3
  std::vector<float> final_;    // [n_states]: sum at the last frame
  std::vector<bool> optional_;  // [n_states]: whether the path may skip the state
  std::vector<From> from_;      // [max_states, max_frames]: previous state of the best path
  std::vector<Range> ranges_;   // [n_states]: result of solve()
};

}  // namespace npuwhisper

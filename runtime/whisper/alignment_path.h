// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace npuwhisper {

/// The best way through a sequence of states along frames (Viterbi's algorithm): each frame belongs
/// to one state, states come in order, every state gets at least one frame except the optional
/// ones, which the path may pass by. Best is the largest sum of the states' scores over their
/// frames, less the costs of the states that are entered. Of two optional states in a row at most
/// one is passed by, unless they begin or end the sequence. Call order: (begin add* solve)*. All
/// memory is allocated by the constructor. Reentrant.
class AlignmentPath {
 public:
  struct Range {
    int first = 0;
    int end = 0;  ///< One after the last frame; equal to `first` for a state that was passed by.
  };

  AlignmentPath(std::size_t max_states, std::size_t max_frames);

  /// Starts a problem of `n_frames`, 1 to max_frames.
  void begin(std::size_t n_frames);
  /// Appends a state; scores are [n_frames].
  void add(std::span<const float> scores, bool is_optional, float cost = 0);
  /// The frames of each state, which live until the next begin(); empty when there are more states
  /// than frames, or scores that are not numbers.
  std::span<const Range> solve();

 private:
  enum class From : std::uint8_t { Same, Previous, BeforePrevious };

  bool trace();

  const std::size_t max_frames_;
  std::size_t n_frames_ = 0;
  bool may_begin_ = true;       // the next state: all states before it are optional
  std::vector<float> best_;     // [3, max_frames]: sums of the last three states, by state % 3
  std::vector<float> final_;    // by state: sum at the last frame
  std::vector<bool> optional_;  // by state
  std::vector<From> from_;      // [max_states, max_frames]
  std::vector<Range> ranges_;   // by state
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cmath>

namespace npuwhisper {

/// The positions of a window that the encoder computes if the end of the window is padding: the
/// first `dense` positions, and `sparse` positions that are evenly spread over the remaining
/// positions. Each sparse position represents several positions. The encoder's attention and the
/// decoder's cross-attention weight each sparse position by the number of positions it represents.
/// An object without sparse positions stands for every position. `n_all` is the window's number of
/// positions.
struct WindowPositions {
  int dense = 0;
  int sparse = 0;

  bool operator==(const WindowPositions&) const = default;
  bool is_all() const { return sparse == 0; }
  int count(int n_all) const { return is_all() ? n_all : dense + sparse; }
  /// Returns the position in the window of the computed row `row`. If there are sparse positions
  /// and `row` is after the last computed row, returns the window's last position.
  int position_of(int row, int n_all) const {
    if (is_all() || row < dense) return row;
    return std::min(dense + (2 * (row - dense) + 1) * (n_all - dense) / (2 * sparse), n_all - 1);
  }
  /// Returns the value to add to the score of a sparse position before the softmax.
  float log_weight(int n_all) const {
    return is_all() ? 0.0F
                    : std::log(static_cast<float>(n_all - dense) / static_cast<float>(sparse));
  }
};

}  // namespace npuwhisper

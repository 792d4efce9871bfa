// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cmath>

namespace npuwhisper {

/// Which positions of a window an encoder computes, where the window's end is padding: the first `dense`, and of the rest
/// `sparse`, evenly spread, each of which stands for several. Attention, the encoder's and the decoder's to it, counts each
/// for as many as it stands for. {}: every position. `n_all` is how many the window has.
struct WindowPositions {
  int dense = 0;
  int sparse = 0;

  bool operator==(const WindowPositions&) const = default;
  bool is_all() const { return sparse == 0; }
  int count(int n_all) const { return is_all() ? n_all : dense + sparse; }
  /// Of the window: what row `row` of the computed ones is; of rows behind them, its last one.
  int position_of(int row, int n_all) const {
    if (is_all() || row < dense) return row;
    return std::min(dense + (2 * (row - dense) + 1) * (n_all - dense) / (2 * sparse), n_all - 1);
  }
  /// What the score of a sparse position is greater by, before the softmax.
  float log_weight(int n_all) const {
    return is_all() ? 0.0F : std::log(static_cast<float>(n_all - dense) / static_cast<float>(sparse));
  }
};

}  // namespace npuwhisper

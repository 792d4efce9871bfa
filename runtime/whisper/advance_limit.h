// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>

namespace npuwhisper {

/// Ensures that three successive windows together advance by at least one second, regardless of
/// their timestamps. This limits repeated text to three windows per second of audio. Speech never
/// has three segments in a second. Two successive windows may advance less in total, because the
/// end of a window can cut their text. Windows are not successive if silence between them was
/// skipped; the caller then begins with a new object.
class AdvanceLimit {
 public:
  /// Returns the number of mel frames to advance after a window of `n_frames` frames, of which
  /// `n_done` became text.
  int next(int n_done, int n_frames) {
    const int n = std::min(std::max(n_done, kThreeAdvances - before_last_ - last_), n_frames);
    before_last_ = last_;
    last_ = n;
    return n;
  }

  /// Returns the last advance in mel frames. Before the first window, the value is kLong.
  int last() const { return last_; }

 private:
  static constexpr int kThreeAdvances = 100;  // in mel frames: 1 s
  static constexpr int kLong = 3000;          // in mel frames: 30 s

  int before_last_ = kLong;
  int last_ = kLong;
};

}  // namespace npuwhisper

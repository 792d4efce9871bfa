// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::monitor {

/// Holds final pieces of text back for a fixed time, in which an operator may correct them.
/// Reentrant.
class ReviewQueue {
 public:
  using Clock = std::chrono::steady_clock;

  /// Maximum length of a correction in bytes.
  static constexpr std::size_t kMaxText = 2000;

  struct Piece {
    std::uint64_t number = 0;  ///< Counts the pieces from 1.
    std::string json;          ///< CaptionEvent::json; a corrected piece has "corrected": true.
    bool is_withheld = false;  ///< The correction is empty, so nothing goes out.
  };

  /// `hold`: the time between add() and take_due(). `capacity`: maximum number of pieces held; if
  /// there are more, the oldest pieces are due at once.
  ReviewQueue(std::chrono::milliseconds hold, std::size_t capacity);

  /// Adds a piece (CaptionEvent::json). Returns its number.
  std::uint64_t add(std::string json, Clock::time_point now);

  /// Replaces the text of a piece that is still held. White space in `text` is normalised; the
  /// space before the piece remains. The words of the piece get times in proportion to their
  /// lengths, or, if their number is unchanged, keep their times. A piece may be corrected again.
  /// Errors: NotFound (the piece has gone out, or does not exist), InvalidArgument (`text` is too
  /// long, or has control characters).
  Result<void> correct(std::uint64_t number, std::string_view text);

  /// Removes the pieces whose time is over, in order.
  std::vector<Piece> take_due(Clock::time_point now);
  /// Removes all pieces, in order.
  std::vector<Piece> take_all();

 private:
  struct Held {
    Piece piece;
    std::string original;  ///< The piece without corrections; each correction starts from it.
    Clock::time_point due;
  };
  Piece pop();

  const std::chrono::milliseconds hold_;
  const std::size_t capacity_;
  std::deque<Held> held_;
  std::uint64_t next_ = 1;
};

}  // namespace npuwhisper::monitor

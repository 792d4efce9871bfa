// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/file_cursor.h"

#include <algorithm>
#include <cstring>

namespace npuwhisper {

std::optional<std::string> FileCursor::text(std::size_t n) {
  if (n > left()) return std::nullopt;
  std::string text(n, '\0');
  if (!take(std::as_writable_bytes(std::span(text)))) return std::nullopt;
  return text;
}

bool FileCursor::take(std::span<std::byte> out) {
  while (!out.empty()) {
    if (out.size() > left() || !look_ahead()) return false;
    const std::size_t at = static_cast<std::size_t>(position_ - ahead_begin_);
    const std::size_t n = std::min(out.size(), n_ahead_ - at);
    std::memcpy(out.data(), ahead_.data() + at, n);
    out = out.subspan(n);
    position_ += n;
  }
  return true;
}

/// Ensures that ahead_ holds the byte at position_, which must be within the file. Returns false
/// if the file cannot be read.
bool FileCursor::look_ahead() {
  if (!status_) return false;
  if (position_ >= ahead_begin_ && position_ < ahead_begin_ + n_ahead_) return true;
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(ahead_.size(), left()));
  status_ = file_.read(position_, std::span(ahead_).first(n));
  ahead_begin_ = position_;
  n_ahead_ = status_ ? n : 0;
  return n_ahead_ > 0;
}

}  // namespace npuwhisper

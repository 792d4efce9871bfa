// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace npuwhisper::monitor {

/// What browsers are told, as Server-Sent Events (WHATWG HTML, "Server-sent events"), kept once for
/// all of them: a bounded log of final pieces of text, and the last partial text and status, which
/// replace one another. A browser is a Reader, a position in that log; so nothing is queued for it,
/// late ones get the last pieces, and one that reads too slowly misses some and is told so.
///
/// Events: `hello` {session, resumed}, `final` (with an id), `partial`, `status`, `missed`
/// {pieces}. Their data are JSON objects on one line, which the caller has written. Reentrant.
class CaptionFeed {
 public:
  struct Reader {
    std::uint64_t next = 0;     ///< Number of the first piece that it has not been given.
    std::uint64_t partial = 0;  ///< Which of the partial texts it has been given, and
    std::uint64_t status = 0;   ///< which status; 0: none.
    bool greeted = false;
    bool resumed = false;
  };

  /// `session` names this run of the program, in letters and digits. `capacity`: pieces to keep.
  CaptionFeed(std::string session, std::size_t capacity);

  void add_final(std::string json);
  /// An empty text: nothing is known that is not final.
  void set_partial(std::string json);
  void set_status(std::string json);

  /// A new reader. `last_event_id` is what a browser sends that comes back, empty otherwise: it
  /// goes on behind that piece, or at the oldest one where the id is of another session.
  Reader join(std::string_view last_event_id) const;

  /// What `reader` has not been given, at least one event, and no event more once there are
  /// `max_bytes`. Empty: nothing is new.
  std::string read(Reader& reader, std::size_t max_bytes) const;

 private:
  std::uint64_t end() const { return first_ + pieces_.size(); }

  const std::string session_;
  const std::size_t capacity_;
  std::deque<std::string> pieces_;
  std::uint64_t first_ = 1;  // Number of pieces_.front().
  std::string partial_ = "{}";
  std::string status_;
  std::uint64_t partial_version_ = 0;
  std::uint64_t status_version_ = 0;
};

}  // namespace npuwhisper::monitor

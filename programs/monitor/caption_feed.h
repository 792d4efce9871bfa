// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace npuwhisper::monitor {

/// Stores the data for all browsers: a bounded log of final pieces of text, the last partial text,
/// and the last status. Browsers receive the data as Server-Sent Events (WHATWG HTML, "Server-sent
/// events"). Each browser has a Reader, which holds the position of the browser in the log. No
/// events are queued for a browser. A browser that connects late gets the pieces that are still
/// stored. A browser that reads too slowly misses pieces and receives the event `missed`.
///
/// Events: `hello` {session, resumed}, `final` (with an id), `partial`, `status`, `missed`
/// {pieces}. The data of each event is a JSON object on one line. The caller provides the objects
/// of `final`, `partial` and `status`. Reentrant.
class CaptionFeed {
 public:
  struct Reader {
    std::uint64_t next = 0;     ///< Number of the first piece not yet sent.
    std::uint64_t partial = 0;  ///< Version of the last partial text sent; 0: none.
    std::uint64_t status = 0;   ///< Version of the last status sent; 0: none.
    bool greeted = false;
    bool resumed = false;
  };

  /// `session` identifies this run of the program, in letters and digits. `capacity`: number of
  /// pieces to keep; 0 counts as 1.
  CaptionFeed(std::string session, std::size_t capacity);

  void add_final(std::string json);
  /// Sets the partial text. An empty text means that all known text is final.
  void set_partial(std::string json);
  void set_status(std::string json);

  /// Returns a new reader. `last_event_id` is the id that a reconnecting browser sends; empty for a
  /// new browser. The reader continues after the piece with this id. If the id is empty, invalid or
  /// from another session, the reader begins at the oldest piece.
  Reader join(std::string_view last_event_id) const;

  /// Returns the events not yet sent to `reader`, or "" if there are none. Adds no further final
  /// piece when the result has `max_bytes` or more. The next call continues with the next piece.
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

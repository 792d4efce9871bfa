// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <npuwhisper/result.h>

namespace npuwhisper::server {

/// Reads a body of the type multipart/form-data (RFC 7578) piece by piece. Keeps at most one part's
/// head, one field's value and the length of a boundary in memory. Reentrant.
class FormData {
 public:
  static constexpr std::size_t kMaxHead = 8192;      ///< Bytes of the head of a part.
  static constexpr std::size_t kMaxFields = 131072;  ///< Bytes of all names and values.
  static constexpr std::size_t kMaxParts = 100;
  static constexpr std::size_t kMaxBoundary = 70;  ///< Characters of a boundary (RFC 2046, 5.1.1).

  /// Receives the parts in the order of the body. An error ends the reading.
  struct Events {
    /// Receives a part without a file name.
    std::function<Result<void>(const std::string& name, std::string value)> field;
    /// Announces a part with a file name.
    std::function<Result<void>(const std::string& name)> file;
    /// Receives the next bytes of the file that was announced last.
    std::function<Result<void>(std::span<const char>)> bytes;
  };

  /// `content_type` is the value of the header Content-Type. Errors: InvalidArgument (another type,
  /// or no valid boundary).
  static Result<FormData> create(const char* content_type, Events events);

  /// Reads the next piece of the body. Errors: InvalidArgument (malformed, or beyond a limit), and
  /// those of the events. After an error, the object must not be used.
  Result<void> add(std::span<const char> piece);
  /// Checks that the body is complete. Errors: InvalidArgument.
  Result<void> finish() const;

 private:
  enum class State { Preamble, BoundaryEnd, Head, Field, File, Epilogue };

  FormData(std::string boundary, Events events);
  Result<bool> step();
  Result<bool> read_content();
  Result<bool> read_boundary_end();
  Result<bool> read_head();
  Result<void> take(std::string_view content);
  Result<void> end_part();

  const std::string delimiter_;  // CR LF "--" and the boundary.
  const Events events_;
  State state_ = State::Preamble;
  // Bytes not yet read. The first delimiter has no preceding line break in most bodies, so reading
  // begins with an assumed line break.
  std::string buffer_ = "\r\n";
  std::string name_, value_;
  std::size_t n_parts_ = 0;
  std::size_t field_bytes_ = 0;
};

}  // namespace npuwhisper::server

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "simd/data_type.h"

namespace npuwhisper::test {

/// Builds the bytes of a CTranslate2 model file (layout: ctranslate2_file.h). Tests can also build
/// invalid files.
class Ct2Writer {
 public:
  struct Header {
    std::uint32_t version = 6;
    std::string spec = "WhisperSpec";
    std::uint32_t revision = 3;
  };

  Ct2Writer() : Ct2Writer(Header()) {}
  explicit Ct2Writer(const Header& header);

  /// Adds a variable. `data` need not match `dims` and `type`.
  void add_raw(std::string_view name, std::span<const std::int64_t> dims, std::uint8_t type,
               std::string_view data);
  /// Adds a variable. `type` is F32 or F16. For F16, every value must be representable in binary16.
  void add(std::string_view name, std::span<const std::int64_t> dims, DataType type,
           std::span<const float> values);
  void add_i16(std::string_view name, std::int16_t value);
  void add_i8(std::string_view name, std::int8_t value);
  void add_alias(std::string_view alias, std::string_view name);

  /// Returns the whole file. flush() must not have been called.
  std::string finish() const;
  /// Writes the variables added so far to `file`, and forgets their values. The first call also
  /// writes the header. `file` must be seekable and empty before the first call.
  void flush(std::ostream& file);
  /// Writes the rest of the file, and writes the header again with the final number of variables.
  void finish(std::ostream& file);

 private:
  std::string format_header() const;
  std::string format_aliases() const;

  Header header_;
  bool is_flushed_ = false;  // True if the header was written.
  std::uint32_t n_variables_ = 0;
  std::string variables_;
  std::uint32_t n_aliases_ = 0;
  std::string aliases_;
};

}  // namespace npuwhisper::test

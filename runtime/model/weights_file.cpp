// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/weights_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "model/utf8.h"

namespace npuwhisper {
namespace {

static_assert(std::endian::native == std::endian::little, "model files are little-endian");

constexpr std::uint32_t kBinaryVersion = 6;  // CTranslate2 3.0 (the first with Whisper) and later.
constexpr std::uint32_t kWhisperRevision = 3;  // CTranslate2 3.5 (February 2023) and later.

/// Maximum number of variables, and of aliases. Every Whisper model has far fewer (large-v3 has
/// 1,300 variables). The limit keeps a hostile file from filling memory with names.
constexpr std::uint32_t kMaxNames = 1 << 16;
constexpr unsigned kMaxRank = 8;  // Whisper's convolutions have three dimensions.

/// Reads values from a file, front to back, and checks each read against the number of bytes left.
/// Reads ahead in blocks, because most returned values are small. Large values are skipped.
class Cursor {
 public:
  explicit Cursor(const RegularFile& file) : file_(file) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return file_.size() - position_; }
  /// Returns the error of the first read that failed, or success. After an error, integer() and
  /// string() return nullopt.
  const Result<void>& status() const { return status_; }

  bool skip(std::uint64_t n) {
    if (n > left()) return false;
    position_ += n;
    return true;
  }

  template <typename T>
  std::optional<T> integer() {
    static_assert(std::is_unsigned_v<T>);
    T value;
    if (!take(std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
    return value;
  }

  /// Reads a string and its final NUL. Returns nullopt if the file ends too early, or if the first
  /// NUL is not the last byte of the string.
  std::optional<std::string> string() {
    const auto length = integer<std::uint16_t>();
    if (!length || *length == 0 || *length > left()) return std::nullopt;
    std::string text(*length, '\0');
    if (!take(std::as_writable_bytes(std::span(text)))) return std::nullopt;
    if (text.find('\0') != text.size() - 1) return std::nullopt;
    text.pop_back();
    return text;
  }

 private:
  bool take(std::span<std::byte> out) {
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
  bool look_ahead() {
    if (!status_) return false;
    if (position_ >= ahead_begin_ && position_ < ahead_begin_ + n_ahead_) return true;
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(ahead_.size(), left()));
    status_ = file_.read(position_, std::span(ahead_).first(n));
    ahead_begin_ = position_;
    n_ahead_ = status_ ? n : 0;
    return n_ahead_ > 0;
  }

  const RegularFile& file_;
  std::uint64_t position_ = 0;
  std::array<std::byte, 4096> ahead_;
  std::uint64_t ahead_begin_ = 0;  // Position of ahead_'s first byte.
  std::size_t n_ahead_ = 0;
  Result<void> status_;
};

Failure corrupt(std::string message) {
  return fail(ErrorCode::CorruptModel, std::move(message));
}

std::string found_wanted(std::string_view what, std::uint64_t found, std::uint64_t wanted) {
  return std::string(what) + ": found " + std::to_string(found) + ", wanted " +
         std::to_string(wanted);
}

Result<void> check_header(Cursor& cursor) {
  const auto version = cursor.integer<std::uint32_t>();
  if (!version) return corrupt("the file ends before its version");
  if (*version != kBinaryVersion) {
    return fail(ErrorCode::Unsupported,
                found_wanted("CTranslate2 binary version", *version, kBinaryVersion) +
                    " (is this the model.bin of a CTranslate2 Whisper model?)");
  }
  const auto spec = cursor.string();
  const auto revision = cursor.integer<std::uint32_t>();
  if (!spec || !revision) return corrupt("the file ends inside its header");
  if (*spec != "WhisperSpec") {
    return fail(ErrorCode::Unsupported,
                "model specification: found " + in_quotes(*spec) + ", wanted 'WhisperSpec'");
  }
  if (*revision != kWhisperRevision) {
    return fail(ErrorCode::Unsupported,
                found_wanted("WhisperSpec revision", *revision, kWhisperRevision) +
                    ": convert the model again with CTranslate2 3.5 or later");
  }
  return {};
}

/// Returns the number of elements of an array; nullopt if the array is empty or has more than
/// `limit` elements.
std::optional<std::uint64_t> product(std::span<const std::int64_t> dims, std::uint64_t limit) {
  std::uint64_t elements = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 1 || elements > limit / static_cast<std::uint64_t>(dim)) return std::nullopt;
    elements *= static_cast<std::uint64_t>(dim);
  }
  return elements;
}

Result<Variable> read_variable(Cursor& cursor) {
  auto name = cursor.string();
  if (!name) return corrupt("broken name of a variable");
  Variable variable;
  variable.name = std::move(*name);
  const std::string what = "variable " + in_quotes(variable.name);

  const auto rank = cursor.integer<std::uint8_t>();
  if (rank && *rank > kMaxRank) {
    return corrupt(what + ": found " + std::to_string(*rank) + " dimensions, wanted at most " +
                   std::to_string(kMaxRank));
  }
  for (unsigned i = 0; rank && i < *rank; ++i) {
    const auto dim = cursor.integer<std::uint32_t>();
    if (!dim) return corrupt(what + ": the file ends within its dimensions");
    variable.dims.push_back(*dim);
  }
  const auto type = cursor.integer<std::uint8_t>();
  const auto n_bytes = cursor.integer<std::uint32_t>();
  if (!n_bytes) return corrupt(what + ": the file ends before its data");
  if (*type > static_cast<std::uint8_t>(DataType::Bf16)) {
    return corrupt(what + ": found type " + std::to_string(*type) + ", wanted 0 to 5");
  }
  variable.type = static_cast<DataType>(*type);
  variable.offset = cursor.position();
  variable.n_bytes = *n_bytes;
  if (!cursor.skip(*n_bytes)) {
    return corrupt(found_wanted(what + ": bytes left", cursor.left(), *n_bytes));
  }
  const auto elements = product(variable.dims, *n_bytes / size_of(variable.type));
  if (!elements || *elements * size_of(variable.type) != *n_bytes) {
    return corrupt(what + ": " + std::to_string(*n_bytes) + " bytes do not hold " +
                   to_string(variable.dims) + " of " + std::string(to_string(variable.type)));
  }
  return variable;
}

Failure quantised(const std::string& name) {
  return fail(ErrorCode::Unsupported,
              "variable " + in_quotes(name) +
                  ": the file holds quantised weights; convert the model with --quantization "
                  "float16 or float32 (npuwhisper quantises by itself, see precision)");
}

Result<void> read_variables(Cursor& cursor, WeightsIndex& index) {
  const auto n = cursor.integer<std::uint32_t>();
  if (!n) return corrupt("the file ends before its variables");
  for (std::uint32_t i = 0; i < *n; ++i) {
    const std::string where =
        "variable " + std::to_string(i + 1) + " of " + std::to_string(*n) + ": ";
    if (i == kMaxNames) {
      return corrupt(where + "wanted at most " + std::to_string(kMaxNames) + " variables");
    }
    auto variable = read_variable(cursor);
    if (!variable) return corrupt(where + variable.error().message);
    const std::string& name = variable->name;
    if (name.ends_with("/weight_scale")) return quantised(name);
    if (!index.by_name.emplace(name, index.variables.size()).second) {
      return corrupt("variable " + in_quotes(name) + " is listed twice");
    }
    index.variables.push_back(std::move(*variable));
  }
  return {};
}

Result<void> read_aliases(Cursor& cursor, WeightsIndex& index) {
  const auto n = cursor.integer<std::uint32_t>();
  if (!n) return corrupt("the file ends before its aliases");
  for (std::uint32_t i = 0; i < *n; ++i) {
    if (i == kMaxNames) return corrupt(found_wanted("number of aliases", *n, kMaxNames));
    auto alias = cursor.string();
    const auto target = cursor.string();
    if (!alias || !target) return corrupt("broken alias " + std::to_string(i + 1));
    const auto found = index.by_name.find(*target);
    if (found == index.by_name.end()) {
      return corrupt("alias " + in_quotes(*alias) + " of " + in_quotes(*target) +
                     ", which does not exist");
    }
    const std::string name = in_quotes(*alias);
    if (!index.by_name.emplace(std::move(*alias), found->second).second) {
      return corrupt("alias " + name + " is listed twice");
    }
  }
  return {};
}

Result<WeightsIndex> read_index(Cursor& cursor) {
  WeightsIndex index;
  if (auto done = check_header(cursor); !done) return fail(done.error());
  if (auto done = read_variables(cursor, index); !done) return fail(done.error());
  if (auto done = read_aliases(cursor, index); !done) return fail(done.error());
  if (cursor.left() != 0) return corrupt(found_wanted("bytes after the end", cursor.left(), 0));
  return index;
}

}  // namespace

std::string to_string(std::span<const std::int64_t> dims) {
  std::string text = "[";
  for (const std::int64_t dim : dims) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

const Variable* WeightsIndex::find(std::string_view name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &variables[found->second];
}

Result<WeightsIndex> index_weights_file(const RegularFile& file) {
  Cursor cursor(file);
  auto index = read_index(cursor);
  if (!cursor.status()) return fail(cursor.status().error());
  return index;
}

}  // namespace npuwhisper

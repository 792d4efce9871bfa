// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/weights_file.h"

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

constexpr std::uint32_t kBinaryVersion = 6;  // CTranslate2 3.0 (its first with Whisper) and later.
constexpr std::uint32_t kWhisperRevision = 3;  // CTranslate2 3.5 (February 2023) and later.

/// Takes values off the front of a byte range; every take is checked against what is left.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> data) : rest_(data) {}

  std::size_t left() const { return rest_.size(); }

  std::optional<std::span<const std::byte>> take(std::size_t n) {
    if (n > rest_.size()) return std::nullopt;
    const auto taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }

  template <typename T>
  std::optional<T> integer() {
    static_assert(std::is_unsigned_v<T>);
    const auto taken = take(sizeof(T));
    if (!taken) return std::nullopt;
    T value;
    std::memcpy(&value, taken->data(), sizeof value);
    return value;
  }

  /// nullopt also where there is not exactly one NUL, at the end.
  std::optional<std::string> string() {
    const auto length = integer<std::uint16_t>();
    if (!length || *length == 0) return std::nullopt;
    const auto taken = take(*length);
    if (!taken) return std::nullopt;
    std::string text(reinterpret_cast<const char*>(taken->data()), *length);
    if (text.find('\0') != text.size() - 1) return std::nullopt;
    text.pop_back();
    return text;
  }

 private:
  std::span<const std::byte> rest_;
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
  if (!spec || !revision) return corrupt("the file ends within its header");
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

/// Elements of an array of at most `limit` elements; nullopt for an empty one and for a larger one.
std::optional<std::uint64_t> product(std::span<const std::int64_t> dims, std::uint64_t limit) {
  std::uint64_t elements = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 1 || elements > limit / static_cast<std::uint64_t>(dim)) return std::nullopt;
    elements *= static_cast<std::uint64_t>(dim);
  }
  return elements;
}

Result<std::pair<std::string, WeightView>> read_variable(Cursor& cursor) {
  auto name = cursor.string();
  if (!name) return corrupt("broken name of a variable");
  const std::string what = "variable " + in_quotes(*name);

  WeightView view;
  const auto rank = cursor.integer<std::uint8_t>();
  for (unsigned i = 0; rank && i < *rank; ++i) {
    const auto dim = cursor.integer<std::uint32_t>();
    if (!dim) return corrupt(what + ": the file ends within its dimensions");
    view.dims.push_back(*dim);
  }
  const auto type = cursor.integer<std::uint8_t>();
  const auto n_bytes = cursor.integer<std::uint32_t>();
  if (!n_bytes) return corrupt(what + ": the file ends before its data");
  if (*type > static_cast<std::uint8_t>(DataType::Bf16)) {
    return corrupt(what + ": found type " + std::to_string(*type) + ", wanted 0 to 5");
  }
  view.type = static_cast<DataType>(*type);

  const auto data = cursor.take(*n_bytes);
  if (!data) return corrupt(found_wanted(what + ": bytes left", cursor.left(), *n_bytes));
  const auto elements = product(view.dims, data->size() / size_of(view.type));
  if (!elements || *elements * size_of(view.type) != data->size()) {
    return corrupt(what + ": " + std::to_string(data->size()) + " bytes do not hold " +
                   to_string(view.dims) + " of " + std::string(to_string(view.type)));
  }
  view.bytes = *data;
  return std::pair{std::move(*name), std::move(view)};
}

Failure quantised(const std::string& name) {
  return fail(ErrorCode::Unsupported,
              "variable " + in_quotes(name) +
                  ": the file holds quantised weights; convert the model with --quantization "
                  "float16 or float32 (npuwhisper quantises by itself, see precision)");
}

}  // namespace

Result<WeightsIndex> index_weights_file(std::span<const std::byte> data) {
  Cursor cursor(data);
  if (auto header = check_header(cursor); !header) return fail(header.error());

  WeightsIndex index;
  const auto n_variables = cursor.integer<std::uint32_t>();
  if (!n_variables) return corrupt("the file ends before its variables");
  for (std::uint32_t i = 0; i < *n_variables; ++i) {
    auto variable = read_variable(cursor);
    if (!variable) {
      return corrupt("variable " + std::to_string(i + 1) + " of " + std::to_string(*n_variables) +
                     ": " + variable.error().message);
    }
    auto& [name, view] = *variable;
    if (name.ends_with("/weight_scale")) return quantised(name);
    if (!index.variables.emplace(name, std::move(view)).second) {
      return corrupt("variable " + in_quotes(name) + " is there twice");
    }
    index.names.push_back(std::move(name));
  }

  const auto n_aliases = cursor.integer<std::uint32_t>();
  if (!n_aliases) return corrupt("the file ends before its aliases");
  for (std::uint32_t i = 0; i < *n_aliases; ++i) {
    auto alias = cursor.string();
    const auto target = cursor.string();
    if (!alias || !target) return corrupt("broken alias " + std::to_string(i + 1));
    const auto found = index.variables.find(*target);
    if (found == index.variables.end()) {
      return corrupt("alias " + in_quotes(*alias) + " of " + in_quotes(*target) +
                     ", which is not there");
    }
    if (!index.variables.emplace(*alias, WeightView(found->second)).second) {
      return corrupt("alias " + in_quotes(*alias) + " is there twice");
    }
    index.names.push_back(std::move(*alias));
  }
  if (cursor.left() != 0) return corrupt(found_wanted("bytes after the end", cursor.left(), 0));
  return index;
}

}  // namespace npuwhisper

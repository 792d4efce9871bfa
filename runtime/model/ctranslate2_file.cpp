// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/ctranslate2_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "model/file_cursor.h"
#include "model/tensor_index.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

/// Format version that CTranslate2 writes since 3.0, its first release with Whisper.
constexpr std::uint32_t kBinaryVersion = 6;
/// Revision of Whisper's specification that CTranslate2 writes since 3.5 (February 2023).
constexpr std::uint32_t kWhisperRevision = 3;

constexpr std::string_view kScale = "_scale";
/// The types, in the order of CTranslate2's type ids.
constexpr std::array kTypes = {StoredType::F32, StoredType::I8,  StoredType::I16,
                               StoredType::I32, StoredType::F16, StoredType::Bf16};

/// Reads a string and its final NUL. Returns nullopt if the file ends too early, or if the first
/// NUL is not the last byte of the string.
std::optional<std::string> read_string(FileCursor& cursor) {
  const auto length = cursor.integer<std::uint16_t>();
  if (!length || *length == 0) return std::nullopt;
  auto text = cursor.text(*length);
  if (!text || text->find('\0') != text->size() - 1) return std::nullopt;
  text->pop_back();
  return text;
}

Failure corrupt(std::string message) {
  return fail(ErrorCode::CorruptModel, std::move(message));
}

std::string found_wanted(std::string_view what, std::uint64_t found, std::uint64_t wanted) {
  return std::string(what) + ": found " + std::to_string(found) + ", wanted " +
         std::to_string(wanted);
}

Result<void> check_header(FileCursor& cursor) {
  const auto version = cursor.integer<std::uint32_t>();
  if (!version) return corrupt("the file ends before its version");
  if (*version != kBinaryVersion) {
    return fail(ErrorCode::Unsupported,
                found_wanted("CTranslate2 binary version", *version, kBinaryVersion) +
                    " (is this the model.bin of a CTranslate2 Whisper model?)");
  }
  const auto spec = read_string(cursor);
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

Result<Variable> read_variable(FileCursor& cursor) {
  auto name = read_string(cursor);
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
  if (*type >= kTypes.size()) {
    return corrupt(what + ": found type " + std::to_string(*type) + ", wanted 0 to 5");
  }
  variable.type = kTypes[*type];
  variable.parts = {{.n_rows = variable.n_rows(), .offset = cursor.position()}};
  if (!cursor.skip(*n_bytes)) {
    return corrupt(found_wanted(what + ": bytes left", cursor.left(), *n_bytes));
  }
  if (stored_bytes(variable.type, variable.dims, *n_bytes) != *n_bytes) {
    return corrupt(what + ": " + std::to_string(*n_bytes) + " bytes do not hold " +
                   to_string(variable.dims) + " of " + std::string(to_string(variable.type)));
  }
  return variable;
}

Result<void> read_variables(FileCursor& cursor, WeightsIndex& index) {
  const auto n = cursor.integer<std::uint32_t>();
  if (!n) return corrupt("the file ends before its variables");
  for (std::uint32_t i = 0; i < *n; ++i) {
    const std::string where =
        "variable " + std::to_string(i + 1) + " of " + std::to_string(*n) + ": ";
    if (i == kMaxTensors) {
      return corrupt(where + "wanted at most " + std::to_string(kMaxTensors) + " variables");
    }
    auto variable = read_variable(cursor);
    if (!variable) return corrupt(where + variable.error().message);
    const std::string name = in_quotes(variable->name);
    if (!index.add(std::move(*variable))) return corrupt("variable " + name + " is listed twice");
  }
  return {};
}

Result<void> read_aliases(FileCursor& cursor, WeightsIndex& index) {
  const auto n = cursor.integer<std::uint32_t>();
  if (!n) return corrupt("the file ends before its aliases");
  for (std::uint32_t i = 0; i < *n; ++i) {
    if (i == kMaxTensors) return corrupt(found_wanted("number of aliases", *n, kMaxTensors));
    auto alias = read_string(cursor);
    const auto target = read_string(cursor);
    if (!alias || !target) return corrupt("broken alias " + std::to_string(i + 1));
    if (index.find(*target) == nullptr) {
      return corrupt("alias " + in_quotes(*alias) + " of " + in_quotes(*target) +
                     ", which does not exist");
    }
    const std::string name = in_quotes(*alias);
    if (!index.add_alias(std::move(*alias), *target)) {
      return corrupt("alias " + name + " is listed twice");
    }
  }
  return {};
}

/// Sets VariablePart::scales of each integer weight that has scales in a separate variable.
Result<void> attach_scales(WeightsIndex& index) {
  for (Variable& weight : index.variables) {
    const bool is_integer = weight.type == StoredType::I8 || weight.type == StoredType::I16;
    if (!is_integer || !weight.name.ends_with("weight")) continue;
    const Variable* const scales = index.find(weight.name + std::string(kScale));
    if (scales == nullptr) continue;
    const std::int64_t n_wanted = weight.type == StoredType::I8 ? weight.n_rows() : 1;
    if (scales->type != StoredType::F32 || scales->n_elements() != n_wanted) {
      return corrupt("variable " + in_quotes(scales->name) + ": found " + to_string(scales->dims) +
                     " of " + std::string(to_string(scales->type)) + ", wanted " +
                     std::to_string(n_wanted) + " of f32");
    }
    weight.parts.front().scales = scales->parts.front().offset;
    weight.parts.front().one_scale = weight.type == StoredType::I16;
  }
  return {};
}

Result<WeightsIndex> read_index(FileCursor& cursor) {
  WeightsIndex index;
  if (auto done = check_header(cursor); !done) return fail(done.error());
  if (auto done = read_variables(cursor, index); !done) return fail(done.error());
  if (auto done = read_aliases(cursor, index); !done) return fail(done.error());
  if (auto done = attach_scales(index); !done) return fail(done.error());
  if (cursor.left() != 0) return corrupt(found_wanted("bytes after the end", cursor.left(), 0));
  return index;
}

}  // namespace

Result<WeightsIndex> index_ctranslate2(const RegularFile& file) {
  FileCursor cursor(file);
  auto index = read_index(cursor);
  if (!cursor.status()) return fail(cursor.status().error());
  return index;
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/ggml_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "model/file_cursor.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

constexpr std::uint32_t kMagic = 0x67676d6c;
/// Version of the quantised blocks (GGML_QNT_VERSION). Version 1 (before May 2023) had f32 scales.
constexpr std::int32_t kBlockVersion = 2;
constexpr std::int32_t kVersionFactor = 1000;  // The header's ftype is type + version * 1000.
constexpr std::size_t kMaxTokenBytes = 1 << 10;
constexpr std::size_t kMaxNameBytes = 1 << 8;
constexpr std::int32_t kMaxTokens = 1 << 20;

struct Type {
  std::int32_t number;  // value of ggml's enum ggml_type
  StoredType type;
};
constexpr std::array kTypes = {Type{0, StoredType::F32},  Type{1, StoredType::F16},
                               Type{2, StoredType::Q4_0}, Type{3, StoredType::Q4_1},
                               Type{6, StoredType::Q5_0}, Type{7, StoredType::Q5_1},
                               Type{8, StoredType::Q8_0}};

Failure corrupt(const std::string& what) {
  return fail(ErrorCode::CorruptModel, what);
}

enum Header : std::size_t { kAudioHead = 3, kTextHead = 7, kFileType = 10, kHeaderFields = 11 };

Result<std::array<std::int32_t, kHeaderFields>> read_header(FileCursor& cursor) {
  std::array<std::int32_t, kHeaderFields> header{};
  if (const auto magic = cursor.integer<std::uint32_t>(); magic != kMagic) {
    return fail(ErrorCode::Unsupported, "found another magic number, wanted a whisper.cpp file");
  }
  for (std::int32_t& field : header) {
    const auto value = cursor.integer<std::int32_t>();
    if (!value || *value < 0) return corrupt("found a broken header");
    field = *value;
  }
  return header;
}

Result<void> skip_filters(FileCursor& cursor) {
  const auto n_mel = cursor.integer<std::uint32_t>();
  const auto n_fft = cursor.integer<std::uint32_t>();
  if (!n_mel || !n_fft) return corrupt("the file ends before its mel filters");
  const std::uint64_t n_values = std::uint64_t{*n_mel} * *n_fft;
  if (n_values > cursor.left() / sizeof(float) || !cursor.skip(n_values * sizeof(float))) {
    return corrupt("mel filters: found " + std::to_string(*n_mel) + " x " + std::to_string(*n_fft) +
                   " numbers, more than the file has");
  }
  return {};
}

Result<std::vector<std::string>> read_tokens(FileCursor& cursor) {
  const auto n_tokens = cursor.integer<std::int32_t>();
  if (!n_tokens || *n_tokens < 0 || *n_tokens > kMaxTokens) {
    return corrupt("found a broken number of tokens");
  }
  std::vector<std::string> tokens;
  for (std::int32_t i = 0; i < *n_tokens; ++i) {
    const auto length = cursor.integer<std::uint32_t>();
    auto bytes = length && *length <= kMaxTokenBytes ? cursor.text(*length) : std::nullopt;
    if (!bytes) return corrupt("token " + std::to_string(i) + ": broken text");
    tokens.push_back(std::move(*bytes));
  }
  return tokens;
}

Result<StoredType> stored_type(std::int32_t number, std::int32_t block_version) {
  const auto found = std::ranges::find(kTypes, number, &Type::number);
  if (found == kTypes.end()) {
    return fail(ErrorCode::Unsupported, "found ggml type " + std::to_string(number) +
                                            ", wanted f32, f16, q4_0, q4_1, q5_0, q5_1 or q8_0");
  }
  if (block_of(found->type).n_values > 1 && block_version != kBlockVersion) {
    return fail(ErrorCode::Unsupported, "found version " + std::to_string(block_version) +
                                            " of quantised weights, wanted " +
                                            std::to_string(kBlockVersion) +
                                            ": download or quantise the model again");
  }
  return found->type;
}

/// Reads the type, dimensions and name of a tensor, and skips its values.
Result<std::pair<std::string, Tensor>> read_tensor(FileCursor& cursor, std::int32_t block_version) {
  const auto n_dims = cursor.integer<std::int32_t>();
  const auto n_name = cursor.integer<std::int32_t>();
  const auto type_number = cursor.integer<std::int32_t>();
  if (!type_number || *n_dims < 1 || *n_dims > static_cast<std::int32_t>(kMaxRank) || *n_name < 1 ||
      *n_name > static_cast<std::int32_t>(kMaxNameBytes)) {
    return corrupt("found the broken header of a tensor");
  }
  Tensor tensor;
  for (std::int32_t i = 0; i < *n_dims; ++i) {
    const auto dim = cursor.integer<std::int32_t>();
    if (!dim) return corrupt("the file ends within the dimensions of a tensor");
    tensor.dims.insert(tensor.dims.begin(), *dim);
  }
  auto name = cursor.text(static_cast<std::size_t>(*n_name));
  if (!name) return corrupt("the file ends within the name of a tensor");
  const std::string what = "tensor " + in_quotes(*name) + ": ";
  const auto type = stored_type(*type_number, block_version);
  if (!type) return fail(type.error().code, what + type.error().message);
  tensor.type = *type;
  tensor.offset = cursor.position();
  // whisper.cpp quantises only matrices. The rows of other quantised arrays would not consist of
  // whole blocks.
  const bool is_block = block_of(*type).n_values > 1;
  const auto n_bytes = stored_bytes(*type, tensor.dims, cursor.left());
  if (!n_bytes || (is_block && *n_dims != 2) || !cursor.skip(*n_bytes)) {
    return corrupt(what + "found " + std::to_string(*n_dims) + " dimensions of " +
                   std::string(to_string(*type)) + " that do not fit into the " +
                   std::to_string(cursor.left()) + " bytes left");
  }
  return std::pair(std::move(*name), std::move(tensor));
}

Result<GgmlFile> read_all(FileCursor& cursor) {
  const auto header = read_header(cursor);
  if (!header) return fail(header.error());
  GgmlFile file{.n_audio_head = (*header)[kAudioHead],
                .n_text_head = (*header)[kTextHead],
                .tokens = {},
                .tensors = {}};
  if (auto skipped = skip_filters(cursor); !skipped) return fail(skipped.error());
  auto tokens = read_tokens(cursor);
  if (!tokens) return fail(tokens.error());
  file.tokens = std::move(*tokens);
  while (cursor.left() > 0) {
    auto tensor = read_tensor(cursor, (*header)[kFileType] / kVersionFactor);
    if (!tensor) return fail(tensor.error());
    const std::string what = "tensor " + in_quotes(tensor->first) + ": ";
    if (file.tensors.size() == kMaxTensors || !file.tensors.insert(std::move(*tensor)).second) {
      return corrupt(what + "found it twice, or found too many tensors");
    }
  }
  return file;
}

}  // namespace

bool is_ggml_file(const RegularFile& file) {
  return FileCursor(file).integer<std::uint32_t>() == kMagic;
}

Result<GgmlFile> read_ggml_file(const RegularFile& file) {
  FileCursor cursor(file);
  auto read = read_all(cursor);
  if (!cursor.status()) return fail(cursor.status().error());
  return read;
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/utf8.h"

namespace npuwhisper {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;

Failure corrupt(const std::string& what) {
  return fail(ErrorCode::CorruptModel, what);
}

struct TypeName {
  std::string_view name;
  StoredType type;
};
constexpr std::array kTypeNames = {
    TypeName{"F32", StoredType::F32},   TypeName{"F16", StoredType::F16},
    TypeName{"BF16", StoredType::Bf16}, TypeName{"I8", StoredType::I8},
    TypeName{"I16", StoredType::I16},   TypeName{"I32", StoredType::I32}};

/// Reads a JSON array of at most kMaxRank integers in [0, 2^63). Returns nullopt for any other
/// value.
std::optional<std::vector<std::int64_t>> read_numbers(const Json& entry, const char* key) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array() || found->size() > kMaxRank) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const Json& value : *found) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMax) return std::nullopt;
    numbers.push_back(value.get<std::int64_t>());
  }
  return numbers;
}

/// Reads an entry of the header. `data_begin` and `data_bytes`: the place of the data in the file.
Result<Tensor> read_entry(const Json& value, std::uint64_t data_begin, std::uint64_t data_bytes) {
  const auto wanted = [](const std::string& what) { return corrupt("wanted " + what); };
  if (!value.is_object()) return wanted("a JSON object");
  Tensor tensor;
  const auto type = value.find("dtype");
  if (type == value.end() || !type->is_string()) return wanted("a dtype");
  const auto known = std::ranges::find(kTypeNames, type->get<std::string>(), &TypeName::name);
  if (known == kTypeNames.end()) {
    return Tensor{.unsupported = "found dtype " + in_quotes(type->get<std::string>()) +
                                 ", wanted F32, F16, BF16, I8, I16 or I32"};
  }
  tensor.type = known->type;
  auto dims = read_numbers(value, "shape");
  if (!dims) return wanted("a shape of whole numbers");
  if (std::ranges::find(*dims, 0) != dims->end()) return Tensor{.unsupported = "found no values"};
  tensor.dims = std::move(*dims);
  const auto offsets = read_numbers(value, "data_offsets");
  if (!offsets || offsets->size() != 2) return wanted("data_offsets of two whole numbers");
  const auto begin = static_cast<std::uint64_t>((*offsets)[0]);
  const auto end = static_cast<std::uint64_t>((*offsets)[1]);
  if (begin > end || end > data_bytes) {
    return wanted("data within the file's " + std::to_string(data_bytes) + " bytes, found " +
                  std::to_string(begin) + " to " + std::to_string(end));
  }
  if (stored_bytes(tensor.type, tensor.dims, end - begin) != end - begin) {
    return corrupt("found " + std::to_string(end - begin) + " bytes for the shape " +
                   value["shape"].dump() + " of " + std::string(known->name));
  }
  tensor.offset = data_begin + begin;
  return tensor;
}

}  // namespace

Result<void> index_safetensors(const RegularFile& file, std::size_t number,
                               std::uint64_t max_header_bytes, TensorIndex& index) {
  if (file.size() < kLengthBytes) {
    return corrupt("found " + std::to_string(file.size()) + " bytes, wanted a safetensors file");
  }
  std::uint64_t header_bytes = 0;
  if (auto done = file.read(0, std::as_writable_bytes(std::span(&header_bytes, 1))); !done) {
    return done;
  }
  const std::uint64_t most = std::min(file.size() - kLengthBytes, max_header_bytes);
  if (header_bytes > most) {
    return corrupt("found a header of " + std::to_string(header_bytes) + " bytes, wanted at most " +
                   std::to_string(most));
  }
  std::string text(static_cast<std::size_t>(header_bytes), '\0');
  if (auto done = file.read(kLengthBytes, std::as_writable_bytes(std::span(text))); !done) {
    return done;
  }
  const Json header = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return corrupt("found a header that is not a JSON object");
  const std::uint64_t data_begin = kLengthBytes + header_bytes;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    const std::string what = "tensor " + in_quotes(name) + ": ";
    if (index.size() == kMaxTensors) {
      return corrupt(what + "wanted at most " + std::to_string(kMaxTensors) + " tensors");
    }
    auto tensor = read_entry(value, data_begin, file.size() - data_begin);
    if (!tensor) return fail(tensor.error().code, what + tensor.error().message);
    tensor->file = number;
    if (!index.emplace(name, std::move(*tensor)).second) return corrupt(what + "found it twice");
  }
  return {};
}

}  // namespace npuwhisper

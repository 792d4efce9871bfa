// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "model/finite.h"
#include "model/regular_file.h"
#include "model/weights_file.h"

namespace npuwhisper {
namespace {

using Json = nlohmann::json;

/// Maximum size of a file in bytes. Silero's file has 1.2 MB, so a file above this limit is not
/// Silero's.
constexpr std::uint64_t kMaxBytes = 16 << 20;
constexpr std::size_t kLengthBytes = 8;
/// Maximum size of the header in bytes. Silero's header has 1.2 KB. The limit is low because parsed
/// JSON takes many times the memory of its text.
constexpr std::size_t kMostHeaderBytes = 64 << 10;
constexpr std::size_t kMaxRank = 8;

Failure corrupt(const std::string& what) {
  return fail(ErrorCode::CorruptModel, what);
}

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return value;
}

/// Reads a JSON array of at most kMaxRank integers in [0, kMaxBytes]. Returns nullopt for any other
/// value.
std::optional<std::vector<std::int64_t>> read_numbers(const Json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array() || found->size() > kMaxRank) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const Json& value : *found) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMaxBytes) return std::nullopt;
    numbers.push_back(value.get<std::int64_t>());
  }
  return numbers;
}

}  // namespace

Result<Safetensors> Safetensors::load(const std::filesystem::path& file) {
  const auto in_file = [&](const Error& error) {
    return fail(error.code, "'" + file.string() + "': " + error.message);
  };
  const auto opened = RegularFile::open(file);
  if (!opened) return in_file(opened.error());
  if (opened->size() > kMaxBytes) {
    return in_file({ErrorCode::CorruptModel, "found " + std::to_string(opened->size()) +
                                                 " bytes, wanted at most " +
                                                 std::to_string(kMaxBytes)});
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(opened->size()));
  if (auto done = opened->read(0, bytes); !done) return in_file(done.error());
  auto parsed = parse(std::move(bytes));
  if (!parsed) return in_file(parsed.error());
  return parsed;
}

Result<Safetensors> Safetensors::parse(std::vector<std::byte> bytes) {
  Safetensors file;
  file.bytes_ = std::move(bytes);
  const std::span<const std::byte> all(file.bytes_);
  if (all.size() < kLengthBytes) {
    return corrupt("found " + std::to_string(all.size()) + " bytes, wanted a safetensors file");
  }
  const std::uint64_t header_bytes = little_endian(all.first(kLengthBytes));
  const std::size_t most = std::min(all.size() - kLengthBytes, kMostHeaderBytes);
  if (header_bytes > most) {
    return corrupt("found a header of " + std::to_string(header_bytes) + " bytes, wanted at most " +
                   std::to_string(most));
  }
  const auto data_begin = kLengthBytes + static_cast<std::size_t>(header_bytes);
  const auto* text = reinterpret_cast<const char*>(all.data() + kLengthBytes);
  const Json header = Json::parse(text, text + header_bytes, nullptr, false);
  if (!header.is_object()) return corrupt("found a header that is not a JSON object");
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    const auto wrong = [&name = name](const std::string& wanted) {
      return corrupt("tensor '" + name.substr(0, 60) + "': wanted " + wanted);
    };
    if (!value.is_object()) return wrong("a JSON object");
    Entry entry;
    const auto type = value.find("dtype");
    if (type == value.end() || !type->is_string()) return wrong("a dtype");
    entry.type = type->get<std::string>();
    auto dims = read_numbers(value, "shape");
    if (!dims) return wrong("a shape of whole numbers");
    entry.dims = std::move(*dims);
    const auto offsets = read_numbers(value, "data_offsets");
    if (!offsets || offsets->size() != 2) return wrong("data_offsets of two whole numbers");
    const auto begin = static_cast<std::size_t>((*offsets)[0]);
    const auto end = static_cast<std::size_t>((*offsets)[1]);
    if (begin > end || end > all.size() - data_begin) {
      return wrong("data within the file's " + std::to_string(all.size() - data_begin) +
                   " bytes, found " + std::to_string(begin) + " to " + std::to_string(end));
    }
    entry.begin = data_begin + begin;
    entry.end = data_begin + end;
    file.entries_.emplace(name, std::move(entry));
  }
  return file;
}

Result<std::vector<float>> Safetensors::read(std::string_view name,
                                             std::span<const std::int64_t> dims) const {
  const std::string label = "tensor '" + std::string(name) + "': ";
  const auto found = entries_.find(name);
  if (found == entries_.end()) return corrupt(label + "there is none");
  const Entry& entry = found->second;
  if (entry.type != "F32") {
    return corrupt(label + "found type '" + entry.type.substr(0, 20) + "', wanted F32");
  }
  if (!std::ranges::equal(entry.dims, dims)) {
    return corrupt(label + "found " + to_string(entry.dims) + ", wanted " + to_string(dims));
  }
  std::size_t wanted = sizeof(float);
  for (const std::int64_t n : dims) wanted *= static_cast<std::size_t>(n);
  if (entry.end - entry.begin != wanted) {
    return corrupt(label + "found " + std::to_string(entry.end - entry.begin) + " bytes, wanted " +
                   std::to_string(wanted));
  }
  // A single NaN or infinity would spread to all results, so the detector would find no speech.
  const auto stored = std::span(bytes_).subspan(entry.begin, wanted);
  if (!all_finite(DataType::F32, stored)) {
    return corrupt(label + "found NaN or infinity at " +
                   std::to_string(first_not_finite(DataType::F32, stored)) + ", wanted numbers");
  }
  std::vector<float> values(wanted / sizeof(float));
  std::memcpy(values.data(), stored.data(), wanted);
  return values;
}

}  // namespace npuwhisper

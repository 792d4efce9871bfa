// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/weights.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "model/finite.h"
#include "simd/float16.h"

namespace npuwhisper {
namespace {

/// Maximum number of bytes that read_rows() reads with one system call.
constexpr std::size_t kPieceBytes = 16384;
/// Number of rows that each_row() holds in memory at a time.
constexpr std::size_t kRowsAtOnce = 16;

template <typename T>
void integers_to_f32(std::span<const std::byte> in, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, in.data() + i * sizeof value, sizeof value);
    out[i] = static_cast<float>(value);
  }
}

void to_f32(DataType type, std::span<const std::byte> in, std::span<float> out) {
  switch (type) {
    case DataType::F32:
      std::memcpy(out.data(), in.data(), in.size());
      return;
    case DataType::I8:
      return integers_to_f32<std::int8_t>(in, out);
    case DataType::I16:
      return integers_to_f32<std::int16_t>(in, out);
    case DataType::I32:
      return integers_to_f32<std::int32_t>(in, out);
    case DataType::F16:
      return f16_to_f32(in, out);
    case DataType::Bf16:
      return bf16_to_f32(in, out);
  }
}

Failure in_file(const std::filesystem::path& file, const Error& error) {
  return fail(error.code, "model '" + file.string() + "': " + error.message);
}

}  // namespace

Result<std::shared_ptr<const Weights>> Weights::load(const std::filesystem::path& path) {
  auto file = RegularFile::open(path);
  if (!file) return in_file(path, file.error());
  auto index = index_weights_file(*file);
  if (!index) return in_file(path, index.error());
  return std::shared_ptr<const Weights>(new Weights(path, std::move(*file), std::move(*index)));
}

Weights::Weights(std::filesystem::path path, RegularFile file, WeightsIndex index)
    : path_(std::move(path)), file_(std::move(file)), index_(std::move(index)) {}

Result<const Variable*> Weights::get(std::string_view name,
                                     std::span<const std::int64_t> dims) const {
  const Variable* const variable = find(name);
  const std::string what = "variable '" + std::string(name) + "'";
  if (variable == nullptr) {
    return in_file(path_, {ErrorCode::CorruptModel, what + " is not there"});
  }
  if (!std::ranges::equal(variable->dims, dims)) {
    return in_file(path_, {ErrorCode::CorruptModel, what + ": found " + to_string(variable->dims) +
                                                        ", wanted " + to_string(dims)});
  }
  return variable;
}

Result<void> Weights::read_rows(const Variable& variable, std::int64_t first,
                                std::span<float> out) const {
  const std::int64_t per_row = variable.n_elements() / variable.n_rows();
  assert(first >= 0 && out.size() % static_cast<std::size_t>(per_row) == 0);
  assert(first * per_row + static_cast<std::int64_t>(out.size()) <= variable.n_elements());
  std::array<std::byte, kPieceBytes> piece;
  const std::size_t most = piece.size() / size_of(variable.type);
  auto at = static_cast<std::uint64_t>(first * per_row);
  while (!out.empty()) {
    const std::size_t count = std::min(out.size(), most);
    const auto bytes = std::span(piece).first(count * size_of(variable.type));
    if (auto done = read_finite(variable, at, bytes); !done) return done;
    to_f32(variable.type, bytes, out.first(count));
    out = out.subspan(count);
    at += count;
  }
  return {};
}

Result<void> Weights::each_row(
    const Variable& variable,
    const std::function<void(std::size_t row, std::span<const float> values)>& take) const {
  const auto n = static_cast<std::size_t>(variable.n_rows());
  const std::size_t n_row = static_cast<std::size_t>(variable.n_elements()) / n;
  std::vector<float> rows(std::min(kRowsAtOnce, n) * n_row);
  for (std::size_t first = 0; first < n; first += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, n - first);
    const auto values = std::span(rows).first(count * n_row);
    auto done = read_rows(variable, static_cast<std::int64_t>(first), values);
    if (!done) return done;
    for (std::size_t i = 0; i < count; ++i) take(first + i, values.subspan(i * n_row, n_row));
  }
  return {};
}

Result<std::vector<float>> Weights::read(const Variable& variable) const {
  std::vector<float> values(static_cast<std::size_t>(variable.n_elements()));
  if (auto done = read_rows(variable, 0, values); !done) {
    return fail(done.error());
  }
  return values;
}

Result<std::vector<std::byte>> Weights::read_stored(const Variable& variable) const {
  std::vector<std::byte> bytes(static_cast<std::size_t>(variable.n_bytes));
  if (auto done = read_finite(variable, 0, bytes); !done) return fail(done.error());
  return bytes;
}

/// Fills `out` with the stored values from element `first` on. Fails if a value is NaN or infinite.
Result<void> Weights::read_finite(const Variable& variable, std::uint64_t first,
                                  std::span<std::byte> out) const {
  const std::uint64_t offset = variable.offset + first * size_of(variable.type);
  if (auto done = file_.read(offset, out); !done) return in_file(path_, done.error());
  if (all_finite(variable.type, out)) return {};
  const std::uint64_t at = first + first_not_finite(variable.type, out);
  return in_file(path_, {ErrorCode::CorruptModel, "variable '" + variable.name +
                                                      "': found NaN or infinity at " +
                                                      std::to_string(at) + ", wanted numbers"});
}

}  // namespace npuwhisper

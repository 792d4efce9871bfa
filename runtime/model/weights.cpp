// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/weights.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "model/ctranslate2_file.h"
#include "model/finite.h"
#include "model/model_failure.h"

namespace npuwhisper {
namespace {

/// Maximum number of bytes that read_rows() reads with one system call.
constexpr std::size_t kPieceBytes = 16384;
/// Maximum number of scales that are read with one system call.
constexpr std::size_t kScalesAtOnce = 256;

}  // namespace

Result<ModelFile> ModelFile::open(const std::filesystem::path& path) {
  auto file = RegularFile::open(path);
  if (!file) return model_failure(path, file.error());
  return ModelFile{path, std::move(*file)};
}

Failure ModelFile::failure(const Error& error) const {
  return model_failure(path, error);
}

Result<std::shared_ptr<const Weights>> Weights::load(const std::filesystem::path& path) {
  auto file = ModelFile::open(path);
  if (!file) return fail(file.error());
  auto index = index_ctranslate2(file->file);
  if (!index) return file->failure(index.error());
  std::vector<ModelFile> files;
  files.push_back(std::move(*file));
  return std::make_shared<const Weights>(std::move(files), std::move(*index));
}

Weights::Weights(std::vector<ModelFile> files, WeightsIndex index)
    : files_(std::move(files)), index_(std::move(index)) {}

std::uint64_t Weights::file_bytes() const {
  std::uint64_t bytes = 0;
  for (const ModelFile& file : files_) bytes += file.file.size();
  return bytes;
}

Result<const Variable*> Weights::get(std::string_view name,
                                     std::span<const std::int64_t> dims) const {
  const Variable* const variable = find(name);
  const std::string what = "variable '" + std::string(name) + "'";
  if (variable == nullptr) {
    return files_.front().failure({ErrorCode::CorruptModel, what + " is not there"});
  }
  if (!std::ranges::equal(variable->dims, dims)) {
    return files_.front().failure(
        {ErrorCode::CorruptModel,
         what + ": found " + to_string(variable->dims) + ", wanted " + to_string(dims)});
  }
  return variable;
}

Result<void> Weights::read_rows(const Variable& variable, std::int64_t first,
                                std::span<float> out) const {
  const std::int64_t per_row = variable.n_elements() / variable.n_rows();
  assert(first >= 0 && out.size() % static_cast<std::size_t>(per_row) == 0);
  assert(first * per_row + static_cast<std::int64_t>(out.size()) <= variable.n_elements());
  for (const VariablePart& part : variable.parts) {
    if (out.empty()) break;
    if (first >= part.n_rows) {
      first -= part.n_rows;
      continue;
    }
    const auto n_values = static_cast<std::size_t>((part.n_rows - first) * per_row);
    const std::size_t count = std::min(out.size(), n_values);
    if (auto done = read_part(variable, part, first, out.first(count)); !done) return done;
    out = out.subspan(count);
    first = 0;
  }
  return {};
}

/// Fills `out` with rows of `part`, beginning with the part's row `first`.
Result<void> Weights::read_part(const Variable& variable, const VariablePart& part,
                                std::int64_t first, std::span<float> out) const {
  if (!part.offset) {
    std::ranges::fill(out, 0.0F);
    return {};
  }
  const std::int64_t per_row = variable.n_elements() / variable.n_rows();
  const auto at = static_cast<std::uint64_t>(first * per_row);
  if (auto done = read_values(variable, part, at, out); !done) return done;
  return part.scales ? unscale(variable, part, first, out) : Result<void>();
}

/// Fills `out` with values of `part`, beginning with the part's value `first`.
Result<void> Weights::read_values(const Variable& variable, const VariablePart& part,
                                  std::uint64_t first, std::span<float> out) const {
  const ModelFile& file = files_[part.file];
  const StoredBlock block = block_of(variable.type);
  std::array<std::byte, kPieceBytes> piece;
  const std::size_t most = piece.size() / block.n_bytes * block.n_values;
  while (!out.empty()) {
    const std::size_t count = std::min(out.size(), most);
    const auto bytes = std::span(piece).first(count / block.n_values * block.n_bytes);
    const std::uint64_t offset = *part.offset + first / block.n_values * block.n_bytes;
    if (auto done = file.file.read(offset, bytes); !done) return file.failure(done.error());
    const auto values = out.first(count);
    stored_to_f32(variable.type, bytes, values);
    if (!all_finite(StoredType::F32, std::as_bytes(values))) {
      return not_finite(variable, part,
                        first + first_not_finite(StoredType::F32, std::as_bytes(values)));
    }
    out = out.subspan(count);
    first += count;
  }
  return {};
}

/// Divides `rows` by their scales. `rows`: rows of `part`, beginning with the part's row `first`.
Result<void> Weights::unscale(const Variable& variable, const VariablePart& part,
                              std::int64_t first, std::span<float> rows) const {
  const auto per_row = static_cast<std::size_t>(variable.n_elements() / variable.n_rows());
  const ModelFile& file = files_[part.file];
  std::array<float, kScalesAtOnce> scales;
  while (!rows.empty()) {
    const std::size_t n = std::min(scales.size(), rows.size() / per_row);
    const auto found = std::span(scales).first(part.one_scale ? 1 : n);
    const auto index = static_cast<std::uint64_t>(part.one_scale ? 0 : first);
    auto done = file.file.read(*part.scales + index * sizeof(float), std::as_writable_bytes(found));
    if (!done) return file.failure(done.error());
    for (std::size_t i = 0; i < n; ++i) {
      const float scale = found[part.one_scale ? 0 : i];
      const auto row = rows.subspan(i * per_row, per_row);
      for (float& value : row) value /= scale;
      if (!(scale > 0) || !all_finite(StoredType::F32, std::as_bytes(row))) {
        return file.failure({ErrorCode::CorruptModel,
                             "variable '" + variable.name + "': found the scale " +
                                 std::to_string(scale) + " of row " +
                                 std::to_string(first + static_cast<std::int64_t>(i)) +
                                 ", wanted a number above 0 that keeps the values finite"});
      }
    }
    rows = rows.subspan(n * per_row);
    first += static_cast<std::int64_t>(n);
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
  const VariablePart& part = variable.parts.front();
  assert(variable.parts.size() == 1 && part.offset);
  const ModelFile& file = files_[part.file];
  std::vector<std::byte> bytes(static_cast<std::size_t>(variable.n_bytes()));
  if (auto done = file.file.read(*part.offset, bytes); !done) return file.failure(done.error());
  if (!all_finite(variable.type, bytes)) {
    return not_finite(variable, part, first_not_finite(variable.type, bytes));
  }
  return bytes;
}

Failure Weights::not_finite(const Variable& variable, const VariablePart& part,
                            std::uint64_t at) const {
  return files_[part.file].failure(
      {ErrorCode::CorruptModel, "variable '" + variable.name + "': found NaN or infinity at " +
                                    std::to_string(at) + ", wanted numbers"});
}

}  // namespace npuwhisper

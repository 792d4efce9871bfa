// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "model/regular_file.h"
#include "model/weights_file.h"

namespace npuwhisper {

/// The variables of a Whisper model by CTranslate2's names ("encoder/layer_0/ffn/linear_0/weight").
/// Values are read from the file when they are asked for, and never kept: only what the caller
/// packs takes memory. The file may be replaced by another one, or shortened, at any time: the
/// former changes nothing, the latter gives an Error. Immutable; thread-safe.
class Weights {
 public:
  /// Opens `file` and checks every length and count against its size. Errors: NotFound, Unavailable
  /// (no rights), CorruptModel (the variable, the value found and the value wanted), Unsupported
  /// (other version, not Whisper, or quantised weights).
  static Result<std::shared_ptr<const Weights>> load(const std::filesystem::path& file);

  /// nullptr when there is no such variable or alias.
  const Variable* find(std::string_view name) const { return index_.find(name); }
  /// The variable with exactly these dimensions, or CorruptModel with the dimensions found and
  /// wanted.
  Result<const Variable*> get(std::string_view name, std::span<const std::int64_t> dims) const;
  /// Bytes of the file when it was opened.
  std::uint64_t file_bytes() const { return file_.size(); }

  /// The rows of `variable`, one of these, from `first` on that fill `out`, as f32, the dimensions
  /// after the first flattened, whatever the stored type. `out` holds whole rows of n_elements() /
  /// n_rows() values. Up to 16 KB take one system call. Errors: Unavailable (the file cannot be
  /// read any more), CorruptModel (a value is NaN or infinite).
  Result<void> read_rows(const Variable& variable, std::int64_t first, std::span<float> out) const;
  /// Calls `take` with the number and the values of each row, in order, a few of them in memory at
  /// a time. Errors: as read_rows(); rows before the one that cannot be read were taken.
  Result<void> each_row(
      const Variable& variable,
      const std::function<void(std::size_t row, std::span<const float> values)>& take) const;
  /// All values as f32. Errors: as read_rows().
  Result<std::vector<float>> read(const Variable& variable) const;
  /// All values as they are stored. Errors: as read_rows().
  Result<std::vector<std::byte>> read_stored(const Variable& variable) const;

 private:
  Weights(std::filesystem::path path, RegularFile file, WeightsIndex index);
  Result<void> read_finite(const Variable& variable, std::uint64_t first,
                           std::span<std::byte> out) const;

  std::filesystem::path path_;
  RegularFile file_;
  WeightsIndex index_;
};

}  // namespace npuwhisper

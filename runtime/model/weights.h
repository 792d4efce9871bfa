// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "model/regular_file.h"
#include "model/weights_index.h"

namespace npuwhisper {

/// A file of a model that is open for reading, and its path for messages.
struct ModelFile {
  std::filesystem::path path;
  RegularFile file;

  /// Opens the file. Errors: those of RegularFile::open(). Messages name the file.
  static Result<ModelFile> open(const std::filesystem::path& path);
  /// Returns `error` with the path in front of its message.
  Failure failure(const Error& error) const;
};

/// The variables of a Whisper model by CTranslate2's names ("encoder/layer_0/ffn/linear_0/weight"),
/// whatever the format of the files. Values are read from the files on request and never kept, so
/// only values that the caller packs take memory. The files may change while they are open:
/// replacing a file has no effect, and shortening a file makes later reads return an Error.
/// Immutable; thread-safe.
class Weights {
 public:
  /// Opens `file`, a CTranslate2 model.bin, and checks every length and count against the size of
  /// the file. Errors: NotFound, Unavailable (no permission), CorruptModel (the message has the
  /// variable, the value found and the value wanted), Unsupported (other version, not Whisper).
  static Result<std::shared_ptr<const Weights>> load(const std::filesystem::path& file);

  /// Takes the open files of a model (at least one) and the index of their variables, which must be
  /// within the files.
  Weights(std::vector<ModelFile> files, WeightsIndex index);

  /// Returns the names, types and dimensions of all variables.
  const WeightsIndex& index() const { return index_; }
  /// Returns the variable with this name or alias; nullptr if there is none.
  const Variable* find(std::string_view name) const { return index_.find(name); }
  /// Returns the variable with this name, which must have exactly these dimensions. Errors:
  /// CorruptModel (no such variable, or other dimensions; the message has the dimensions found and
  /// wanted).
  Result<const Variable*> get(std::string_view name, std::span<const std::int64_t> dims) const;
  /// Returns the size of all files in bytes when they were opened.
  std::uint64_t file_bytes() const;

  /// Fills `out` with the rows of `variable` from row `first` on, converted from any stored type to
  /// f32. `variable` must be one of these weights. A row has n_elements() / n_rows() values: the
  /// dimensions after the first are flattened. `out` must hold whole rows. Reads up to 16 KiB of
  /// a file with each system call. Errors: Unavailable (the file cannot be read any more),
  /// CorruptModel (a value is NaN or infinite, or a scale is not positive).
  Result<void> read_rows(const Variable& variable, std::int64_t first, std::span<float> out) const;
  /// Returns all values as f32. Errors: those of read_rows().
  Result<std::vector<float>> read(const Variable& variable) const;
  /// Returns the bytes of all values as they are stored. `variable` must consist of one part that a
  /// file stores. Errors: those of read_rows().
  Result<std::vector<std::byte>> read_stored(const Variable& variable) const;

 private:
  Result<void> read_part(const Variable& variable, const VariablePart& part, std::int64_t first,
                         std::span<float> out) const;
  Result<void> read_values(const Variable& variable, const VariablePart& part, std::uint64_t first,
                           std::span<float> out) const;
  Result<void> unscale(const Variable& variable, const VariablePart& part, std::int64_t first,
                       std::span<float> rows) const;
  Failure not_finite(const Variable& variable, const VariablePart& part, std::uint64_t at) const;

  std::vector<ModelFile> files_;
  WeightsIndex index_;
};

}  // namespace npuwhisper

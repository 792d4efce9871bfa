// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// How a variable is stored. The values are CTranslate2's type ids.
enum class DataType : std::uint8_t { F32, I8, I16, I32, F16, Bf16 };
std::size_t size_of(DataType type);
std::string_view to_string(DataType type);

/// One variable of a model file: a view into the mapped file, row-major, little-endian.
struct WeightView {
  DataType type = DataType::F32;
  std::vector<std::int64_t> dims;    ///< Each at least 1. Empty for a scalar.
  std::span<const std::byte> bytes;  ///< size_of(type) * product of dims; may be unaligned.

  std::int64_t n_elements() const;
  /// Rows of the first dimension; a scalar has one.
  std::int64_t n_rows() const { return dims.empty() ? 1 : dims.front(); }
  /// Rows [first, first + n) as f32, the dimensions after the first flattened, whatever the stored
  /// type. `out` holds n * n_elements() / n_rows() values.
  void read_rows(std::int64_t first, std::int64_t n, std::span<float> out) const;
  /// Everything as f32.
  std::vector<float> read() const;
};

/// "[512, 80, 3]", for messages.
std::string to_string(std::span<const std::int64_t> dims);

/// The variables of a Whisper model by CTranslate2's names ("encoder/layer_0/ffn/linear_0/weight"),
/// mapped from the file. Immutable; thread-safe.
///
/// Layout of the file (CTranslate2 model_spec.py, binary version 6, which every release that
/// converts Whisper writes): little-endian, nothing aligned; a string is u16 length, text, NUL
/// (counted).
///   u32 version; string spec; u32 revision; u32 count, then for each variable: string name, u8
///   rank, u32 dims[rank], u8 type, u32 bytes, data; u32 count, then for each alias: string alias,
///   string name.
///
/// The file must not be shortened while it is mapped: reading beyond its end would end the process.
class Weights {
 public:
  /// Maps `file` and checks every length and count against it. Errors: NotFound, Unavailable (no
  /// rights), CorruptModel (the variable, the value found and the value wanted), Unsupported (other
  /// version, not Whisper, or quantised weights).
  static Result<std::shared_ptr<const Weights>> load(const std::filesystem::path& file);
  ~Weights();

  /// nullptr when there is no such variable or alias.
  const WeightView* find(std::string_view name) const;
  /// The variable with exactly these dimensions, or CorruptModel with the dimensions found and
  /// wanted.
  Result<const WeightView*> get(std::string_view name, std::span<const std::int64_t> dims) const;
  /// Row `row` of `view`, a variable of these, as f32: read from the file, not through the map, so
  /// that it never counts in the process's resident size. One system call. Errors: Unavailable (the
  /// file cannot be read any more).
  Result<void> read_row(const WeightView& view, std::int64_t row, std::span<float> out) const;
  /// All variables in the order of the file, then the aliases.
  std::span<const std::string> names() const { return names_; }

  /// Tells the kernel that the pages of `view` need not stay in memory: until then, what was read of
  /// them counts in the process's resident size. Cheap, so whoever packs a large view calls it every
  /// few megabytes. What is read again later comes from the file again.
  void release(const WeightView& view) const;
  /// The same for the whole file.
  void release_all() const { release_range(0, map_.size()); }

  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;

 private:
  Weights() = default;
  void release_range(std::size_t begin, std::size_t end) const;

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::span<const std::byte> map_;
  std::map<std::string, WeightView, std::less<>> variables_;
  std::vector<std::string> names_;
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// The f32 tensors of a small file in the safetensors format (huggingface/safetensors, "Format").
/// The file contains the header's length (u64), the header and the little-endian data. The header
/// is a JSON object {name: {dtype, shape, data_offsets: [begin, end]}}. The offsets are relative to
/// the start of the data. The file is not trusted: no content makes the parser read outside the
/// file. Immutable; thread-safe.
class Safetensors {
 public:
  /// Reads the whole file. Errors: NotFound (no such file, or not a regular one), Unavailable (no
  /// permission, or the file cannot be read), CorruptModel.
  static Result<Safetensors> load(const std::filesystem::path& file);
  /// Parses the bytes of a file and takes ownership of them. Error: CorruptModel.
  static Result<Safetensors> parse(std::vector<std::byte> bytes);

  /// Returns the values of the tensor `name`, which must have exactly the dimensions `dims`. Error:
  /// CorruptModel, also for a value that is NaN or infinite. The message names the tensor, the
  /// property found and the property expected.
  Result<std::vector<float>> read(std::string_view name, std::span<const std::int64_t> dims) const;

 private:
  struct Entry {
    std::string type;
    std::vector<std::int64_t> dims;
    std::size_t begin = 0;  // Offset in bytes_.
    std::size_t end = 0;    // End offset in bytes_.
  };

  std::vector<std::byte> bytes_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace npuwhisper

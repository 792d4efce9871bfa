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

/// The f32 tensors of a small file in the safetensors format (huggingface/safetensors, "Format"):
/// u64 length of the header, a JSON object {name: {dtype, shape, data_offsets: [begin, end]}},
/// then the data, little-endian, which the offsets count in. The file is not trusted: nothing
/// outside it is read, whatever it says. Immutable; thread-safe.
class Safetensors {
 public:
  /// Reads the whole file. Errors: NotFound (no such file, or no regular one), Unavailable (no
  /// rights), CorruptModel.
  static Result<Safetensors> load(const std::filesystem::path& file);
  /// The same of a file's bytes, which become its own.
  static Result<Safetensors> parse(std::vector<std::byte> bytes);

  /// The values of the tensor of exactly these dimensions. Error: CorruptModel (the tensor, what
  /// was found, what was wanted; a value that is NaN or infinite, too).
  Result<std::vector<float>> read(std::string_view name, std::span<const std::int64_t> dims) const;

 private:
  struct Entry {
    std::string type;
    std::vector<std::int64_t> dims;
    std::size_t begin = 0;  // in bytes_
    std::size_t end = 0;
  };

  std::vector<std::byte> bytes_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::test {

/// A tensor of golden data, row-major. One of the two vectors holds the values. The other is empty.
struct GoldenTensor {
  std::vector<std::int64_t> dims;
  std::vector<float> f32;
  std::vector<std::int32_t> i32;
};

/// Golden data: named tensors, and attributes that state their origin. tests/golden/golden_file.py
/// writes and describes the format. Immutable and thread-safe.
class Golden {
 public:
  /// Loads `file`, a name in tests/golden. Errors: NotFound, or InvalidArgument if the file is
  /// truncated or not in the format.
  static Result<Golden> load(const std::filesystem::path& file);

  /// Returns the tensor `name`. If there is none, throws std::out_of_range with the name, which
  /// fails the test.
  const GoldenTensor& tensor(std::string_view name) const;
  const std::string& attribute(std::string_view name) const;

 private:
  Golden() = default;
  std::map<std::string, GoldenTensor, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> attributes_;
};

}  // namespace npuwhisper::test

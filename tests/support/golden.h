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

/// A tensor of golden data, row-major. One of the two vectors holds the values; the other is empty.
struct GoldenTensor {
  std::vector<std::int64_t> dims;
  std::vector<float> f32;
  std::vector<std::int32_t> i32;
};

/// Golden data written by tests/golden/golden_file.py, which describes the format: named tensors,
/// and attributes that state their origin. Immutable; thread-safe.
class Golden {
 public:
  /// Loads `file`, a name in tests/golden. Errors: NotFound; InvalidArgument (not in the format, or
  /// truncated).
  static Result<Golden> load(const std::filesystem::path& file);

  /// Returns the tensor. Throws std::out_of_range with the name if there is none, which fails the
  /// test.
  const GoldenTensor& tensor(std::string_view name) const;
  const std::string& attribute(std::string_view name) const;

 private:
  Golden() = default;
  std::map<std::string, GoldenTensor, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> attributes_;
};

}  // namespace npuwhisper::test

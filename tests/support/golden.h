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

/// A tensor of golden data, row-major. One of the two vectors holds the values, the other is empty.
struct GoldenTensor {
  std::vector<std::int64_t> dims;
  std::vector<float> f32;
  std::vector<std::int32_t> i32;
};

/// Golden data as tests/golden/golden_file.py writes it (the format is described there): named
/// tensors and the attributes that say where they come from. Immutable; thread-safe.
class Golden {
 public:
  /// `file` is a name in tests/golden. Errors: NotFound; InvalidArgument (not in the format, or cut
  /// short).
  static Result<Golden> load(const std::filesystem::path& file);

  /// Throws std::out_of_range with the name when there is none, which fails the test that asks.
  const GoldenTensor& tensor(std::string_view name) const;
  const std::string& attribute(std::string_view name) const;

 private:
  Golden() = default;
  std::map<std::string, GoldenTensor, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> attributes_;
};

}  // namespace npuwhisper::test

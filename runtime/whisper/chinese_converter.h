// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

namespace npuwhisper {

/// Converts Chinese text to simplified or traditional characters with OpenCC, and leaves other text
/// as it is. OpenCC converts by phrases, so the conversion of a character may depend on its
/// neighbours. Reentrant.
class ChineseConverter {
 public:
  /// Creates a converter to `script`, which is Simplified or Traditional. Errors: Unsupported
  /// (built without OpenCC), Unavailable (OpenCC's configuration or dictionaries cannot be read).
  static Result<std::unique_ptr<ChineseConverter>> create(ChineseScript script);
  virtual ~ChineseConverter() = default;

  /// Returns `text` in the converter's script. Returns `text` unchanged if it is not valid UTF-8 or
  /// if OpenCC fails.
  virtual std::string convert(std::string_view text) const = 0;

  /// Converts `parts` in place. The conversion treats `context` and the parts as one continuous
  /// text. If OpenCC keeps the total number of characters, each part keeps its number of
  /// characters. Otherwise, each part is converted on its own.
  void convert_parts(std::string_view context, const std::vector<std::string*>& parts) const;
};

}  // namespace npuwhisper

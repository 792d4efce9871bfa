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
/// as it is. OpenCC converts by phrases, so a character may depend on its neighbours. Reentrant.
class ChineseConverter {
 public:
  /// `script`: Simplified or Traditional. Errors: Unsupported (built without OpenCC), Unavailable
  /// (OpenCC's configuration or dictionaries cannot be read).
  static Result<std::unique_ptr<ChineseConverter>> create(ChineseScript script);
  virtual ~ChineseConverter() = default;

  /// `text` in the script; as it is if it is not valid UTF-8.
  virtual std::string convert(std::string_view text) const = 0;

  /// Converts texts that follow each other, and follow `context`, as one text: the parts keep their
  /// numbers of characters. If OpenCC returns another number of characters, each part is converted
  /// by itself.
  void convert_parts(std::string_view context, const std::vector<std::string*>& parts) const;
};

}  // namespace npuwhisper

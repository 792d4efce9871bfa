// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace npuwhisper {

/// How repetitive a text is: its bytes divided by their size after zlib at its default level
/// (openai/whisper utils.py). Above 2.4 a decoding has run into a loop. Reentrant.
class CompressionRatio {
 public:
  /// `max_bytes`: the longest text that is measured without allocating.
  explicit CompressionRatio(std::size_t max_bytes);
  ~CompressionRatio();

  /// 0 for an empty text.
  float operator()(std::string_view text);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::vector<unsigned char> compressed_;
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace npuwhisper {

/// Measures how repetitive a text is: its size in bytes divided by its size after zlib compression
/// at the default level (openai/whisper utils.py). A ratio above 2.4 indicates that the decoder
/// repeats itself. Reentrant.
class CompressionRatio {
 public:
  /// `max_bytes`: length of the longest text that operator() measures without allocating.
  explicit CompressionRatio(std::size_t max_bytes);
  ~CompressionRatio();

  /// Returns the ratio; 0 for an empty text.
  float operator()(std::string_view text);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::vector<unsigned char> compressed_;
};

}  // namespace npuwhisper

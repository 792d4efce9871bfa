// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/segment.h>

namespace npuwhisper {

/// The bytes of text tokens, by id and back, in about 12 bytes a token beside the bytes themselves.
/// Immutable; thread-safe.
class TokenTable {
 public:
  /// `bytes[id]` are the bytes of token `id`; an empty entry is a token that no text gives.
  explicit TokenTable(std::span<const std::string> bytes);

  int size() const { return static_cast<int>(ends_.size()); }
  /// `token` is in [0, size()).
  std::string_view bytes(Token token) const;
  /// The token with exactly these bytes; of several the lowest.
  std::optional<Token> find(std::string_view bytes) const;

 private:
  std::string blob_;                 // The bytes of all tokens, one after the other.
  std::vector<std::uint32_t> ends_;  // In blob_, by token.
  std::vector<Token> by_bytes_;      // The tokens that are not empty, by their bytes, then by id.
};

}  // namespace npuwhisper

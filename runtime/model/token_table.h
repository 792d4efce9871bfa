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

/// Maps the ids of text tokens to their bytes and back. Takes 8 bytes per token in addition to the
/// bytes of the tokens. Immutable; thread-safe.
class TokenTable {
 public:
  /// Creates a table in which `bytes[id]` are the bytes of token `id`. An empty entry is a token
  /// that no text produces.
  explicit TokenTable(std::span<const std::string> bytes);

  int size() const { return static_cast<int>(ends_.size()); }
  /// Returns the bytes of `token`, which must be in [0, size()).
  std::string_view bytes(Token token) const;
  /// Returns the token with exactly these bytes: the lowest id if there are several, nullopt if
  /// there is none.
  std::optional<Token> find(std::string_view bytes) const;

 private:
  std::string blob_;                 // The bytes of all tokens, concatenated.
  std::vector<std::uint32_t> ends_;  // End of each token in blob_.
  std::vector<Token> by_bytes_;      // The non-empty tokens, sorted by their bytes, then by id.
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/byte_pairs.h"

#include <cstddef>
#include <functional>
#include <queue>
#include <tuple>

namespace npuwhisper {
namespace {

/// A stretch of the piece that is one token. The stretch with index i begins at byte i of the
/// piece. Length 0: the stretch was merged into the preceding stretch.
struct Stretch {
  std::size_t length = 1;
  std::size_t before = 0;  // Start of the preceding stretch; 0 for the first stretch.
};

/// A possible merge of two neighbouring stretches whose union is a token. The merge is stale once
/// either stretch has changed.
struct Merge {
  Token token;
  std::size_t at;
  std::size_t length;       // Length of the union.
  std::size_t left_length;  // Length of the left stretch.

  bool operator>(const Merge& other) const {
    return std::tie(token, at) > std::tie(other.token, other.at);
  }
};

}  // namespace

void append_byte_pairs(const TokenTable& table, std::string_view piece,
                       std::vector<Token>& tokens) {
  if (const auto whole = table.find(piece)) {
    tokens.push_back(*whole);
    return;
  }

  std::vector<Stretch> stretches(piece.size());
  std::priority_queue<Merge, std::vector<Merge>, std::greater<>> merges;
  const auto consider = [&](std::size_t left) {
    const std::size_t left_length = stretches[left].length;
    const std::size_t right = left + left_length;
    if (right >= piece.size()) return;
    const std::size_t length = left_length + stretches[right].length;
    if (const auto token = table.find(piece.substr(left, length))) {
      merges.push({*token, left, length, left_length});
    }
  };
  for (std::size_t i = 0; i < piece.size(); ++i) {
    stretches[i].before = i == 0 ? 0 : i - 1;
    consider(i);
  }

  while (!merges.empty()) {
    const Merge merge = merges.top();
    merges.pop();
    Stretch& left = stretches[merge.at];
    if (left.length != merge.left_length) continue;
    Stretch& right = stretches[merge.at + left.length];
    if (left.length + right.length != merge.length) continue;
    left.length = merge.length;
    right.length = 0;
    if (const std::size_t after = merge.at + merge.length; after < piece.size()) {
      stretches[after].before = merge.at;
    }
    if (merge.at > 0) consider(left.before);
    consider(merge.at);
  }

  for (std::size_t i = 0; i < piece.size(); i += stretches[i].length) {
    tokens.push_back(*table.find(piece.substr(i, stretches[i].length)));
  }
}

}  // namespace npuwhisper

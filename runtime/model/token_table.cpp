// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/token_table.h"

#include <algorithm>
#include <tuple>

namespace npuwhisper {

TokenTable::TokenTable(std::span<const std::string> bytes) {
  std::size_t total = 0;
  for (const std::string& entry : bytes) total += entry.size();
  blob_.reserve(total);
  ends_.reserve(bytes.size());
  by_bytes_.reserve(bytes.size());
  for (const std::string& entry : bytes) {
    if (!entry.empty()) by_bytes_.push_back(static_cast<Token>(ends_.size()));
    blob_ += entry;
    ends_.push_back(static_cast<std::uint32_t>(blob_.size()));
  }
  std::ranges::sort(by_bytes_, {},
                    [this](Token token) { return std::tuple(this->bytes(token), token); });
}

std::string_view TokenTable::bytes(Token token) const {
  const auto index = static_cast<std::size_t>(token);
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(blob_).substr(begin, ends_[index] - begin);
}

std::optional<Token> TokenTable::find(std::string_view wanted) const {
  const auto found =
      std::ranges::lower_bound(by_bytes_, wanted, {}, [this](Token token) { return bytes(token); });
  if (found == by_bytes_.end() || bytes(*found) != wanted) return std::nullopt;
  return *found;
}

}  // namespace npuwhisper

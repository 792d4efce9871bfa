// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/cell_tables.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace npuwhisper {

CellTables::CellTables(int n_cells, int max_sequences, int max_length)
    : max_length_(static_cast<std::size_t>(max_length)),
      tables_(static_cast<std::size_t>(max_sequences) * max_length_),
      next_tables_(tables_.size()),
      lengths_(static_cast<std::size_t>(max_sequences)),
      next_lengths_(lengths_.size()),
      held_(static_cast<std::size_t>(n_cells)) {
  free_.reserve(held_.size());
  reset();
}

void CellTables::reset() {
  n_sequences_ = 1;
  lengths_[0] = 0;
  collect_free_cells();
}

std::span<const int> CellTables::cells(std::size_t sequence) const {
  return {tables_.data() + sequence * max_length_, lengths_[sequence]};
}

int CellTables::append(std::size_t sequence) {
  std::size_t& length = lengths_[sequence];
  if (length == max_length_ || free_.empty()) return -1;
  const int cell = free_.back();
  free_.pop_back();
  tables_[sequence * max_length_ + length++] = cell;
  return cell;
}

void CellTables::truncate(std::size_t length) {
  assert(n_sequences_ == 1 && length <= lengths_[0]);
  lengths_[0] = length;
  collect_free_cells();
}

void CellTables::fork(std::span<const int> parents) {
  assert(parents.size() <= lengths_.size());
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const std::span<const int> parent = cells(static_cast<std::size_t>(parents[i]));
    std::copy(parent.begin(), parent.end(),
              next_tables_.begin() + static_cast<std::ptrdiff_t>(i * max_length_));
    next_lengths_[i] = parent.size();
  }
  std::swap(tables_, next_tables_);
  std::swap(lengths_, next_lengths_);
  n_sequences_ = parents.size();
  collect_free_cells();
}

void CellTables::collect_free_cells() {
  std::fill(held_.begin(), held_.end(), false);
  for (std::size_t i = 0; i < n_sequences_; ++i) {
    for (const int cell : cells(i)) held_[static_cast<std::size_t>(cell)] = true;
  }
  free_.clear();
  for (std::size_t cell = held_.size(); cell-- > 0;) {
    if (!held_[cell]) free_.push_back(static_cast<int>(cell));
  }
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace npuwhisper {

/// Lists the cells of a self-attention cache that belong to each token sequence, in order.
/// Sequences with a common parent share the parent's cells, so that beam search moves no keys or
/// values: only these short lists change. Reentrant. Allocates only in the constructor.
class CellTables {
 public:
  CellTables(int n_cells, int max_sequences, int max_length);

  /// Resets to one empty sequence with all cells free.
  void reset();
  std::size_t n_sequences() const { return n_sequences_; }
  /// Returns the cells of one sequence, oldest first.
  std::span<const int> cells(std::size_t sequence) const;
  /// Appends a free cell to the sequence and returns it. Returns -1 if the sequence is at
  /// max_length or no cell is free.
  int append(std::size_t sequence);
  /// Truncates the sequence, which must be the only one, to its first `length` cells. Its other
  /// cells become free.
  void truncate(std::size_t length);
  /// Replaces the sequences: new sequence i is a copy of old sequence parents[i]. Cells that no
  /// sequence holds any more become free.
  void fork(std::span<const int> parents);

 private:
  void collect_free_cells();

  const std::size_t max_length_;
  std::size_t n_sequences_ = 1;
  std::vector<int> tables_;       // [max_sequences, max_length]
  std::vector<int> next_tables_;  // [max_sequences, max_length], scratch of fork()
  std::vector<std::size_t> lengths_;
  std::vector<std::size_t> next_lengths_;
  std::vector<bool> held_;  // whether a sequence holds the cell; scratch of collect_free_cells()
  std::vector<int> free_;
};

}  // namespace npuwhisper

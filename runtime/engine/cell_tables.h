// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace npuwhisper {

/// Which cells of a self-attention cache belong to which token sequence, in order. Sequences that come from a common
/// parent share the parent's cells, so that beam search moves no keys and values: only these short lists change.
/// Reentrant. Allocates only in the constructor.
class CellTables {
 public:
  CellTables(int n_cells, int max_sequences, int max_length);

  /// One empty sequence, all cells free.
  void reset();
  std::size_t n_sequences() const { return n_sequences_; }
  /// Cells of one sequence, oldest first.
  std::span<const int> cells(std::size_t sequence) const;
  /// Gives the sequence one more cell, or -1 when it is at max_length or no cell is free.
  int append(std::size_t sequence);
  /// The only sequence keeps its first `length` cells; the others become free.
  void truncate(std::size_t length);
  /// New sequence i is a copy of old sequence parents[i]. Cells that no sequence holds any more become free.
  void fork(std::span<const int> parents);

 private:
  void collect_free_cells();

  const std::size_t max_length_;
  std::size_t n_sequences_ = 1;
  std::vector<int> tables_;         // [max_sequences, max_length]
  std::vector<int> next_tables_;    // likewise, while forking
  std::vector<std::size_t> lengths_;
  std::vector<std::size_t> next_lengths_;
  std::vector<bool> held_;          // by cell, while collecting
  std::vector<int> free_;
};

}  // namespace npuwhisper

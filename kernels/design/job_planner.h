// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "array/buffer_descriptor.h"
#include "design/plan_jobs.h"

namespace npuwhisper::npu {

/// Maximum passes of a job. A descriptor's iteration counter, which counts the passes, has 6 bits.
inline constexpr int kMaxPasses = 64;
/// Maximum executions of a memory tile's descriptor for A in one job. One task covers kMaxRepeat +
/// 1 executions, and a channel's queue has room for two tasks of each of two jobs.
inline constexpr int kMaxExecutions = 2 * (kMaxRepeat + 1);
/// Maximum tiles in a slot for weights that do not stay in the memory tile. The number is small, so
/// that the first tiles are forwarded early.
inline constexpr int kMaxWeightSlotTiles = 4;
/// Minimum tiles of A in a slot of a memory tile. The number is small, so that the first tiles are
/// forwarded early. A slot has a single tile if there is no room for more.
inline constexpr int kLeastSlotTiles = 2;

/// Returns the number of A tiles in each of the memory tile's two slots. With several blocks, A is
/// sent again for each block, so a slot holds all `a_tiles` of a pass. With one block, a slot holds
/// as few tiles as kMaxExecutions allows, but at least `least`. A job with fewer than `least` tiles
/// has all of them in one slot.
int slot_tiles(int a_tiles, int m_passes, int n_blocks, int least);

/// Plans the jobs of one operation. Has the functions that plan_jobs() needs for every kind of
/// operation. The rows of C are divided into passes, and the columns of C into groups. A group has
/// one tile for each core column.
class JobPlanner {
 public:
  JobPlanner(Plan& plan, std::size_t index)
      : plan_(plan), index_(index), name_(plan.operations[index].name) {}

  Result<void> check_matrix(const HostMatrix& matrix, const char* name) const;
  /// Checks an output like check_matrix(). Whole tiles are written, so the output's row stride must
  /// be at least `columns`, rounded up to whole tiles.
  Result<void> check_output(const HostMatrix& matrix, int columns) const;
  Result<void> check_count(int value, const char* name) const;
  /// Checks that a memory tile has room for `tiles` tiles. Errors: Unsupported; the message
  /// begins with `what` (such as "2000 keys").
  Result<void> check_room(int tiles, const std::string& what) const;
  Failure refuse(ErrorCode code, const std::string& what) const;

  int passes_of(int rows) const {
    return (rows + rows_per_pass(plan_.spec) - 1) / rows_per_pass(plan_.spec);
  }
  const DesignSpec& spec() const { return plan_.spec; }
  int columns() const { return plan_.spec.core_columns; }
  int core_rows() const { return plan_.spec.core_rows; }
  OperationPlan& figures() { return plan_.figures[index_]; }

  int padded_rows(int rows) const { return passes_of(rows) * rows_per_pass(plan_.spec); }

  /// Divides the rows into chunks of at most `max_passes` passes. `write(first_row, m_passes)`
  /// creates the jobs of one chunk.
  template <typename Write>
  void for_each_chunk(int rows, int max_passes, Write write) {
    const int n_passes = passes_of(rows);
    figures().padded_rows = n_passes * rows_per_pass(plan_.spec);
    for (int first = 0; first < n_passes; first += max_passes) {
      write(first * rows_per_pass(plan_.spec), std::min(max_passes, n_passes - first));
    }
  }
  /// Returns the largest slot_tiles() of all chunks, for `rows` rows in chunks of `max_passes`
  /// passes.
  int most_slot_tiles(int rows, int max_passes, int a_tiles, int n_blocks, int least) const;
  /// Returns text such as "6 passes of 256 rows", for OperationPlan::reason.
  std::string rows_cut(int rows, int max_passes) const;

  /// Returns a job with `a_passes` passes of `a_tiles` tiles of A, which come from `input`. All
  /// columns of the new job are idle and discard A; activate() gives a column work.
  Job begin_job(const HostMatrix& input, int first_row, int m_passes, int n_blocks, int a_passes,
                int a_tiles, int a_slot_tiles) const;
  /// Activates a column. The column's blocks must already be set. The caller sets the other counts
  /// of steps in the header.
  void activate(Job& job, int column, std::int32_t operation, int rows) const;
  void end_job(Job job);

 private:
  Plan& plan_;
  std::size_t index_;
  const std::string& name_;
};

}  // namespace npuwhisper::npu

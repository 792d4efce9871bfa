// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "array/buffer_descriptor.h"
#include "design/plan_jobs.h"

namespace npuwhisper::npu {

/// A descriptor's iteration counts the passes.
inline constexpr int kMaxPasses = 64;
/// Of a memory tile's descriptor for A in one job: two tasks, which is what its queue has room for.
inline constexpr int kMaxExecutions = 2 * (kMaxRepeat + 1);
/// Tiles of A that a memory tile takes at once, at least: few, so that the first ones go on soon;
/// one only where there is no room for more.
inline constexpr int kLeastSlotTiles = 2;

/// How A's row panels are cut for the memory tile's two slots. Where blocks replay a panel, a slot
/// holds all of it; else as little as kMaxExecutions allow, but at least `least` tiles.
int slot_tiles(int a_tiles, int m_passes, int n_blocks, int least);

/// What planning an operation's jobs has in common: rows of C in passes, columns of C in groups of
/// as many tiles as there are core columns.
class JobPlanner {
 public:
  JobPlanner(Plan& plan, std::size_t index)
      : plan_(plan), index_(index), name_(plan.operations[index].name) {}

  Result<void> check_matrix(const HostMatrix& matrix, const char* name) const;
  /// The same of the output, of which whole tiles are written: its rows must not overlap.
  Result<void> check_output(const HostMatrix& matrix, int columns) const;
  Result<void> check_count(int value, const char* name) const;
  /// `what` ("2000 keys") need so many tiles of a memory tile.
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

  /// Rows in chunks of at most `max_passes` passes: `write(first_row, m_passes)` makes the jobs of
  /// one chunk.
  template <typename Write>
  void for_each_chunk(int rows, int max_passes, Write write) {
    const int n_passes = passes_of(rows);
    figures().padded_rows = n_passes * rows_per_pass(plan_.spec);
    for (int first = 0; first < n_passes; first += max_passes) {
      write(first * rows_per_pass(plan_.spec), std::min(max_passes, n_passes - first));
    }
  }
  /// Tiles of A's slot in the chunk that needs most, of so many rows so cut.
  int most_slot_tiles(int rows, int max_passes, int a_tiles, int n_blocks, int least) const;
  /// "6 passes of 256 rows", for the plan's reasons.
  std::string rows_cut(int rows, int max_passes) const;

  /// A job that takes `a_passes` passes of `a_tiles` tiles of A, with all columns idle: they let A
  /// pass.
  Job begin_job(int first_row, int m_passes, int n_blocks, int a_passes, int a_tiles,
                int a_slot_tiles) const;
  /// The column's blocks are known: it has something to do. The header's steps are the caller's.
  void activate(Job& job, int column, std::int32_t operation, int rows) const;
  void end_job(Job job);

 private:
  Plan& plan_;
  std::size_t index_;
  const std::string& name_;
};

Result<void> plan_product(JobPlanner& planner, const Product& product);
Result<void> plan_attention(JobPlanner& planner, const Attention& attention);
Result<void> plan_layer_norm(JobPlanner& planner, const LayerNorm& norm);
Result<void> plan_spectrum(JobPlanner& planner, const Spectrum& spectrum);

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "design/instruction_writer.h"
#include "design/plan.h"

namespace npuwhisper::npu {

/// Tiles of a memory tile's memory that a job has: A's slots, the panel (header, then what is
/// played), and slots for what passes: rows of residuals or of queries.
struct Room {
  int first = 0;
  int tiles = 0;
  int row_slots = 0;
};

/// What a job needs where it has so many slots for rows (1 or layout::kMemSlots).
Room room_needed(const DesignSpec& spec, const Job& job, int row_slots);

/// Writes the parts of one job: their descriptors, and the tasks that start them. Neighbouring jobs
/// have descriptors of their own, so the next job's can be written while one runs.
class JobWriter {
 public:
  JobWriter(const Plan& plan, std::size_t index, const Room& room, InstructionWriter& out)
      : plan_(plan),
        job_(plan.jobs[index]),
        what_(plan.operations[job_.operation].what),
        parity_(static_cast<int>(index % 2)),
        room_(room),
        out_(out) {}

  void describe();
  /// Header and weights: B's panel to the memory tiles, and its first pass from there. Where the
  /// job attends, the queries follow the header: they must have been written.
  void start_panels();
  /// The memory tiles' part of A; the results.
  void start_a_slots();
  void start_results();
  /// What earlier operations may have written: the input, and what B brings besides the panel.
  void start_input();
  void start_stream_of_b();

 private:
  void describe_a_slots(int row);
  void describe_input(int row);
  void describe_frames(int row);
  void describe_samples(int row);
  void describe_panel(int column);
  void describe_residual(int column);
  void describe_attention(int column);
  BufferDescriptor rows_in(int column) const;
  BufferDescriptor rows_out(int column) const;
  void describe_results(int column);

  const Panel& panel(int column) const { return job_.panels[static_cast<std::size_t>(column)]; }
  const HostMatrix& input() const;
  HostMatrix result_of(const ColumnBlock& block) const;
  bool is_transposed(const ColumnBlock& block) const;
  int n_columns() const { return plan_.spec.core_columns; }
  int rows() const { return plan_.spec.core_rows; }
  std::uint64_t a_address() const;
  std::uint64_t panel_address() const;
  int shim_bd(int bd) const;
  int mem_a_bd(int bd) const { return layout::kMemABd + parity_ * layout::kMemABdsPerJob + bd; }
  int mem_b_bd(int bd) const { return layout::kMemBBd + parity_ * layout::kMemBBdsPerJob + bd; }

  const Plan& plan_;
  const Job& job_;
  const decltype(Operation::what)& what_;
  int parity_;
  Room room_;
  InstructionWriter& out_;
};

}  // namespace npuwhisper::npu

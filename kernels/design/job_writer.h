// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "design/instruction_writer.h"
#include "design/plan.h"

namespace npuwhisper::npu {

/// The room that a job's tiles take in a memory tile. The tiles are A's slots, the panel (header,
/// then the tiles that each pass sends), and slots for rows of residuals or of queries. If the
/// weights do not stay in the memory tile, weights and residuals share the slots for rows.
struct Room {
  int first = 0;
  int tiles = 0;
  int row_slots = 0;
};

/// Returns the number of weight tiles that stay in a column's memory tile during the job.
int kept_weight_tiles(const Job& job, const Panel& panel);

/// Returns the number of B tiles that stay in a column's memory tile and are sent to the cores in
/// each pass: weights, or keys and values.
int played_tiles(const Job& job, const Panel& panel);

/// Returns the room that a job needs with `row_slots` slots for rows (1 or layout::kMemSlots).
Room room_needed(const DesignSpec& spec, const Job& job, int row_slots);

/// Writes one job's descriptors and the tasks that start them. Consecutive jobs use different
/// descriptors, so the descriptors of the next job can be written while a job runs.
class JobWriter {
 public:
  JobWriter(const Plan& plan, std::size_t index, const Room& room, InstructionWriter& out)
      : plan_(plan),
        job_(plan.jobs[index]),
        parity_(static_cast<int>(index % 2)),
        room_(room),
        out_(out) {}

  void describe();
  /// Starts the transfer of B's panel (header and weights) to the memory tiles and, for the first
  /// pass, from the memory tiles to the cores. In an attention job, the queries follow the header,
  /// so the stream must first wait for the operations that compute the queries.
  void start_panels();
  /// Starts A's transfers into the memory tiles' slots and from the slots to the cores.
  void start_a_slots();
  /// Starts the transfer of the results to the host.
  void start_results();
  /// Starts the transfer of A from the host. The stream must first wait for the operations that
  /// compute A.
  void start_input();
  /// Starts the rest of B: keys and values, residuals, the queries of further passes, and the
  /// weights again for further passes. If the weights do not stay in the memory tile, starts the
  /// weights of all passes. The stream must first wait for the operations that compute keys,
  /// values, residuals and queries.
  void start_stream_of_b();

 private:
  void describe_a_slots(int row);
  void describe_input(int row);
  void describe_frames(int row);
  void describe_samples(int row);
  void describe_panel(int column);
  void describe_residual(int column);
  void describe_residual_input(int column);
  void describe_passing_weights(int column);
  void start_passing_weights(int column);
  void describe_attention(int column);
  BufferDescriptor rows_in(int column) const;
  BufferDescriptor rows_out(int column) const;
  void describe_results(int column);

  const Panel& panel(int column) const { return job_.panels[static_cast<std::size_t>(column)]; }
  int n_columns() const { return plan_.spec.core_columns; }
  int rows() const { return plan_.spec.core_rows; }
  /// Returns the number of tiles in each of a memory tile's slots for rows.
  int row_slot_tiles() const { return job_.b_slot_tiles > 0 ? job_.b_slot_tiles : rows(); }
  std::uint64_t a_address() const;
  std::uint64_t panel_address() const;
  int shim_bd(int bd) const;
  int mem_a_bd(int bd) const { return layout::kMemABd + parity_ * layout::kMemABdsPerJob + bd; }
  int mem_b_bd(int bd) const { return layout::kMemBBd + parity_ * layout::kMemBBdsPerJob + bd; }

  const Plan& plan_;
  const Job& job_;
  int parity_;
  Room room_;
  InstructionWriter& out_;
};

}  // namespace npuwhisper::npu

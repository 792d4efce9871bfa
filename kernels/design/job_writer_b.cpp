// SPDX-License-Identifier: LGPL-2.1-or-later
// JobWriter's transfers of B: panels, residuals, queries, keys and values.
#include "design/job_descriptors.h"
#include "design/job_writer.h"
#include "design/patterns.h"
#include "design/plan_jobs.h"

namespace npuwhisper::npu {

using patterns::u32;

/// Describes the transfers of the header and of the weights that stay in the memory tile. They
/// enter the memory tile once. In the first pass, each tile is sent to the cores as soon as it has
/// arrived. In each further pass, a single transfer sends all weights.
void JobWriter::describe_panel(int column) {
  const Panel& work = panel(column);
  const TileId mem{column, 1};
  const bool attends = work.header.query_steps > 0;
  const int n_tiles = 1 + kept_weight_tiles(job_, work);
  BufferDescriptor packed = patterns::linear(n_tiles);
  BufferDescriptor fill = patterns::linear(1);
  fill.address = panel_address();
  release(fill, layout::kMemBFull, 1);
  iterate(fill, n_tiles, 1);
  BufferDescriptor first = patterns::blocks_of_b(plan_.spec.blocks(), 1);
  first.address = panel_address();
  acquire(first, layout::kMemBFull, 1);
  iterate(first, n_tiles, 1);
  // In attention, the transfer of the header continues with the first pass's queries.
  if (attends) {
    packed.use_next = fill.use_next = first.use_next = true;
    packed.next = u32(shim_bd(kBdRows));
    fill.next = u32(mem_b_bd(kBdRowsIn));
    first.next = u32(mem_b_bd(kBdRowsEnd));
  }
  out_.host_descriptor(column, shim_bd(kBdPanel), packed, plan_.packed_argument, work.offset);
  out_.descriptor(mem, mem_b_bd(kBdFill), fill);
  out_.descriptor(mem, mem_b_bd(kBdFirst), first);
  if (played_tiles(job_, work) > 0) {
    BufferDescriptor again = patterns::blocks_of_b(plan_.spec.blocks(), played_tiles(job_, work));
    again.address = panel_address() + tile_bytes(1);
    out_.descriptor(mem, mem_b_bd(kBdAgain), again);
  }
  if (attends) describe_attention(column);
  if (job_.b_slot_tiles > 0) {
    if (work.weight_tiles > 0) describe_passing_weights(column);
  } else if (work.header.residual_steps > 0) {
    describe_residual(column);
  }
}

void JobWriter::start_panels() {
  for (int c = 0; c < n_columns(); ++c) {
    const int repeat = kept_weight_tiles(job_, panel(c));
    out_.push({c, 0}, true, layout::kShimB, {.first = shim_bd(kBdPanel)});
    out_.push({c, 1}, false, layout::kMemB, {.first = mem_b_bd(kBdFill), .repeat = repeat});
    out_.push({c, 1}, true, layout::kMemB, {.first = mem_b_bd(kBdFirst), .repeat = repeat});
  }
}

/// Returns the descriptor that receives tiles in the current slot: a pass's residual or query
/// tiles, one for each core row, or tiles of weights that do not stay in the memory tile. If there
/// is only one slot, the descriptor acquires both units of the lock of free slots.
BufferDescriptor JobWriter::rows_in(int column) const {
  const int count = room_.row_slots == 1 ? layout::kMemSlots : 1;
  BufferDescriptor in = patterns::linear(row_slot_tiles());
  in.address = panel_address() + tile_bytes(1 + played_tiles(job_, panel(column)));
  acquire(in, layout::kMemRowsFree, count);
  release(in, layout::kMemRowsFull, 1);
  iterate(in, room_.row_slots, row_slot_tiles());
  return in;
}

/// Returns the descriptor that sends the tiles of the current slot. Queries are sent in A's blocks,
/// although they use B's channel.
BufferDescriptor JobWriter::rows_out(int column) const {
  const int count = room_.row_slots == 1 ? layout::kMemSlots : 1;
  const core::BlockShape block = plan_.spec.blocks();
  BufferDescriptor out = panel(column).header.query_steps > 0
                             ? patterns::blocks_of_a(block, row_slot_tiles())
                             : patterns::blocks_of_b(block, row_slot_tiles());
  out.address = rows_in(column).address;
  acquire(out, layout::kMemRowsFull, 1);
  release(out, layout::kMemRowsFree, count);
  iterate(out, room_.row_slots, row_slot_tiles());
  return out;
}

/// Describes the transfer of the residual from the host.
void JobWriter::describe_residual_input(int column) {
  const HostMatrix& residual = *panel(column).rows;
  out_.host_descriptor(
      column, shim_bd(kBdRows),
      patterns::column_of_tiles(residual, rows_per_pass(plan_.spec), job_.m_passes),
      residual.argument, residual.offset);
}

/// Describes the transfers of the residual. After the first pass's weights, B carries that pass's
/// residual, then the next pass's weights, and so on. The last pass's residual is a separate task,
/// which starts at the slot that the last pass uses.
void JobWriter::describe_residual(int column) {
  describe_residual_input(column);
  const TileId mem{column, 1};
  out_.descriptor(mem, mem_b_bd(kBdRowsIn), rows_in(column));
  BufferDescriptor out = rows_out(column);
  BufferDescriptor last = out;
  last.iteration_current = u32((job_.m_passes - 1) % room_.row_slots);
  out_.descriptor(mem, mem_b_bd(kBdRowsEnd), last);
  out.use_next = true;
  out.next = u32(mem_b_bd(kBdAgain));
  out_.descriptor(mem, mem_b_bd(kBdRowsOut), out);
}

/// Describes the transfers of weights that do not stay in the memory tile. In each pass, the host
/// sends the weights again, then the pass's residual. Both pass through the slots for rows.
void JobWriter::describe_passing_weights(int column) {
  const Panel& work = panel(column);
  BufferDescriptor weights = patterns::linear(work.weight_tiles);
  if (work.header.residual_steps > 0) {
    describe_residual_input(column);
    weights.use_next = true;
    weights.next = u32(shim_bd(kBdRows));
  }
  out_.host_descriptor(column, shim_bd(kBdWeights), weights, plan_.packed_argument,
                       work.offset + tile_bytes(1));
  const TileId mem{column, 1};
  out_.descriptor(mem, mem_b_bd(kBdRowsIn), rows_in(column));
  out_.descriptor(mem, mem_b_bd(kBdRowsOut), rows_out(column));
}

void JobWriter::start_passing_weights(int column) {
  const Panel& work = panel(column);
  const int in_pass = (work.weight_tiles + work.header.residual_steps) / job_.b_slot_tiles;
  const int repeat = job_.m_passes * in_pass - 1;
  out_.push({column, 0}, true, layout::kShimB,
            {.first = shim_bd(kBdWeights), .repeat = job_.m_passes - 1});
  out_.push({column, 1}, false, layout::kMemB, {.first = mem_b_bd(kBdRowsIn), .repeat = repeat});
  out_.push({column, 1}, true, layout::kMemB, {.first = mem_b_bd(kBdRowsOut), .repeat = repeat});
}

/// Describes the transfers of queries, keys and values. After the header, B carries the first
/// pass's queries, then all keys and values tile by tile. For each further pass, B carries that
/// pass's queries, then all keys and values again.
void JobWriter::describe_attention(int column) {
  const Panel& work = panel(column);
  const HostMatrix& queries = *work.rows;
  const auto& [keys, values] = *work.attended;
  const int n_tiles = work.header.b_steps / 2;
  out_.host_descriptor(column, shim_bd(kBdRows),
                       patterns::column_of_tiles(queries, rows_per_pass(plan_.spec), job_.m_passes),
                       queries.argument, queries.offset);
  BufferDescriptor key = patterns::tiles_along_rows(keys, 1, n_tiles);
  key.use_next = true;
  key.next = u32(shim_bd(kBdValues));
  out_.host_descriptor(column, shim_bd(kBdKeys), key, keys.argument, keys.offset);
  out_.host_descriptor(column, shim_bd(kBdValues),
                       patterns::column_of_tiles(values, core::kTile, n_tiles), values.argument,
                       values.offset);

  const TileId mem{column, 1};
  BufferDescriptor in = patterns::linear(1);
  in.address = panel_address() + tile_bytes(1);
  release(in, layout::kMemBFull, 1);
  iterate(in, work.header.b_steps, 1);
  out_.descriptor(mem, mem_b_bd(kBdKeysIn), in);
  BufferDescriptor out = patterns::blocks_of_b(plan_.spec.blocks(), 1);
  out.address = in.address;
  acquire(out, layout::kMemBFull, 1);
  iterate(out, work.header.b_steps, 1);
  out_.descriptor(mem, mem_b_bd(kBdKeysOut), out);

  out_.descriptor(mem, mem_b_bd(kBdRowsIn), rows_in(column));
  BufferDescriptor rows = rows_out(column);
  out_.descriptor(mem, mem_b_bd(kBdRowsEnd), rows);
  rows.iteration_current = 1U % u32(room_.row_slots);
  rows.use_next = true;
  rows.next = u32(mem_b_bd(kBdAgain));
  out_.descriptor(mem, mem_b_bd(kBdRowsOut), rows);
}

/// Starts the first pass's data that start_panels() does not send, and all further passes.
void JobWriter::start_stream_of_b() {
  for (int c = 0; c < n_columns(); ++c) {
    const TileId shim{c, 0};
    const TileId mem{c, 1};
    const Panel& work = panel(c);
    if (job_.b_slot_tiles > 0) {
      if (work.weight_tiles > 0) start_passing_weights(c);
      continue;
    }
    const bool has_residual = work.header.residual_steps > 0;
    const bool attends = work.header.query_steps > 0;
    const int further = job_.m_passes - 1;
    if (attends) {
      out_.push(shim, true, layout::kShimB,
                {.first = shim_bd(kBdKeys), .repeat = work.header.b_steps / 2 - 1});
      const int repeat = work.header.b_steps - 1;
      out_.push(mem, false, layout::kMemB, {.first = mem_b_bd(kBdKeysIn), .repeat = repeat});
      out_.push(mem, true, layout::kMemB, {.first = mem_b_bd(kBdKeysOut), .repeat = repeat});
    }
    if (const int n = has_residual ? job_.m_passes : attends ? further : 0; n > 0) {
      out_.push(shim, true, layout::kShimB, {.first = shim_bd(kBdRows), .repeat = n - 1});
      out_.push(mem, false, layout::kMemB, {.first = mem_b_bd(kBdRowsIn), .repeat = n - 1});
    }
    if (further > 0 && played_tiles(job_, work) > 0) {
      const int bd = has_residual || attends ? kBdRowsOut : kBdAgain;
      out_.push(mem, true, layout::kMemB, {.first = mem_b_bd(bd), .repeat = further - 1});
    }
    if (has_residual) out_.push(mem, true, layout::kMemB, {.first = mem_b_bd(kBdRowsEnd)});
  }
}

}  // namespace npuwhisper::npu

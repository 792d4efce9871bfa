// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/job_writer.h"

#include <algorithm>

#include "design/patterns.h"
#include "design/plan_jobs.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu {
namespace {

using patterns::u32;

/// A shim's descriptors for one job.
enum ShimBd {
  kBdA = 0,
  kBdPanel = 1,
  kBdRows = 2,  ///< Residual or queries.
  kBdKeys = 3,
  kBdC = 4,  ///< Up to kMaxBlocks descriptors; attention has one.
  kBdValues = 7,
  kShimBdsPerJob = 8
};
static_assert(kBdC + core::kMaxBlocks == kShimBdsPerJob);
/// A memory tile's descriptors for A in one job, from layout::kMemABd on.
enum MemABd {
  kBdAIn = 0,
  kBdAOut = 1,       ///< Up to kMaxBlocks descriptors, one for each block.
  kBdSamplesIn = 1,  ///< Spectrum, instead of kBdAOut: receives the later pieces of samples.
  kBdFrames = 2,     ///< Spectrum: sends frames; up to kMaxBlocks - 1 descriptors.
};
static_assert(kBdAOut + core::kMaxBlocks == layout::kMemABdsPerJob);
/// A memory tile's descriptors for B in one job, from layout::kMemBBd on.
enum MemBBd {
  kBdFill = 0,     ///< In: the panel or, in attention, the header.
  kBdFirst = 1,    ///< Out: the tiles of kBdFill, for the first pass.
  kBdAgain = 2,    ///< Out: a further pass.
  kBdRowsIn = 3,   ///< In: a pass's residual or queries.
  kBdRowsOut = 4,  ///< Out: a pass's residual or queries, then kBdAgain.
  /// Out: the residual of the last pass or the queries of the first pass, without a next
  /// descriptor.
  kBdRowsEnd = 5,
  kBdKeysIn = 6,   ///< In: keys and values of attention.
  kBdKeysOut = 7,  ///< Out: keys and values of attention, for the first pass.
  kMemBBdsUsed = 8
};
static_assert(kMemBBdsUsed == layout::kMemBBdsPerJob);

/// Address and lock index at which a memory tile's own memory and locks begin in its descriptors. A
/// descriptor can access its own memory tile and the two neighbouring ones (AMD's manual AM020).
constexpr std::uint64_t kOwnMemory = 512 * 1024;
constexpr std::uint32_t kOwnLocks = 64;

constexpr std::uint64_t tile_bytes(int n_tiles) {
  return static_cast<std::uint64_t>(n_tiles) * core::kTileBytes;
}

void acquire(BufferDescriptor& d, int lock, int value) {
  d.acquire_enable = true;
  d.acquire_lock = kOwnLocks + u32(lock);
  d.acquire_value = -value;  // Negative: acquires when the lock is at least `value`.
}
void release(BufferDescriptor& d, int lock, int value) {
  d.release_lock = kOwnLocks + u32(lock);
  d.release_value = value;
}
void iterate(BufferDescriptor& d, int executions, int step_tiles) {
  d.iteration_wrap = u32(executions);
  d.iteration_step = executions > 1 ? u32(step_tiles) * patterns::kTileWords : 1;
}

/// Returns the number of B tiles that are sent to the cores in each pass: weights, or keys and
/// values.
int played_tiles(const Panel& panel) {
  return panel.weight_tiles + panel.header.b_steps;
}

}  // namespace

Room room_needed(const DesignSpec& spec, const Job& job, int row_slots) {
  int most = 0;
  for (const Panel& panel : job.panels) {
    const bool has_rows = panel.header.residual_steps + panel.header.query_steps > 0;
    most = std::max(most, 1 + played_tiles(panel) + (has_rows ? row_slots * spec.core_rows : 0));
  }
  return {.tiles = a_room(job) + most, .row_slots = row_slots};
}

int JobWriter::shim_bd(int bd) const {
  return parity_ * kShimBdsPerJob + bd;
}

std::uint64_t JobWriter::a_address() const {
  return kOwnMemory + layout::kMemStreamAddress + tile_bytes(room_.first);
}
std::uint64_t JobWriter::panel_address() const {
  return a_address() + tile_bytes(a_room(job_));
}

void JobWriter::describe() {
  for (int row = 0; row < rows(); ++row) {
    if (job_.run) {
      describe_frames(row);
      describe_samples(row);
    } else {
      describe_a_slots(row);
      describe_input(row);
    }
  }
  for (int c = 0; c < n_columns(); ++c) {
    describe_panel(c);
    describe_results(c);
  }
}

/// Describes the transfers of A into the memory tile and from the memory tile to the cores. Each
/// slot's tiles are sent once for each block.
void JobWriter::describe_a_slots(int row) {
  const TileId mem{plan_.spec.a_column(row), 1};
  BufferDescriptor in = patterns::linear(job_.a_slot_tiles);
  in.address = a_address();
  acquire(in, layout::kMemAFree, 1);
  release(in, layout::kMemAFull, 1);
  iterate(in, layout::kMemSlots, job_.a_slot_tiles);
  out_.descriptor(mem, mem_a_bd(kBdAIn), in);
  for (int b = 0; b < job_.n_blocks; ++b) {
    BufferDescriptor out = patterns::blocks_of_a(plan_.spec.blocks(), job_.a_slot_tiles);
    out.address = a_address();
    if (b == 0) acquire(out, layout::kMemAFull, 1);
    if (b + 1 == job_.n_blocks) {
      release(out, layout::kMemAFree, 1);
    } else {
      out.use_next = true;
      out.next = u32(mem_a_bd(kBdAOut + b + 1));
    }
    iterate(out, layout::kMemSlots, job_.a_slot_tiles);
    out_.descriptor(mem, mem_a_bd(kBdAOut + b), out);
  }
}

/// Describes the transfers of samples into the memory tile, in order, and of frames from the memory
/// tile to the cores. A pass's tiles are sent once for each block. A lock counts the pieces of
/// samples that have arrived after the first piece. Each pass acquires one unit of this lock.
void JobWriter::describe_frames(int row) {
  const FrameRun& run = *job_.run;
  const TileId mem{plan_.spec.a_column(row), 1};
  BufferDescriptor first = patterns::samples(run.first_samples());
  first.address = a_address();
  out_.descriptor(mem, mem_a_bd(kBdAIn), first);
  BufferDescriptor further = patterns::samples(run.further_samples());
  further.address = a_address() + 2 * static_cast<std::uint64_t>(run.first_samples());
  release(further, layout::kMemAFull, 1);
  further.iteration_wrap = u32(run.n_passes);
  further.iteration_step = run.n_passes > 1 ? further.length : 1;
  out_.descriptor(mem, mem_a_bd(kBdSamplesIn), further);
  for (int b = 0; b < job_.n_blocks; ++b) {
    BufferDescriptor frames = patterns::frames(job_.a_tiles, run.advance, run.n_passes);
    frames.address = a_address();
    if (b == 0) acquire(frames, layout::kMemAFull, 1);
    frames.use_next = b + 1 < job_.n_blocks;
    if (frames.use_next) frames.next = u32(mem_a_bd(kBdFrames + b + 1));
    out_.descriptor(mem, mem_a_bd(kBdFrames + b), frames);
  }
}

void JobWriter::describe_samples(int row) {
  const FrameRun& run = *job_.run;
  const HostMatrix& from = job_.input;
  const auto frames = static_cast<std::uint64_t>(row * job_.row_frames + job_.first_frame);
  out_.host_descriptor(plan_.spec.a_column(row), shim_bd(kBdA), patterns::samples(run.samples()),
                       from.argument, from.offset + 2 * frames * mel::kHopSamples);
}

void JobWriter::start_a_slots() {
  for (int row = 0; row < rows(); ++row) {
    const TileId mem{plan_.spec.a_column(row), 1};
    if (job_.run) {
      const int repeat = job_.m_passes - 1;
      out_.push(mem, false, layout::kMemA, {.first = mem_a_bd(kBdAIn)});
      out_.push(mem, false, layout::kMemA, {.first = mem_a_bd(kBdSamplesIn), .repeat = repeat});
      out_.push(mem, true, layout::kMemA, {.first = mem_a_bd(kBdFrames), .repeat = repeat});
      continue;
    }
    // Pushes one or two tasks. A's queues have room for two tasks per job.
    for (int left = job_.a_tiles * job_.a_passes / job_.a_slot_tiles; left > 0;
         left -= kMaxRepeat + 1) {
      const int repeat = std::min(left, kMaxRepeat + 1) - 1;
      out_.push(mem, false, layout::kMemA, {.first = mem_a_bd(kBdAIn), .repeat = repeat});
      out_.push(mem, true, layout::kMemA, {.first = mem_a_bd(kBdAOut), .repeat = repeat});
    }
  }
}

/// Describes the transfer of A from the host. In attention, the cores use A tiles only as scratch.
/// The values of these tiles do not matter, so each pass sends the same tile.
void JobWriter::describe_input(int row) {
  const HostMatrix from = job_.input.from(job_.first_row + row * core::kTile, 0);
  const int executions = job_.a_passes == job_.m_passes ? job_.m_passes : 1;
  out_.host_descriptor(
      plan_.spec.a_column(row), shim_bd(kBdA),
      patterns::tiles_of_rows(from, job_.a_tiles, rows_per_pass(plan_.spec), executions),
      from.argument, from.offset);
}

void JobWriter::start_input() {
  for (int row = 0; row < rows(); ++row) {
    out_.push({plan_.spec.a_column(row), 0}, true, layout::kShimA,
              {.first = shim_bd(kBdA), .repeat = job_.run ? 0 : job_.a_passes - 1});
  }
}

/// Describes the transfers of the header and the weights. They enter the memory tile once. In the
/// first pass, each tile is sent to the cores as soon as it has arrived. In each further pass, a
/// single transfer sends all weights.
void JobWriter::describe_panel(int column) {
  const Panel& work = panel(column);
  const TileId mem{column, 1};
  const bool attends = work.header.query_steps > 0;
  BufferDescriptor packed = patterns::linear(1 + work.weight_tiles);
  BufferDescriptor fill = patterns::linear(1);
  fill.address = panel_address();
  release(fill, layout::kMemBFull, 1);
  iterate(fill, 1 + work.weight_tiles, 1);
  BufferDescriptor first = patterns::blocks_of_b(plan_.spec.blocks(), 1);
  first.address = panel_address();
  acquire(first, layout::kMemBFull, 1);
  iterate(first, 1 + work.weight_tiles, 1);
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
  if (played_tiles(work) > 0) {
    BufferDescriptor again = patterns::blocks_of_b(plan_.spec.blocks(), played_tiles(work));
    again.address = panel_address() + tile_bytes(1);
    out_.descriptor(mem, mem_b_bd(kBdAgain), again);
  }
  if (attends) describe_attention(column);
  if (work.header.residual_steps > 0) describe_residual(column);
}

void JobWriter::start_panels() {
  for (int c = 0; c < n_columns(); ++c) {
    const int repeat = panel(c).weight_tiles;
    out_.push({c, 0}, true, layout::kShimB, {.first = shim_bd(kBdPanel)});
    out_.push({c, 1}, false, layout::kMemB, {.first = mem_b_bd(kBdFill), .repeat = repeat});
    out_.push({c, 1}, true, layout::kMemB, {.first = mem_b_bd(kBdFirst), .repeat = repeat});
  }
}

/// Returns the descriptor that receives a pass's residual or query tiles, one for each core row, in
/// the current slot. If there is only one slot, the descriptor acquires both units of the lock of
/// free slots.
BufferDescriptor JobWriter::rows_in(int column) const {
  const int count = room_.row_slots == 1 ? layout::kMemSlots : 1;
  BufferDescriptor in = patterns::linear(rows());
  in.address = panel_address() + tile_bytes(1 + played_tiles(panel(column)));
  acquire(in, layout::kMemRowsFree, count);
  release(in, layout::kMemRowsFull, 1);
  iterate(in, room_.row_slots, rows());
  return in;
}

/// Returns the descriptor that sends the tiles of the current slot. Queries are sent in A's blocks,
/// although they use B's channel.
BufferDescriptor JobWriter::rows_out(int column) const {
  const int count = room_.row_slots == 1 ? layout::kMemSlots : 1;
  const core::BlockShape block = plan_.spec.blocks();
  BufferDescriptor out = panel(column).header.query_steps > 0
                             ? patterns::blocks_of_a(block, rows())
                             : patterns::blocks_of_b(block, rows());
  out.address = rows_in(column).address;
  acquire(out, layout::kMemRowsFull, 1);
  release(out, layout::kMemRowsFree, count);
  iterate(out, room_.row_slots, rows());
  return out;
}

/// Describes the transfers of the residual. After the first pass's weights, B carries that pass's
/// residual, then the next pass's weights, and so on. The last pass's residual is a separate task,
/// which starts at the slot that the last pass uses.
void JobWriter::describe_residual(int column) {
  const HostMatrix& residual = *panel(column).rows;
  out_.host_descriptor(
      column, shim_bd(kBdRows),
      patterns::column_of_tiles(residual, rows_per_pass(plan_.spec), job_.m_passes),
      residual.argument, residual.offset);
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
    if (further > 0 && played_tiles(work) > 0) {
      const int bd = has_residual || attends ? kBdRowsOut : kBdAgain;
      out_.push(mem, true, layout::kMemB, {.first = mem_b_bd(bd), .repeat = further - 1});
    }
    if (has_residual) out_.push(mem, true, layout::kMemB, {.first = mem_b_bd(kBdRowsEnd)});
  }
}

/// Describes the transfer of C to the host. C arrives pass by pass, and within a pass block by
/// block. With a single block, one execution covers all passes; otherwise a chain of blocks is
/// executed for each pass.
void JobWriter::describe_results(int column) {
  const auto& blocks = panel(column).blocks;
  const int pass_rows = rows_per_pass(plan_.spec);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    HostMatrix result = blocks[b].result;
    BufferDescriptor d;
    if (blocks[b].transposed) {
      result = result.from(blocks[b].first_column, job_.first_row);
      d = blocks.size() == 1 ? patterns::tiles_along_rows(result, job_.m_passes * rows(), 1)
                             : patterns::tiles_along_rows(result, rows(), job_.m_passes);
    } else {
      result = result.from(job_.first_row, blocks[b].first_column);
      d = blocks.size() == 1 ? patterns::whole_column_of_tiles(result, pass_rows, job_.m_passes)
                             : patterns::column_of_tiles(result, pass_rows, job_.m_passes);
    }
    const int id = shim_bd(kBdC + static_cast<int>(b));
    d.use_next = b + 1 < blocks.size();
    d.next = d.use_next ? u32(id + 1) : 0;
    out_.host_descriptor(column, id, d, result.argument, result.offset);
  }
}

void JobWriter::start_results() {
  for (int c = 0; c < job_.active_columns; ++c) {
    const int repeat = panel(c).blocks.size() > 1 ? job_.m_passes - 1 : 0;
    out_.push({c, 0}, false, layout::kShimC,
              {.first = shim_bd(kBdC), .repeat = repeat, .issue_token = true});
  }
}

}  // namespace npuwhisper::npu

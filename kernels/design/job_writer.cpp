// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/job_writer.h"

#include <algorithm>

#include "design/job_descriptors.h"
#include "design/patterns.h"
#include "design/plan_jobs.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu {

using patterns::u32;

int kept_weight_tiles(const Job& job, const Panel& panel) {
  return job.b_slot_tiles > 0 ? 0 : panel.weight_tiles;
}

int played_tiles(const Job& job, const Panel& panel) {
  return kept_weight_tiles(job, panel) + panel.header.b_steps;
}

Room room_needed(const DesignSpec& spec, const Job& job, int row_slots) {
  int most = 0;
  for (const Panel& panel : job.panels) {
    const bool has_rows = panel.header.residual_steps + panel.header.query_steps > 0;
    const int slot = job.b_slot_tiles > 0 ? job.b_slot_tiles : has_rows ? spec.core_rows : 0;
    most = std::max(most, 1 + played_tiles(job, panel) + row_slots * slot);
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

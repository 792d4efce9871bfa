// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/job_planner.h"

namespace npuwhisper::npu {

int slot_tiles(int a_tiles, int m_passes, int n_blocks, int least) {
  if (n_blocks > 1) return a_tiles;
  const int all = a_tiles * m_passes;
  for (int tiles = std::min(least, all); tiles < a_tiles; ++tiles) {
    if (all % tiles == 0 && all / tiles <= kMaxExecutions) return tiles;
  }
  return a_tiles;
}

Result<void> JobPlanner::check_matrix(const HostMatrix& matrix, const char* name) const {
  if (matrix.row_stride > 0 && matrix.row_stride % 2 == 0) return {};
  return refuse(ErrorCode::InvalidArgument, std::string(name) + " has a row stride of " +
                                                std::to_string(matrix.row_stride) +
                                                " elements, expected a positive even number");
}

Result<void> JobPlanner::check_output(const HostMatrix& matrix, int columns) const {
  if (auto r = check_matrix(matrix, "output"); !r) return r;
  const int written = tiles_of(columns) * core::kTile;
  if (matrix.row_stride >= written) return {};
  return refuse(ErrorCode::InvalidArgument,
                "output has a row stride of " + std::to_string(matrix.row_stride) +
                    " elements, expected at least " + std::to_string(written) +
                    ", whole tiles of " + std::to_string(columns) + " columns");
}

Result<void> JobPlanner::check_count(int value, const char* name) const {
  if (value > 0) return {};
  return refuse(ErrorCode::InvalidArgument,
                std::to_string(value) + " " + name + ", expected at least 1");
}

Failure JobPlanner::refuse(ErrorCode code, const std::string& what) const {
  return fail(code, "operation '" + name_ + "': " + what);
}

Result<void> JobPlanner::check_room(int tiles, const std::string& what) const {
  if (tiles <= layout::kMemStreamTiles) return {};
  return refuse(ErrorCode::Unsupported, what + " need " + std::to_string(tiles) +
                                            " tiles in a memory tile, which has " +
                                            std::to_string(layout::kMemStreamTiles));
}

int JobPlanner::most_slot_tiles(int rows, int max_passes, int a_tiles, int n_blocks,
                                int least) const {
  const int n_passes = passes_of(rows);
  int most = slot_tiles(a_tiles, std::min(max_passes, n_passes), n_blocks, least);
  if (const int rest = n_passes % max_passes; rest > 0) {
    most = std::max(most, slot_tiles(a_tiles, rest, n_blocks, least));
  }
  return most;
}

std::string JobPlanner::rows_cut(int rows, int max_passes) const {
  const int n_passes = passes_of(rows);
  const int n_chunks = (n_passes + max_passes - 1) / max_passes;
  std::string text = std::to_string(n_passes) + (n_passes == 1 ? " pass of " : " passes of ") +
                     std::to_string(rows_per_pass(plan_.spec)) + " rows";
  if (n_chunks > 1) {
    text += " in " + std::to_string(n_chunks) + " chunks of at most " + std::to_string(max_passes) +
            " (the limit of a descriptor)";
  }
  return text;
}

Job JobPlanner::begin_job(const HostMatrix& input, int first_row, int m_passes, int n_blocks,
                          int a_passes, int a_tiles, int a_slot_tiles) const {
  Job job{.operation = index_,
          .input = input,
          .first_row = first_row,
          .m_passes = m_passes,
          .n_blocks = n_blocks,
          .a_tiles = a_tiles,
          .a_passes = a_passes,
          .a_slot_tiles = a_slot_tiles};
  job.panels.resize(static_cast<std::size_t>(columns()));
  for (Panel& panel : job.panels) {
    panel.header.operation = core::kIdle;
    panel.header.m_passes = a_passes;
    panel.header.a_steps = n_blocks * a_tiles;
    panel.header.a_per_step = 1;
    panel.header.keep = -1;
    panel.header.core_rows = core_rows();
  }
  return job;
}

void JobPlanner::activate(Job& job, int column, std::int32_t operation, int rows) const {
  Panel& panel = job.panels[static_cast<std::size_t>(column)];
  panel.header.operation = operation;
  panel.header.m_passes = job.m_passes;
  panel.header.n_blocks = static_cast<int>(panel.blocks.size());
  panel.header.c_steps = 1;
  panel.header.valid_rows = std::max(0, rows - job.first_row);
  job.active_columns = std::max(job.active_columns, column + 1);
}

void JobPlanner::end_job(Job job) {
  for (Panel& panel : job.panels) {
    panel.offset = plan_.packed_bytes;
    plan_.packed_bytes += static_cast<std::uint64_t>(1 + panel.weight_tiles) * core::kTileBytes;
  }
  plan_.jobs.push_back(std::move(job));
}

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/operations/layer_norm.h"

#include "design/job_planner.h"
#include "design/parameters.h"

namespace npuwhisper::npu {

Result<void> plan_jobs(JobPlanner& planner, const LayerNorm& norm) {
  if (auto r = planner.check_count(norm.m, "rows"); !r) return r;
  if (auto r = planner.check_count(norm.k, "columns"); !r) return r;
  if (auto r = planner.check_matrix(norm.input, "input"); !r) return r;
  if (auto r = planner.check_output(norm.output, norm.k); !r) return r;
  const int tiles = tiles_of(norm.k);
  const int columns = planner.columns();

  const int slot = planner.most_slot_tiles(norm.m, kMaxPasses, tiles, 1, kLeastSlotTiles);
  if (auto r = planner.check_room(layout::kMemSlots * slot + 1,
                                  std::to_string(norm.k) + " columns of input");
      !r) {
    return r;
  }

  planner.for_each_chunk(norm.m, kMaxPasses, [&](int first_row, int m_passes) {
    for (int first = 0; first < tiles; first += columns) {
      Job job = planner.begin_job(norm.input, first_row, m_passes, 1, m_passes, tiles,
                                  slot_tiles(tiles, m_passes, 1, kLeastSlotTiles));
      for (int c = 0; c < std::min(columns, tiles - first); ++c) {
        Panel& panel = job.panels[static_cast<std::size_t>(c)];
        const int column = (first + c) * core::kTile;
        panel.blocks.push_back({.first_column = column,
                                .n_columns = std::min(core::kTile, norm.k - column),
                                .result = norm.output});
        planner.activate(job, c, core::kLayerNorm, norm.m);
        panel.header.a_steps = tiles;
        panel.header.keep = first + c;
        panel.header.inverse_features = 1.0F / static_cast<float>(norm.k);
        panel.header.epsilon = norm.epsilon;
      }
      planner.end_job(std::move(job));
    }
  });

  planner.figures().shape = "layer norm " + std::to_string(norm.m) + " x " + std::to_string(norm.k);
  planner.figures().reason = planner.rows_cut(norm.m, kMaxPasses) +
                             "; each core sums whole rows as they pass and keeps the tile of its "
                             "column";
  return {};
}

std::vector<ParameterSizes> parameter_sizes(const LayerNorm& norm) {
  const auto k = static_cast<std::size_t>(norm.k);
  return {{.gamma = k, .beta = k}};
}

/// Writes gamma to the header's column_sum, and beta to its bias.
void pack(const LayerNorm&, const Panel& panel, std::span<const Parameters> parameters,
          const PanelPlace& place) {
  for (const ColumnBlock& block : panel.blocks) {
    for (int i = 0; i < block.n_columns; ++i) {
      const auto column = static_cast<std::size_t>(block.first_column + i);
      place.header.column_sum[0][i] = value_or(parameters[0].gamma, column, 1);
      place.header.bias[0][i] = value_or(parameters[0].beta, column, 0);
    }
  }
}

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/operations/attention.h"

#include "design/job_planner.h"
#include "design/parameters.h"

namespace npuwhisper::npu {
namespace {

std::string text(int value) {
  return std::to_string(value);
}

/// An attending core owns both A tiles. It acquires them in two passes of one tile.
constexpr int kHeldTiles = 2;
constexpr int kHeadColumns = core::kTile;

}  // namespace

Result<void> plan_jobs(JobPlanner& planner, const Attention& attention) {
  if (auto r = planner.check_count(attention.n_queries, "queries"); !r) return r;
  if (auto r = planner.check_count(attention.n_keys, "keys"); !r) return r;
  if (auto r = planner.check_count(attention.n_heads, "heads"); !r) return r;
  if (auto r = planner.check_matrix(attention.queries, "the queries' matrix"); !r) return r;
  if (auto r = planner.check_matrix(attention.keys, "the keys' matrix"); !r) return r;
  if (auto r = planner.check_matrix(attention.values, "the values' matrix"); !r) return r;
  if (auto r = planner.check_output(attention.output, attention.n_heads * kHeadColumns); !r)
    return r;
  const int key_tiles = tiles_of(attention.n_keys);
  const int columns = planner.columns();
  // The memory tile holds A's two slots of one tile, the header, keys and values, and one slot for
  // queries.
  const int tiles = layout::kMemSlots + 1 + 2 * key_tiles + planner.core_rows();
  if (auto r = planner.check_room(tiles, text(attention.n_keys) + " keys"); !r) return r;

  planner.for_each_chunk(attention.n_queries, kMaxPasses, [&](int first_row, int m_passes) {
    for (int first = 0; first < attention.n_heads; first += columns) {
      Job job = planner.begin_job(attention.queries, first_row, m_passes, 1, kHeldTiles, 1, 1);
      for (int c = 0; c < std::min(columns, attention.n_heads - first); ++c) {
        Panel& panel = job.panels[static_cast<std::size_t>(c)];
        const int head = (first + c) * kHeadColumns;
        panel.blocks.push_back(
            {.first_column = head, .n_columns = kHeadColumns, .result = attention.output});
        panel.rows = attention.queries.from(first_row, head);
        panel.attended = {attention.keys.from(head, 0), attention.values.from(0, head)};
        planner.activate(job, c, core::kAttention, attention.n_queries);
        panel.header.a_steps = 0;
        panel.header.a_hold = kHeldTiles;
        panel.header.query_steps = planner.core_rows();
        panel.header.b_steps = 2 * key_tiles;
        panel.header.keep = 0;
        panel.header.valid_keys = attention.n_keys;
      }
      planner.end_job(std::move(job));
    }
  });

  planner.figures().macs = 2 * static_cast<std::uint64_t>(attention.n_queries) *
                           static_cast<std::uint64_t>(attention.n_keys) *
                           static_cast<std::uint64_t>(attention.n_heads) * kHeadColumns;
  planner.figures().shape = "attention " + text(attention.n_queries) + " x " +
                            text(attention.n_keys) + ", " + text(attention.n_heads) + " heads";
  planner.figures().reason = planner.rows_cut(attention.n_queries, kMaxPasses) +
                             "; one head on each of " + text(columns) +
                             " core columns; its keys and values (" + text(2 * key_tiles) +
                             " tiles) read once and kept in the memory tile; scores stay in the "
                             "core";
  return {};
}

std::vector<ParameterSizes> parameter_sizes(const Attention&) {
  return {};
}

void pack(const Attention&, const Panel&, std::span<const Parameters>, const PanelPlace&) {}

}  // namespace npuwhisper::npu

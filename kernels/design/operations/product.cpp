// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/operations/product.h"

#include "design/job_planner.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu {
namespace {

std::string text(int value) {
  return std::to_string(value);
}

/// Division of a product into jobs.
struct ProductCut {
  int rows = 0;
  int k_tiles = 0;              ///< Tiles of A along k.
  int a_per_step = 1;           ///< Tiles of A per tile of weights.
  int max_passes = kMaxPasses;  ///< Maximum passes of a job.
  int blocks = 0;               ///< Maximum blocks of a column in a job.
  int b_slot_tiles = 0;         ///< Value of Job::b_slot_tiles.
  int least_slot = kLeastSlotTiles;
  bool has_residual = false;

  int weight_tiles() const { return k_tiles / a_per_step; }  ///< Tiles of weights of one block.
};

int a_per_step(const Product& product) {
  return product.weights == WeightType::Int8 ? core::kInt8Steps : 1;
}

/// Returns whether the product splits its operands into two parts. AIE2 needs no split, because its
/// products of bf16 are exact.
bool takes_parts(const JobPlanner& planner, const Product& product) {
  return product.in_parts && planner.spec().array->generation == Generation::Aie2p;
}

Result<void> check(const JobPlanner& planner, const Product& product) {
  if (auto r = planner.check_count(product.m, "rows"); !r) return r;
  if (auto r = planner.check_count(product.k, "columns of input"); !r) return r;
  if (auto r = planner.check_matrix(product.input, "input"); !r) return r;
  if (tiles_of(product.k) % a_per_step(product) != 0) {
    return planner.refuse(ErrorCode::Unsupported,
                          text(product.k) +
                              " columns of input, but int8 weights are packed by 128: " +
                              text(tiles_of(product.k)) + " tiles, expected an even number");
  }
  if (product.in_parts && product.weights == WeightType::Int8) {
    return planner.refuse(ErrorCode::Unsupported, "int8 weights cannot be split into two parts");
  }
  if (product.parts.empty()) return planner.refuse(ErrorCode::InvalidArgument, "no part");
  for (const ProductPart& part : product.parts) {
    if (auto r = planner.check_count(part.n, "columns"); !r) return r;
    const int columns = part.transposed ? planner.padded_rows(product.m) : part.n;
    if (auto r = planner.check_output(part.output, columns); !r) return r;
    if (product.log_mel &&
        (product.parts.size() > 1 || product.normalised || product.weights == WeightType::Int8 ||
         part.gelu || part.transposed || part.residual)) {
      return planner.refuse(ErrorCode::Unsupported,
                            "log-mel cannot be combined with other options");
    }
    if (!part.residual) continue;
    if (auto r = planner.check_matrix(*part.residual, "residual"); !r) return r;
    if (part.transposed || product.parts.size() > 1) {
      return planner.refuse(
          ErrorCode::Unsupported,
          "a residual cannot be combined with a transposed output or other parts");
    }
  }
  return {};
}

std::vector<ColumnBlock> blocks_of(const Product& product) {
  std::vector<ColumnBlock> blocks;
  for (std::size_t i = 0; i < product.parts.size(); ++i) {
    const int n = product.parts[i].n;
    for (int first = 0; first < n; first += core::kTile) {
      blocks.push_back({.part = static_cast<int>(i),
                        .first_column = first,
                        .n_columns = std::min(core::kTile, n - first),
                        .result = product.parts[i].output,
                        .transposed = product.parts[i].transposed});
    }
  }
  return blocks;
}

/// Returns the number of tiles of residual that a core column gets in a pass.
int residual_tiles(const JobPlanner& planner, const ProductCut& cut) {
  return cut.has_residual ? planner.core_rows() : 0;
}

/// Returns the number of tiles that a cut needs in a memory tile for A's two slots, the header, the
/// weights and one slot for residuals. If the weights do not stay in the memory tile, counts two
/// slots that weights and residuals share.
int tiles_needed(const JobPlanner& planner, const ProductCut& cut) {
  const int slot =
      planner.most_slot_tiles(cut.rows, cut.max_passes, cut.k_tiles, cut.blocks, cut.least_slot);
  const int b = cut.b_slot_tiles > 0
                    ? layout::kMemSlots * cut.b_slot_tiles
                    : cut.blocks * cut.weight_tiles() + residual_tiles(planner, cut);
  return layout::kMemSlots * slot + 1 + b;
}

/// Changes a cut so that its weights do not stay in the memory tile. The size of a slot
/// divides both the number of weight tiles and the number of residual tiles. One task covers all
/// executions of a slot's descriptor, which limits the passes of a job. Errors: Unsupported (too
/// many executions in a pass).
Result<void> pass_weights(const JobPlanner& planner, ProductCut& cut) {
  const int weights = cut.weight_tiles();
  const int residual = residual_tiles(planner, cut);
  cut.b_slot_tiles = kMaxWeightSlotTiles;
  while (weights % cut.b_slot_tiles != 0 || residual % cut.b_slot_tiles != 0) --cut.b_slot_tiles;
  const int executions = (weights + residual) / cut.b_slot_tiles;
  cut.max_passes = std::min(kMaxPasses, (kMaxRepeat + 1) / executions);
  cut.least_slot = kLeastSlotTiles;
  if (cut.max_passes > 0) return {};
  return planner.refuse(ErrorCode::Unsupported,
                        text(cut.k_tiles * core::kTile) + " columns of input need " +
                            text(executions) + " executions of a descriptor in a pass, expected " +
                            "at most " + text(kMaxRepeat + 1));
}

/// Chooses as many blocks per column as fit, so that the input is read as rarely as possible. If a
/// single block does not fit, reduces the size of A's slots first, then the passes of a job. If the
/// block still does not fit, the weights do not stay in the memory tile.
Result<ProductCut> choose_cut(const JobPlanner& planner, const Product& product, int rounds) {
  ProductCut cut{.rows = product.m,
                 .k_tiles = tiles_of(product.k),
                 .a_per_step = a_per_step(product),
                 .blocks = std::min(rounds, core::kMaxBlocks),
                 .has_residual = product.parts[0].residual.has_value()};
  // With a residual, a column has one block, because the block's residuals follow its weights.
  if (cut.has_residual) cut.blocks = 1;
  const auto fits = [&] { return tiles_needed(planner, cut) <= layout::kMemStreamTiles; };
  while (cut.blocks > 1 && !fits()) --cut.blocks;
  if (!fits()) cut.least_slot = 1;
  if (!fits()) cut.max_passes = std::max(1, kMaxExecutions / cut.k_tiles);
  if (!fits()) {
    if (auto r = pass_weights(planner, cut); !r) return fail(r.error());
    if (!fits()) cut.least_slot = 1;
  }
  const auto room =
      planner.check_room(tiles_needed(planner, cut), text(product.k) + " columns of input");
  if (!room) return fail(room.error());
  return cut;
}

/// Gives column `column` the block number `first` and every columns()-th block after it. A column
/// with fewer blocks than the fullest column discards the A tiles of the missing blocks.
void fill_column(const JobPlanner& planner, Job& job, int column, const Product& product,
                 const std::vector<ColumnBlock>& blocks, int first) {
  Panel& panel = job.panels[static_cast<std::size_t>(column)];
  for (int b = 0; b < job.n_blocks; ++b) {
    const auto index = static_cast<std::size_t>(first + b * planner.columns());
    if (index >= blocks.size()) break;
    const ProductPart& part = product.parts[static_cast<std::size_t>(blocks[index].part)];
    panel.header.flags[b] = (part.gelu ? core::kGelu : 0) |
                            (product.normalised ? core::kNormalised : 0) |
                            (part.transposed ? core::kTransposed : 0) |
                            (takes_parts(planner, product) ? core::kInParts : 0);
    panel.header.residual_steps = part.residual ? planner.core_rows() : 0;
    if (part.residual) panel.rows = part.residual->from(job.first_row, blocks[index].first_column);
    panel.blocks.push_back(blocks[index]);
  }
  if (panel.blocks.empty()) return;
  const auto n_blocks = static_cast<int>(panel.blocks.size());
  planner.activate(job, column, product.log_mel ? std::int32_t{mel::kMel} : core::kProduct,
                   product.m);
  panel.header.a_per_step = a_per_step(product);
  panel.header.k_steps = job.a_tiles / panel.header.a_per_step;
  panel.weight_tiles = n_blocks * panel.header.k_steps;
  panel.header.a_steps = (job.n_blocks - n_blocks) * job.a_tiles;
  panel.header.inverse_features = 1.0F / static_cast<float>(product.k);
  panel.header.epsilon = product.epsilon;
}

}  // namespace

Result<void> plan_jobs(JobPlanner& planner, const Product& product) {
  if (auto r = check(planner, product); !r) return r;
  const std::vector<ColumnBlock> blocks = blocks_of(product);
  const auto n_blocks = static_cast<int>(blocks.size());
  const int columns = planner.columns();
  const int rounds = (n_blocks + columns - 1) / columns;
  const auto cut = choose_cut(planner, product, rounds);
  if (!cut) return fail(cut.error());
  const int n_jobs = (rounds + cut->blocks - 1) / cut->blocks;

  planner.for_each_chunk(product.m, cut->max_passes, [&](int first_row, int m_passes) {
    int round = 0;
    for (int j = 0; j < n_jobs; ++j) {
      const int rounds_here = (rounds - round + n_jobs - j - 1) / (n_jobs - j);
      Job job =
          planner.begin_job(product.input, first_row, m_passes, rounds_here, m_passes, cut->k_tiles,
                            slot_tiles(cut->k_tiles, m_passes, rounds_here, cut->least_slot));
      job.b_slot_tiles = cut->b_slot_tiles;
      for (int c = 0; c < columns; ++c) {
        fill_column(planner, job, c, product, blocks, round * columns + c);
      }
      planner.end_job(std::move(job));
      round += rounds_here;
    }
  });

  int n = 0;
  for (const ProductPart& part : product.parts) n += part.n;
  OperationPlan& figures = planner.figures();
  figures.macs = static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(product.m) *
                 static_cast<std::uint64_t>(product.k);
  // The mel core multiplies plain bf16 in both generations, and does not skip padding.
  if (product.log_mel) figures.arithmetic = Arithmetic::Bf16;
  figures.skips_padding = !product.log_mel;
  figures.shape = "product " + text(product.m) + " x " + text(product.k) + " x " + text(n) +
                  (product.weights == WeightType::Int8 ? ", int8" : "") +
                  (takes_parts(planner, product) ? ", operands in two parts" : "") +
                  (product.normalised ? ", after layer norm" : "") +
                  (product.log_mel ? ", log-mel" : "") + (product.parts[0].gelu ? ", gelu" : "") +
                  (cut->has_residual ? ", residual" : "");
  figures.reason =
      planner.rows_cut(product.m, cut->max_passes) + "; " + text(n_blocks) +
      " blocks of 64 columns on " + text(columns) + " core columns, at most " + text(cut->blocks) +
      " a job: their weights (" + text(cut->blocks * cut->weight_tiles()) + " tiles a column) " +
      (cut->b_slot_tiles > 0 ? "do not fit into the memory tile and are read again for each pass"
                             : "stay in the memory tile") +
      ", and the input is read once a job";
  return {};
}

}  // namespace npuwhisper::npu

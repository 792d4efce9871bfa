// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/stream_sizes.h"

#include <algorithm>

#include "engine/model_engine.h"

namespace npuwhisper {
namespace {

// Number of positions whose logits align() holds at a time. The logits of one position are one
// float for each token of the vocabulary.
constexpr int kAlignmentRows = 16;

// Limit of the memory for the attention of single heads. A model without published alignment heads
// can have hundreds of them.
constexpr std::size_t kHeadsBytes = std::size_t{16} << 20;

}  // namespace

StreamSizes::StreamSizes(const ModelConfig& config, const StreamOptions& options)
    // Enough cells for one sequence of the maximum length, and for the tokens that the other
    // sequences may add to their common prompt.
    : n_cells(config.n_text_ctx + (options.max_sequences - 1) * (config.n_text_ctx / 2 + 1)),
      n_logit_rows(static_cast<std::size_t>(
          std::max({2, options.max_sequences, options.alignment ? kAlignmentRows : 0}))),
      logits(n_logit_rows * static_cast<std::size_t>(config.n_vocab)) {
  if (!options.alignment) return;
  const auto n_keys = static_cast<std::size_t>(config.n_audio_ctx);
  const std::size_t of_row = std::max<std::size_t>(config.alignment_heads.size(), 1) * n_keys;
  n_attention_rows =
      std::clamp<std::size_t>(kHeadsBytes / (of_row * sizeof(float)), 1, ModelEngine::kMaxRows);
  heads = n_attention_rows * of_row;
  attention = static_cast<std::size_t>(config.n_text_ctx / 2 + 8) * n_keys;
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/stream.h"
#include "model/config.h"

namespace npuwhisper {

/// Sizes of a stream's self-attention cache, and of the memory that the stream's decoder allocates
/// in addition to its buffers on the device.
struct StreamSizes {
  StreamSizes(const ModelConfig& config, const StreamOptions& options);

  int n_cells = 0;                   ///< Cells of the self-attention cache.
  std::size_t n_logit_rows = 0;      ///< Number of logits rows that a call may request.
  std::size_t n_attention_rows = 0;  ///< Number of rows whose attention a run may request.
  /// Number of floats of the logits: [n_logit_rows, n_vocab].
  std::size_t logits = 0;
  /// Number of floats of the single heads' attention: [alignment heads, n_attention_rows,
  /// n_audio_ctx].
  std::size_t heads = 0;
  /// Number of floats of the heads' mean attention: [tokens, n_audio_ctx].
  std::size_t attention = 0;

  std::uint64_t bytes() const { return (logits + heads + attention) * sizeof(float); }
};

}  // namespace npuwhisper

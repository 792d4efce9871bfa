// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "device/graph.h"
#include "model/config.h"

namespace npuwhisper {

// The functions below create Whisper's graphs (Radford et al. 2022, section 2.2). The weights have
// CTranslate2's names.

/// Returns the encoder: mel [2 * n_audio_ctx, n_mels] to features [n_audio_ctx, n_state].
Graph make_encoder_graph(const ModelConfig& config);

/// Returns the graph that projects features to the cross-attention keys and values of all decoder
/// layers.
Graph make_cross_graph(const ModelConfig& config);

/// Returns one graph that consists of the encoder graph and the cross-attention graph.
Graph make_window_graph(const ModelConfig& config);

/// Returns the graph of one decoder step, with one row per token. Inputs: the self-attention cache
/// (a row, or cell, holds the keys and values of one token) and the cross-attention cache. Output:
/// the logits of the rows that request them.
Graph make_decoder_graph(const ModelConfig& config, int max_rows);

}  // namespace npuwhisper

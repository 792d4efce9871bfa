// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "device/graph.h"
#include "model/config.h"

namespace npuwhisper {

/// Whisper's three graphs (Radford et al. 2022, section 2.2), with CTranslate2's names of the weights.

/// Mel [2 * n_audio_ctx, n_mels] to features [n_audio_ctx, n_state].
Graph make_encoder_graph(const ModelConfig& config);

/// Features to the cross-attention keys and values of all decoder layers.
Graph make_cross_graph(const ModelConfig& config);

/// Both, one after the other, as one graph.
Graph make_window_graph(const ModelConfig& config);

/// One step of the decoder over rows (tokens). Inputs: self-attention cache (as many rows as a token may attend to) and
/// cross-attention buffer. Output: logits of the rows that want them.
Graph make_decoder_graph(const ModelConfig& config, int max_rows);

}  // namespace npuwhisper

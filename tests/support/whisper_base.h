// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "model/config.h"

namespace npuwhisper::test {

/// Whisper base (Radford et al. 2022, table 1), without its weights.
inline ModelConfig whisper_base_config() {
  ModelConfig config;
  config.n_mels = 80;
  config.n_audio_ctx = 1500;
  config.n_audio_layer = 6;
  config.n_audio_head = 8;
  config.n_state = 512;
  config.n_ffn = 2048;
  config.n_text_ctx = 448;
  config.n_text_layer = 6;
  config.n_text_head = 8;
  config.n_vocab = 51865;
  config.alignment_heads = {{3, 1}, {4, 2}, {4, 3}, {4, 7}, {5, 1}, {5, 2}, {5, 4}, {5, 6}};
  return config;
}

}  // namespace npuwhisper::test

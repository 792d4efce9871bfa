// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>

#include "model/config.h"

namespace npuwhisper::test {

/// The shape of a published Whisper model, without its weights (Radford et al. 2022, table 1; the
/// model cards of large-v3, large-v3-turbo and Distil-Whisper). Heads have 64 columns.
struct PublishedShape {
  const char* name;
  int n_mels = 0;
  int n_state = 0;
  int n_audio_layer = 0;
  int n_text_layer = 0;
  int n_vocab = 0;

  ModelConfig config() const {
    ModelConfig config;
    config.n_mels = n_mels;
    config.n_audio_ctx = 1500;
    config.n_audio_layer = n_audio_layer;
    config.n_audio_head = n_state / 64;
    config.n_state = n_state;
    config.n_ffn = 4 * n_state;
    config.n_text_ctx = 448;
    config.n_text_layer = n_text_layer;
    config.n_text_head = n_state / 64;
    config.n_vocab = n_vocab;
    return config;
  }
};

/// One model for each published shape. The English-only models tiny.en to medium.en have the shapes
/// of the multilingual ones, with one token fewer. large-v1 and large-v2 have the same shape.
inline constexpr std::array kPublishedShapes = {
    PublishedShape{"tiny", 80, 384, 4, 4, 51865},
    PublishedShape{"base", 80, 512, 6, 6, 51865},
    PublishedShape{"small", 80, 768, 12, 12, 51865},
    PublishedShape{"medium", 80, 1024, 24, 24, 51865},
    PublishedShape{"large-v2", 80, 1280, 32, 32, 51865},
    PublishedShape{"large-v3", 128, 1280, 32, 32, 51866},
    PublishedShape{"large-v3-turbo", 128, 1280, 32, 4, 51866},
    PublishedShape{"distil-small.en", 80, 768, 12, 4, 51864},
    PublishedShape{"distil-medium.en", 80, 1024, 24, 2, 51864},
    PublishedShape{"distil-large-v2", 80, 1280, 32, 2, 51865},
    PublishedShape{"distil-large-v3", 128, 1280, 32, 2, 51866},
};

}  // namespace npuwhisper::test

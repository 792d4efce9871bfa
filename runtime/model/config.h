// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

namespace npuwhisper {

class Weights;

/// Vocabulary size of the English-only models (tiny.en to medium.en). Their vocabularies name the
/// languages too, and their config.json lists ids for them (off by one), but they know only
/// English.
inline constexpr int kEnglishOnlyVocab = 51864;

/// Sizes of one Whisper model, all read from its files (none is assumed), and what its config.json
/// says of tokens. Names follow the paper (Radford et al. 2022, table 1).
struct ModelConfig {
  int n_mels = 0;       ///< Mel bins: 80, or 128 (large-v3).
  int n_audio_ctx = 0;  ///< Encoder positions of a window: 1500 (mel frames: twice as many).
  int n_audio_layer = 0;
  int n_audio_head = 0;
  int n_state = 0;     ///< Width of encoder and decoder; a multiple of both head counts.
  int n_ffn = 0;       ///< Width of the feed-forward layers: 4 * n_state.
  int n_text_ctx = 0;  ///< Decoder positions: 448.
  int n_text_layer = 0;
  int n_text_head = 0;
  int n_vocab = 0;

  std::vector<Token> suppress_tokens;        ///< "suppress_ids": the non-speech tokens.
  std::vector<Token> suppress_begin_tokens;  ///< "suppress_ids_begin": blank and end of text.
  /// As the vocabulary names them (Model::load fills them in): what config.json says of them is
  /// wrong for the English-only models. Empty for those.
  std::vector<Token> language_tokens;
  std::vector<std::pair<int, int>>
      alignment_heads;  ///< (decoder layer, head) that follow the audio.
};

/// The sizes that the variables of `weights` imply; the token lists stay empty. Only what the sizes
/// are read from is checked here. Errors: CorruptModel, Unsupported (not Whisper's architecture).
Result<ModelConfig> config_from_weights(const Weights& weights);

/// Adds what `file`, a config.json, says of tokens and alignment heads. Without the file, or
/// without an entry, no token is suppressed and the alignment heads are those of the last half of
/// the decoder's layers, as in openai/whisper. Errors: NotFound (no regular file), Unavailable,
/// CorruptModel (not JSON, wrong type, out of range).
Result<void> read_config_json(const std::filesystem::path& file, ModelConfig& config);

}  // namespace npuwhisper

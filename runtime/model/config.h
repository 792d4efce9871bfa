// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

namespace npuwhisper {

class Weights;

/// Vocabulary size of the English-only models (tiny.en to medium.en). Their vocabularies also name
/// the languages, and their config.json lists language ids (off by one), but the models know only
/// English.
inline constexpr int kEnglishOnlyVocab = 51864;

/// Sizes of a Whisper model and the token lists of its config.json. All sizes come from the model's
/// files. Names follow the paper (Radford et al. 2022, table 1).
struct ModelConfig {
  int n_mels = 0;       ///< Mel bins: 80, or 128 (large-v3).
  int n_audio_ctx = 0;  ///< Encoder positions of a window: 1500, half the mel frames.
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
  /// Language tokens as the vocabulary names them; empty for the English-only models. Model::load
  /// sets them, because config.json has wrong ids for the English-only models.
  std::vector<Token> language_tokens;
  /// Attention heads that follow the audio, as (decoder layer, head).
  std::vector<std::pair<int, int>> alignment_heads;
};

/// Returns the sizes that the variables of `weights` imply. The token lists stay empty. Checks only
/// the variables that it reads. Errors: CorruptModel, Unavailable (cannot be read), Unsupported
/// (not Whisper's architecture).
Result<ModelConfig> config_from_weights(const Weights& weights);

/// Adds the tokens and alignment heads of `file`, a config.json. A missing file or token list
/// suppresses no tokens. Without alignment heads in the file, all heads of the last half of the
/// decoder's layers are used, as in openai/whisper. Errors: NotFound (not a regular file),
/// Unavailable, CorruptModel (too large, not JSON, wrong type, out of range).
Result<void> read_config_json(const std::filesystem::path& file, ModelConfig& config);

}  // namespace npuwhisper

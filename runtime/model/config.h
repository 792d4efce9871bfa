// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

namespace npuwhisper {

class Weights;

/// Maximum number of layers: twice the number in the large models. Caches grow with the number of
/// layers, and a small hostile file can define many layers with aliases.
inline constexpr int kMaxLayers = 64;

/// Vocabulary size of the English-only models (tiny.en to medium.en). Their vocabularies also name
/// the languages, and their config.json lists language ids (off by one), but the models transcribe
/// only English.
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

/// Numbers of attention heads, which the shapes of the weights do not show.
struct HeadCounts {
  int audio = 0;
  int text = 0;
};

/// Returns the numbers of heads in the variables of a CTranslate2 file. Errors: CorruptModel,
/// Unavailable (cannot be read), Unsupported (not Whisper's architecture).
Result<HeadCounts> head_counts(const Weights& weights);

/// Returns the sizes that the variables of `weights` imply. The lists stay empty. Checks only the
/// variables that it reads. Error: CorruptModel (also numbers of heads that do not divide the
/// width).
Result<ModelConfig> config_from_weights(const Weights& weights, const HeadCounts& heads);

/// The token lists and the alignment heads in a model folder's JSON files. nullopt: the files do
/// not have the list.
struct ModelLists {
  std::optional<std::vector<Token>> suppress_tokens;
  std::optional<std::vector<Token>> suppress_begin_tokens;
  std::optional<std::vector<std::pair<int, int>>> alignment_heads;
};

/// Reads those lists of `file` that `lists` does not have yet. The file is a config.json of
/// CTranslate2 ("suppress_ids", "suppress_ids_begin", "alignment_heads"), or a
/// generation_config.json or config.json of Hugging Face ("suppress_tokens",
/// "begin_suppress_tokens", "alignment_heads"). A missing file has no lists. A list of alignment
/// heads in decoder layers that the model lacks counts as missing: it describes the larger model
/// from which this model was distilled. Errors: NotFound (not a regular file), Unavailable,
/// CorruptModel (too large, not JSON, wrong type, out of range).
Result<void> read_model_lists(const std::filesystem::path& file, const ModelConfig& config,
                              ModelLists& lists);

/// Reads the numbers of heads in a config.json of Hugging Face, and checks the flags that describe
/// the architecture. Whisper allows exactly one value for each flag. Errors: those of
/// read_model_lists(), CorruptModel if a number is missing, and Unsupported for another
/// architecture.
Result<HeadCounts> read_hugging_face_config(const std::filesystem::path& file);

}  // namespace npuwhisper

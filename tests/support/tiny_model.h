// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/config.h"
#include "simd/data_type.h"

namespace npuwhisper::test {

/// A model with Whisper's architecture and random weights, small enough for unit tests. Its text is
/// meaningless but reproducible, and each of its sizes is an option.
struct TinyModelOptions {
  int n_mels = 80;
  int n_audio_ctx = 1500;
  int n_audio_layer = 2;
  int n_audio_head = 2;
  int n_state = 128;  ///< A multiple of both head counts.
  int n_ffn = 0;      ///< If 0, n_ffn is 4 * n_state.
  int n_text_ctx = 448;
  int n_text_layer = 2;
  int n_text_head = 2;
  bool is_multilingual = true;  ///< Whether tokens for en, zh, de, es and fr exist.
  /// From position 128 on, encoder positions have equal encodings in groups of this size.
  int alike_positions = 1;
  DataType storage = DataType::F16;  ///< F16 or F32. The values are equal in both.
  std::uint64_t seed = 1;
  /// File of the vocabulary: "vocabulary.txt", "vocabulary.json" or "tokenizer.json".
  std::string vocabulary = "vocabulary.txt";
};

/// Returns the sizes and token lists that Model::load finds in a tiny model.
ModelConfig tiny_model_config(const TinyModelOptions& options = {});

/// Returns a tiny model's vocabulary by ID, in CTranslate2's spelling: 256 bytes, some English
/// merges, special tokens, and timestamps up to 30 s.
std::vector<std::string> tiny_model_vocabulary(const TinyModelOptions& options = {});

/// Writes model.bin, config.json and the vocabulary into `folder`, which must exist. Aborts the
/// test program if a file cannot be written.
void write_tiny_model(const std::filesystem::path& folder, const TinyModelOptions& options = {});

}  // namespace npuwhisper::test

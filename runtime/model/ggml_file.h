// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "model/regular_file.h"
#include "model/tensor_index.h"

namespace npuwhisper {

/// The content of a whisper.cpp file, apart from the values of its tensors.
struct GgmlFile {
  int n_audio_head = 0;
  int n_text_head = 0;
  std::vector<std::string> tokens;  ///< The bytes of the text tokens, by ID.
  TensorIndex tensors;              ///< Tensors by OpenAI's names ("encoder.conv1.weight").
};

/// Returns whether the file begins like a whisper.cpp file.
bool is_ggml_file(const RegularFile& file);

/// Reads a whisper.cpp file (models/convert-pt-to-ggml.py and whisper_model_load() of whisper.cpp),
/// but no values. Tensors may have the types f32, f16, q4_0, q4_1, q5_0, q5_1 and q8_0. The mel
/// filters of the file are skipped: they are the same for all models, and npuwhisper computes them
/// (audio/mel_filterbank.h). The file is not trusted: whatever it contains, the tensors are within
/// the file. Reentrant. Errors: CorruptModel, Unsupported (another kind of file, other types, or
/// quantised weights of another version than 2), Unavailable (the file cannot be read). Messages do
/// not name the file.
///
/// Layout: u32 magic; i32 n_vocab, n_audio_ctx, n_audio_state, n_audio_head, n_audio_layer,
/// n_text_ctx, n_text_state, n_text_head, n_text_layer, n_mels, ftype; i32 n_mel, i32 n_fft, f32
/// filters[n_mel * n_fft]; i32 n_tokens, then for each token: u32 length, bytes; then until the end
/// of the file for each tensor: i32 n_dims, i32 name length, i32 type, i32 dims[n_dims] (the last
/// dimension first), name, data.
Result<GgmlFile> read_ggml_file(const RegularFile& file);

}  // namespace npuwhisper

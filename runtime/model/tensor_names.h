// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include "model/tensor_index.h"
#include "model/weights_index.h"

namespace npuwhisper {

/// The names of Whisper's tensors in a kind of file. OpenAI: checkpoints of openai/whisper and
/// files of whisper.cpp ("encoder.blocks.0.attn.query.weight"). HuggingFace: transformers
/// ("model.encoder.layers.0.self_attn.q_proj.weight"; the prefix "model." is optional).
enum class TensorNames { OpenAi, HuggingFace };

/// Returns the variables of whisper_variables() by CTranslate2's names: query, key and value become
/// one variable, a missing bias becomes zeros, and the projection to the vocabulary is the token
/// embedding. The variables have as many layers as the file. Reentrant. Errors: CorruptModel (a
/// tensor is missing, or tensors that belong together have different widths), Unsupported (a
/// tensor's values cannot be read, or tensors that belong together have different types). The
/// message contains the tensor's name in the file.
Result<WeightsIndex> whisper_index(const TensorIndex& tensors, TensorNames names);

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <npuwhisper/result.h>

#include "model/regular_file.h"
#include "model/tensor_index.h"

namespace npuwhisper {

/// The sizes in OpenAI's checkpoints ("n_audio_head": 8); empty in other files.
using CheckpointDims = std::map<std::string, std::int64_t, std::less<>>;

/// Adds the tensors of a file of torch.save() to `index`: OpenAI's checkpoints and Hugging Face's
/// pytorch_model.bin. `number` is the file's index among the model's files. The file is a zip
/// archive, NAME/data.pkl describes the tensors (torch_pickle.h), and NAME/data/KEY are their
/// storages. The file is not trusted: whatever it contains, the tensors are within the file, and
/// no code in it runs. Reentrant. Errors: CorruptModel (also a tensor that `index` already has),
/// Unsupported (the format of PyTorch before 1.6, a big-endian file, and those of
/// read_zip_directory() and read_torch_pickle()), Unavailable. Messages do not name the file.
Result<CheckpointDims> index_torch_file(const RegularFile& file, std::size_t number,
                                        TensorIndex& index);

}  // namespace npuwhisper

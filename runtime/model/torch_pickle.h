// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "model/stored_type.h"

namespace npuwhisper {

/// A tensor in a pickle of torch.save(): row-major values in a storage, which is a separate file.
struct PickledTensor {
  std::string unsupported;  ///< Says why the values cannot be read; empty if they can.
  StoredType type = StoredType::F32;
  std::vector<std::int64_t> dims;  ///< As in the file; not checked.
  std::string storage;             ///< Key of the storage.
  std::int64_t first = 0;          ///< Index of the first value in the storage; at least 0.
};

/// The content of a checkpoint: the tensors of its state dictionary, and the numbers in "dims",
/// which OpenAI's checkpoints have.
struct TorchPickle {
  std::map<std::string, PickledTensor, std::less<>> tensors;
  std::map<std::string, std::int64_t, std::less<>> dims;
};

/// Reads the pickle of a checkpoint (data.pkl). The state dictionary is the entry
/// "model_state_dict" of a dictionary, or the dictionary itself. Runs no code of the pickle.
/// Recognises the calls of the three functions that create dictionaries, tensors and parameters
/// (torch/_utils.py), and ignores all other calls. Takes the memory of read_pickle() and of at most
/// kMaxTensors tensors. Reentrant. Errors: those of read_pickle(); CorruptModel (no dictionary,
/// tensors without storage or size, too many tensors).
Result<TorchPickle> read_torch_pickle(std::string_view pickle);

}  // namespace npuwhisper

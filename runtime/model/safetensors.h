// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include <npuwhisper/result.h>

#include "model/regular_file.h"
#include "model/tensor_index.h"

namespace npuwhisper {

/// Adds the tensors of a file in the safetensors format (huggingface/safetensors, "Format") to
/// `index`. `number` is the file's index among the model's files. The file contains the header's
/// length (u64), the header and the little-endian data. The header is a JSON object {name: {dtype,
/// shape, data_offsets: [begin, end]}}. The offsets are relative to the start of the data. Only the
/// header is read. Tensors of other types than the library's, and tensors without values, are
/// listed as unsupported. The file is not trusted: whatever it contains, the tensors are within the
/// file. Reentrant. Errors: CorruptModel (also a header of more than `max_header_bytes`, because
/// parsed JSON takes many times the memory of its text, and a tensor that `index` already has),
/// Unavailable (the file cannot be read). Messages name the tensor, but not the file.
Result<void> index_safetensors(const RegularFile& file, std::size_t number,
                               std::uint64_t max_header_bytes, TensorIndex& index);

}  // namespace npuwhisper

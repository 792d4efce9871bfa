// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include "model/regular_file.h"
#include "model/weights_index.h"

namespace npuwhisper {

/// Reads the directory of a CTranslate2 Whisper file, but no values. The file is not trusted:
/// whatever it contains, the returned variables lie within the file, and the memory used stays
/// below a few times the file's size. Reentrant. Errors: CorruptModel, Unsupported, Unavailable
/// (the file cannot be read).
///
/// Layout (CTranslate2 model_spec.py): binary version 6. Every CTranslate2 release that can convert
/// Whisper writes this version. All values are little-endian and unaligned. A string is a u16
/// length, the text and a NUL. The length includes the NUL.
///   u32 version; string spec; u32 revision; u32 count, then for each variable: string name, u8
///   rank, u32 dims[rank], u8 type, u32 bytes, data; u32 count, then for each alias: string alias,
///   string name.
/// A quantised weight has a second variable, whose name ends with "_scale": one f32 for each row of
/// an i8 weight, and one f32 for a whole i16 weight. Weights and scales become one variable.
Result<WeightsIndex> index_ctranslate2(const RegularFile& file);

}  // namespace npuwhisper

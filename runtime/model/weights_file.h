// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "model/weights.h"

namespace npuwhisper {

/// What a model file lists, as views into its bytes.
struct WeightsIndex {
  std::map<std::string, WeightView, std::less<>> variables;  ///< Aliases included.
  std::vector<std::string> names;                            ///< In the order of the file.
};

/// Reads the directory of a CTranslate2 Whisper file (layout: weights.h). `data` is the whole file
/// and must outlive the views; it is not trusted: nothing outside it is read, whatever it says.
/// Reentrant. Errors: CorruptModel, Unsupported.
Result<WeightsIndex> index_weights_file(std::span<const std::byte> data);

}  // namespace npuwhisper

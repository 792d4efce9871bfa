// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "model/tokenizer.h"

namespace npuwhisper {

/// Returns InvalidArgument for the first option that is not valid for the model of `tokenizer`. The
/// message contains the option's name, the value found and the values wanted. Does not check
/// `hotwords`, because make_hotword_tree() does.
Result<void> check_options(const TranscriberOptions& options, const Tokenizer& tokenizer);

}  // namespace npuwhisper

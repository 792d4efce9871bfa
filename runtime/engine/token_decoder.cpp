// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/token_decoder.h"

namespace npuwhisper {

Result<void> TokenDecoder::step_together(std::span<Share> shares) {
  for (Share& share : shares) {
    const auto logits = share.decoder->step(share.tokens);
    if (!logits) return fail(logits.error());
    share.logits = *logits;
  }
  return {};
}

}  // namespace npuwhisper

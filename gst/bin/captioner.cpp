// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captioner.h"

#include "cea_captioner.h"
#include "overlay_captioner.h"

namespace npuwhisper {

std::unique_ptr<Captioner> Captioner::create(GstBin* bin, CaptionMode mode) {
  if (mode == CaptionMode::Overlay) return std::make_unique<OverlayCaptioner>(bin);
  return std::make_unique<CeaCaptioner>(bin, mode);
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gap_delay.h"

#include <algorithm>

namespace npuwhisper {

std::optional<GapDelay::Gap> GapDelay::add(const Gap& gap) {
  if (delayed_) {
    delayed_->end = std::max(delayed_->end, gap.end);
  } else {
    delayed_ = gap;
  }
  if (delayed_->end - delayed_->start <= kLongest) return std::nullopt;
  const Gap sent{.start = delayed_->start, .end = delayed_->end - kLongest};
  delayed_->start = sent.end;
  return sent;
}

}  // namespace npuwhisper

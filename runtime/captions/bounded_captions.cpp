// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/bounded_captions.h"

#include <algorithm>
#include <cstdint>

namespace npuwhisper {
namespace {

using std::chrono::nanoseconds;

// Limits of times. The difference between two times within these limits, plus some seconds, fits
// into 64 bits.
constexpr nanoseconds kEarliest{-(std::int64_t{1} << 61)};
constexpr nanoseconds kLatest{std::int64_t{1} << 62};

nanoseconds bounded(nanoseconds time) {
  return std::clamp(time, kEarliest, kLatest);
}

}  // namespace

void BoundedCaptions::add(std::span<const SpokenText> texts, std::string_view language) {
  std::vector<SpokenText> spoken(texts.begin(), texts.end());
  for (SpokenText& text : spoken) {
    text.start = bounded(text.start);
    text.end = bounded(text.end);
  }
  maker_->add(spoken, language);
}

std::vector<Caption> BoundedCaptions::take(nanoseconds known, std::optional<nanoseconds> due) {
  if (due) due = bounded(*due);
  return maker_->take(bounded(known), due);
}

std::vector<Caption> BoundedCaptions::flush_before(nanoseconds next) {
  return maker_->flush_before(bounded(next));
}

void BoundedCaptions::raise_floor(nanoseconds to) {
  maker_->raise_floor(bounded(to));
}

void BoundedCaptions::restart(nanoseconds from) {
  maker_->restart(bounded(from));
}

}  // namespace npuwhisper

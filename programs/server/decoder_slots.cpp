// SPDX-License-Identifier: LGPL-2.1-or-later
#include "decoder_slots.h"

#include <algorithm>
#include <utility>

namespace npuwhisper::server {

DecoderSlots::Place::Place(DecoderSlots& slots, std::uint64_t n_bytes, std::function<void()> start)
    : slots_(slots), n_bytes_(n_bytes), start_(std::move(start)) {
  slots_.queue_.push_back(this);
}

DecoderSlots::Place::~Place() {
  if (start_) {
    std::erase(slots_.queue_, this);
  } else {
    ++slots_.n_free_;
    slots_.schedule();
  }
}

DecoderSlots::~DecoderSlots() {
  if (idle_ != 0) g_source_remove(idle_);
}

std::unique_ptr<DecoderSlots::Place> DecoderSlots::enter(std::uint64_t n_bytes,
                                                         std::function<void()> start) {
  std::unique_ptr<Place> place(new Place(*this, n_bytes, std::move(start)));
  schedule();
  return place;
}

void DecoderSlots::schedule() {
  if (idle_ != 0 || n_free_ == 0 || queue_.empty()) return;
  idle_ = g_idle_add_full(
      G_PRIORITY_DEFAULT,
      [](gpointer self) -> gboolean {
        auto& slots = *static_cast<DecoderSlots*>(self);
        slots.idle_ = 0;
        slots.start_next();
        slots.schedule();
        return G_SOURCE_REMOVE;
      },
      this, nullptr);
}

void DecoderSlots::start_next() {
  if (n_free_ == 0 || queue_.empty()) return;
  const auto next = std::ranges::min_element(queue_, {}, &Place::n_bytes_);
  Place* place = *next;
  queue_.erase(next);
  --n_free_;
  const std::function<void()> start = std::exchange(place->start_, nullptr);
  start();  // May destroy the place.
}

}  // namespace npuwhisper::server

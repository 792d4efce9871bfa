// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace npuwhisper::server {

/// Limits how many uploads are decoded at a time. The smallest upload is next, so that it does not
/// wait for the decoding of large ones. Use this class from the main context's thread.
class DecoderSlots {
 public:
  /// A place in the queue, and then a slot. The destructor gives up either.
  class Place {
   public:
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    friend class DecoderSlots;
    Place(DecoderSlots& slots, std::uint64_t n_bytes, std::function<void()> start);

    DecoderSlots& slots_;
    const std::uint64_t n_bytes_;
    std::function<void()> start_;  // Empty once the place has a slot.
  };

  explicit DecoderSlots(std::size_t n_slots) : n_free_(n_slots) {}
  ~DecoderSlots();
  DecoderSlots(const DecoderSlots&) = delete;
  DecoderSlots& operator=(const DecoderSlots&) = delete;

  /// Queues the decoding of an upload of `n_bytes`. Calls `start` in a later iteration of the main
  /// context, when there is a slot, unless the place is destroyed before. The place must not
  /// outlive this object.
  std::unique_ptr<Place> enter(std::uint64_t n_bytes, std::function<void()> start);

 private:
  void schedule();
  void start_next();

  std::size_t n_free_;
  std::vector<Place*> queue_;
  guint idle_ = 0;
};

}  // namespace npuwhisper::server

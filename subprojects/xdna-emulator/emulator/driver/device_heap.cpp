// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/device_heap.h"

#include <iterator>

namespace npuwhisper::emu {
namespace {

std::uint64_t round_up(std::uint64_t bytes) {
  return (bytes + DeviceHeap::kAlignment - 1) / DeviceHeap::kAlignment * DeviceHeap::kAlignment;
}

}  // namespace

std::optional<std::uint64_t> DeviceHeap::allocate(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes == 0 || bytes > bytes_) return std::nullopt;
  // Gaps begin and end at multiples of the alignment, because allocation sizes are rounded up to
  // the alignment.
  const std::uint64_t taken = round_up(bytes);
  auto best = free_.end();
  for (auto gap = free_.begin(); gap != free_.end(); ++gap) {
    if (gap->second >= taken && (best == free_.end() || gap->second < best->second)) best = gap;
  }
  if (best == free_.end()) return std::nullopt;
  const auto [offset, size] = *best;
  free_.erase(best);
  if (size > taken) free_[offset + taken] = size - taken;
  used_ += bytes;
  return offset;
}

void DeviceHeap::release(std::uint64_t offset, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
  auto gap = free_.emplace(offset, round_up(bytes)).first;
  const auto next = std::next(gap);
  if (next != free_.end() && gap->first + gap->second == next->first) {
    gap->second += next->second;
    free_.erase(next);
  }
  if (gap != free_.begin()) {
    const auto previous = std::prev(gap);
    if (previous->first + previous->second == gap->first) {
      previous->second += gap->second;
      free_.erase(gap);
    }
  }
}

std::uint64_t DeviceHeap::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace npuwhisper::emu

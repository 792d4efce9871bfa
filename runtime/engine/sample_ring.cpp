// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/sample_ring.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "audio/log_mel.h"
#include "simd/round_up.h"

namespace npuwhisper {
namespace {

/// Alignment of slices in samples: the device reads 32-bit words.
constexpr std::int64_t kAlign = 2;
/// Number of slices that can be in use simultaneously without an allocation.
constexpr std::size_t kExpectedSlices = 1024;

std::span<std::int16_t> as_samples(Buffer& buffer) {
  const std::span<std::byte> bytes = buffer.host();
  return {reinterpret_cast<std::int16_t*>(bytes.data()), bytes.size() / sizeof(std::int16_t)};
}

}  // namespace

Result<std::shared_ptr<SampleRing>> SampleRing::create(WindowMel& mel,
                                                       std::shared_ptr<const void> owner) {
  const std::int64_t window = std::int64_t{mel.n_frames()} * kHop;
  const std::int64_t capacity = kRingWindows * window;
  const std::int64_t store = kStoreWindows * (window + (kSpareFrames + 1) * kHop + kFftSize);
  auto memory = mel.allocate_samples(static_cast<std::size_t>(kBorder + capacity + store));
  if (!memory) return fail(memory.error());
  return std::shared_ptr<SampleRing>(
      new SampleRing(mel, std::move(owner), std::move(*memory), capacity));
}

SampleRing::SampleRing(WindowMel& mel, std::shared_ptr<const void> owner,
                       std::unique_ptr<Buffer> memory, std::int64_t capacity)
    : owner_(std::move(owner)),
      mel_(mel),
      memory_(std::move(memory)),
      samples_(as_samples(*memory_)),
      capacity_(capacity) {
  slices_.reserve(kExpectedSlices);
}

/// Returns whether the ring can be overwritten up to position `end`. This requires that no slice,
/// border or kept sample of the previous lap lies in this part of the ring.
bool SampleRing::is_free(std::int64_t end) const {
  std::int64_t oldest = slices_.empty() ? kNothing : slices_.front().begin;
  if (oldest == border_end_ && !begins_lap(oldest)) oldest -= kBorder;
  return end - capacity_ <= std::min(kept_, oldest);
}

std::span<std::int16_t> SampleRing::hand_out(std::int64_t begin, std::int64_t n) {
  const std::int64_t end = round_up(begin + n, kAlign);
  if (n == 0 || end - begin > capacity_ || !is_free(end)) return {};
  slices_.push_back({.begin = begin, .end = end});
  next_ = end;
  return samples_.subspan(static_cast<std::size_t>(place(begin)), static_cast<std::size_t>(n));
}

std::span<std::int16_t> SampleRing::acquire(std::size_t n_samples) {
  const std::lock_guard lock(mutex_);
  const auto n = static_cast<std::int64_t>(std::min(n_samples, samples_.size()));
  const std::int64_t left = capacity_ - next_ % capacity_;
  if (n > left) return hand_out(next_ + left, n);
  return hand_out(next_, n);
}

std::span<std::int16_t> SampleRing::extend(std::int64_t end, std::size_t n_samples) {
  const std::lock_guard lock(mutex_);
  const auto n = static_cast<std::int64_t>(std::min(n_samples, samples_.size()));
  const std::int64_t slice_end = round_up(end + n, kAlign);
  const bool is_held = std::any_of(slices_.begin(), slices_.end(), [&](const Slice& s) {
    return !s.released && s.begin >= end && s.begin < slice_end;
  });
  if (n == 0 || is_held || begins_lap(end) || n > capacity_ - end % capacity_) return {};
  if (!is_free(slice_end)) return {};
  const auto after =
      std::find_if(slices_.begin(), slices_.end(), [&](const Slice& s) { return s.begin > end; });
  slices_.insert(after, {.begin = end, .end = slice_end});
  next_ = std::max(next_, slice_end);
  return samples_.subspan(static_cast<std::size_t>(place(end)), static_cast<std::size_t>(n));
}

void SampleRing::release(std::span<const std::int16_t> slice) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(slices_.begin(), slices_.end(), [&](const Slice& s) {
    return !s.released && samples_.data() + place(s.begin) == slice.data();
  });
  if (found == slices_.end()) return;
  found->released = true;
  const auto first_held =
      std::find_if(slices_.begin(), slices_.end(), [](const Slice& s) { return !s.released; });
  slices_.erase(slices_.begin(), first_held);
}

std::optional<std::int64_t> SampleRing::position_of(std::span<const std::int16_t> samples) const {
  const std::int16_t* begin = samples_.data() + kBorder;
  const std::int16_t* end = begin + capacity_;
  if (std::less<>{}(samples.data(), begin) || !std::less<>{}(samples.data(), end)) return {};
  const std::lock_guard lock(mutex_);
  // Positions one lap apart share a place in memory. The samples are at the newest position of
  // their place, because the slices at older positions were released.
  const std::int64_t place = samples.data() - begin;
  const std::int64_t lap = next_ / capacity_ - (place >= next_ % capacity_ ? 1 : 0);
  const std::int64_t position = lap * capacity_ + place;
  const auto n = static_cast<std::int64_t>(samples.size());
  if (position < 0 || position + n > next_) return {};
  return position;
}

bool SampleRing::has_border(std::int64_t position) const {
  const std::lock_guard lock(mutex_);
  return position == border_end_ || begins_lap(position);
}

void SampleRing::leave_border() {
  const std::lock_guard lock(mutex_);
  if (!border_used_) return;
  // A border never crosses the ring's end. If fewer than kBorder samples are left before the end,
  // the next slice begins at the ring's beginning, which has a border of its own.
  const std::int64_t left = capacity_ - next_ % capacity_;
  const std::int64_t end = next_ + std::min(kBorder, left);
  if (!is_free(end)) return;
  next_ = border_end_ = end;
  border_used_ = false;
}

void SampleRing::keep_from(std::int64_t position) {
  const std::lock_guard lock(mutex_);
  kept_ = position;
  if (position != kNothing) border_used_ = true;
}

}  // namespace npuwhisper

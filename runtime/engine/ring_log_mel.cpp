// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/ring_log_mel.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

namespace npuwhisper {
namespace {

constexpr std::int64_t kHalf = kFftSize / 2;
static_assert(SampleRing::kBorder == kHalf);
/// Maximum number of samples that write() copies to the ring at a time.
constexpr std::size_t kPiece = 4096;
/// Difference between the window's maximum and the lowest value of Whisper's features: 8 decades of
/// power, which the normalisation divides by 4.
constexpr float kFloorDistance = 2.0F;
constexpr float kSilence = -1.5F;

void convert(std::span<const std::int16_t> from, std::span<std::int16_t> to) {
  std::copy(from.begin(), from.end(), to.begin());
}
/// Converts floats to 16-bit PCM, rounded to nearest. NaN becomes 0, and values beyond full scale
/// are clamped.
void convert(std::span<const float> from, std::span<std::int16_t> to) {
  std::transform(from.begin(), from.end(), to.begin(), [](float x) {
    const float scaled = std::nearbyint(x * 32768.0F);
    return std::isnan(scaled) ? std::int16_t{0}
                              : static_cast<std::int16_t>(std::clamp(scaled, -32768.0F, 32767.0F));
  });
}

}  // namespace

Result<std::unique_ptr<LogMel>> RingLogMel::create(std::shared_ptr<SampleRing> ring,
                                                   int capacity_frames) {
  const int window = ring->mel().n_frames();
  if (capacity_frames < window || capacity_frames > window + SampleRing::kSpareFrames) {
    return fail(ErrorCode::InvalidArgument, "log-mel on the device, capacity in frames: found " +
                                                std::to_string(capacity_frames) + ", wanted " +
                                                std::to_string(window) + " to " +
                                                std::to_string(window + SampleRing::kSpareFrames));
  }
  return std::unique_ptr<LogMel>(new RingLogMel(std::move(ring), capacity_frames));
}

RingLogMel::RingLogMel(std::shared_ptr<SampleRing> ring, int capacity_frames)
    : ring_(std::move(ring)), capacity_(capacity_frames) {
  reset();
}

RingLogMel::~RingLogMel() {
  ring_->keep_from(SampleRing::kNothing);
}

void RingLogMel::reset() {
  first_frame_ = n_samples_ = piece_begin_ = piece_position_ = store_first_ = 0;
  finished_ = in_store_ = false;
  ring_->keep_from(SampleRing::kNothing);
  ring_->leave_border();
}

std::int64_t RingLogMel::end_frame() const {
  const std::int64_t most = first_frame_ + capacity_;
  if (finished_) return std::min(n_samples_ / kHop, most);
  // A frame reads kHalf samples from its centre on. Frame 0 needs one more sample, because its
  // first half mirrors samples 1 to kHalf.
  if (n_samples_ <= kHalf) return 0;
  return std::min((n_samples_ - kHalf) / kHop + 1, most);
}

void RingLogMel::discard_before(std::int64_t frame) {
  first_frame_ = std::clamp(frame, first_frame_, end_frame());
  leave_store();
  keep();
}

/// Returns the index of the first sample that is still needed. A frame begins kHalf samples before
/// its centre. The index is therefore negative at the beginning of the signal, where the border is.
std::int64_t RingLogMel::oldest_sample() const {
  return first_frame_ * kHop - kHalf;
}

/// Returns the index in the ring's memory of the stream's sample `index`.
std::int64_t RingLogMel::place_of(std::int64_t index) {
  if (in_store_) return ring_->store_place() + store_first_ + index;
  return ring_->place(piece_position_) + index - piece_begin_;
}
std::int16_t* RingLogMel::sample(std::int64_t index) {
  return ring_->samples().data() + place_of(index);
}

void RingLogMel::keep() {
  if (n_samples_ == piece_begin_) return ring_->keep_from(SampleRing::kNothing);
  // The first piece of a stream includes the stream's border, unless the border lies before the
  // ring's beginning.
  const bool has_border = piece_begin_ == 0 && !ring_->begins_lap(piece_position_);
  const std::int64_t oldest = std::max(oldest_sample(), has_border ? -kHalf : piece_begin_);
  ring_->keep_from(piece_position_ + std::min(oldest, n_samples_) - piece_begin_);
}

/// Returns the number of samples that push() accepts, at most `n_wanted`. As in MelFrontend, push()
/// accepts all samples of the frames within the capacity, including the samples of frames that only
/// finish() completes.
std::size_t RingLogMel::room(std::size_t n_wanted) const {
  if (finished_) return 0;
  const std::int64_t limit = (first_frame_ + capacity_ + 1) * kHop - 1;
  return std::min(n_wanted, static_cast<std::size_t>(limit - n_samples_));
}

std::size_t RingLogMel::push(std::span<const float> pcm) {
  return write(pcm.first(room(pcm.size())));
}

std::size_t RingLogMel::push(std::span<const std::int16_t> pcm) {
  pcm = pcm.first(room(pcm.size()));
  const auto position = ring_->position_of(pcm);
  if (!position) return write(pcm);
  append(*position, pcm);
  return pcm.size();
}

/// Takes samples from memory outside the ring. Writes the samples to the ring, or to the store if
/// the ring is full.
template <typename Sample>
std::size_t RingLogMel::write(std::span<const Sample> pcm) {
  for (std::span<const Sample> rest = pcm; !rest.empty();) {
    const std::size_t n = std::min(rest.size(), kPiece);
    const std::span<std::int16_t> slice = ring_->acquire(n);
    if (slice.empty()) {
      std::array<std::int16_t, kPiece> piece{};
      convert(rest.first(n), std::span(piece).first(n));
      move_to_store();
      store(std::span(piece).first(n));
      n_samples_ += static_cast<std::int64_t>(n);
      piece_begin_ = n_samples_;
    } else {
      convert(rest.first(n), slice);
      bytes_copied_ += n * sizeof(Sample);
      append(*ring_->position_of(slice), slice);
      ring_->release(slice);
    }
    rest = rest.subspan(n);
  }
  return pcm.size();
}

/// Takes samples that are in the ring at `position`.
void RingLogMel::append(std::int64_t position, std::span<const std::int16_t> pcm) {
  if (pcm.empty()) return;
  const bool is_first = n_samples_ == 0;
  const bool goes_on = !is_first && piece_begin_ < n_samples_ &&
                       position == piece_position_ + n_samples_ - piece_begin_ &&
                       !ring_->begins_lap(position);
  // The device reads 32-bit words and windows begin at even samples, so the stream's even samples
  // must be at even positions in the ring.
  const bool is_even = (position - n_samples_) % 2 == 0;
  if (is_first ? !ring_->has_border(position) || !is_even : !goes_on) move_to_store();
  if (in_store_) store(pcm);
  if (!goes_on) {
    piece_begin_ = n_samples_;
    piece_position_ = position;
  }
  n_samples_ += static_cast<std::int64_t>(pcm.size());
  keep();
}

void RingLogMel::move_to_store() {
  if (in_store_) return;
  const std::int64_t oldest = oldest_sample();
  const std::int16_t* from = sample(oldest);
  in_store_ = true;
  store_first_ = -oldest;
  if (n_samples_ == 0) return;
  const auto n = static_cast<std::size_t>(n_samples_ - oldest);
  std::memcpy(sample(oldest), from, n * sizeof *from);
  bytes_copied_ += n * sizeof *from;
}

void RingLogMel::store(std::span<const std::int16_t> pcm) {
  const auto n = static_cast<std::int64_t>(pcm.size());
  if (place_of(n_samples_ + n) > std::ssize(ring_->samples())) slide_store();
  std::memcpy(sample(n_samples_), pcm.data(), pcm.size_bytes());
  bytes_copied_ += pcm.size_bytes();
}

/// Moves the samples that are still needed to the beginning of the store.
void RingLogMel::slide_store() {
  const std::int64_t oldest = oldest_sample();
  const std::int16_t* from = sample(oldest);
  store_first_ = -oldest;
  const auto n = static_cast<std::size_t>(n_samples_ - oldest);
  std::memmove(sample(oldest), from, n * sizeof *from);
  bytes_copied_ += n * sizeof *from;
}

/// Leaves the store once all samples that are needed are contiguous in the ring, with the stream's
/// even samples at even positions.
void RingLogMel::leave_store() {
  if (!in_store_ || piece_begin_ == n_samples_) return;
  const bool is_even = (piece_position_ - piece_begin_) % 2 == 0;
  if (oldest_sample() >= piece_begin_ && is_even) in_store_ = false;
}

/// Ends the signal and writes the zeros that the last frame reads after the signal's end.
void RingLogMel::finish() {
  if (finished_) return;
  finished_ = true;
  if (n_samples_ == 0) return;
  constexpr std::array<std::int16_t, kHalf> kZeros{};
  const std::int64_t end = piece_position_ + n_samples_ - piece_begin_;
  if (const auto zeros = in_store_ ? std::span<std::int16_t>() : ring_->extend(end, kHalf);
      !zeros.empty()) {
    std::fill(zeros.begin(), zeros.end(), std::int16_t{0});
    ring_->release(zeros);
    return;
  }
  move_to_store();
  store(kZeros);
}

Result<int> RingLogMel::window(std::int64_t first, int n_heard, int n_frames,
                               std::span<float> out) {
  WindowMel& mel = ring_->mel();
  const auto n_mels = static_cast<std::size_t>(mel.n_mels());
  if (n_frames != mel.n_frames() || out.size() != static_cast<std::size_t>(n_frames) * n_mels) {
    return fail(ErrorCode::InvalidArgument, "log-mel on the device: found a window of " +
                                                std::to_string(n_frames) + " frames, wanted " +
                                                std::to_string(mel.n_frames()));
  }
  assert(first >= first_frame_ && n_heard >= 0 && n_frames >= n_heard);
  const int n_real = static_cast<int>(std::clamp<std::int64_t>(end_frame() - first, 0, n_heard));
  if (n_real > 0) {
    const std::int64_t begin = first * kHop - kHalf;
    for (std::int64_t i = 1; i <= -begin; ++i) *sample(-i) = *sample(i);
    // The device always reads a whole window, which must lie within the memory.
    const std::int64_t n_read = std::int64_t{n_frames - 1} * kHop + kFftSize;
    if (place_of(begin) + n_read > std::ssize(ring_->samples())) slide_store();
    const auto place = static_cast<std::size_t>(place_of(begin));
    if (auto done = mel.run(ring_->memory(), place, out); !done) return fail(done.error());
  }
  const auto real = out.first(static_cast<std::size_t>(n_real) * n_mels);
  float largest = kSilence;
  for (const float x : real) largest = std::max(largest, x);
  for (float& x : real) x = std::max(x, largest - kFloorDistance);
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(real.size()), out.end(), 0.0F);
  return n_real;
}

}  // namespace npuwhisper

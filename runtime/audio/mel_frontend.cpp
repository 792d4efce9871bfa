// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/mel_frontend.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "audio/fft_plan.h"
#include "audio/log_power.h"
#include "audio/mel_filterbank.h"

namespace npuwhisper {
namespace {

constexpr int kMelSampleRate = 16000;
constexpr int kBins = kFftSize / 2 + 1;
constexpr int kHalf = kFftSize / 2;
/// Number of samples that frame 0 needs. Its right half covers samples 0 to kHalf - 1, and its left
/// half mirrors samples 1 to kHalf.
constexpr std::int64_t kFirstReady = kHalf + 1;
/// Size of the PCM buffer in samples. One frame would suffice; the additional hops make calls of
/// make_room() rare.
constexpr std::size_t kPcmSize = kFftSize + 15 * kHop;
/// Samples of greater magnitude count as 0. Real PCM stays far below this limit. Up to the limit,
/// the power of a spectrum does not overflow.
constexpr float kMaxSample = 1e9F;

std::array<float, kFftSize> periodic_hann() {
  std::array<float, kFftSize> window{};
  for (int i = 0; i < kFftSize; ++i) {
    window[static_cast<std::size_t>(i)] =
        static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * i / kFftSize));
  }
  return window;
}

/// Copies samples. NaN (which fails the comparison) and values beyond kMaxSample become 0.
void copy_samples(std::span<const float> pcm, float* out) {
  for (std::size_t i = 0; i < pcm.size(); ++i) {
    out[i] = std::fabs(pcm[i]) <= kMaxSample ? pcm[i] : 0.0F;
  }
}

/// Converts 16-bit PCM to floats. Full scale becomes 1.
void copy_samples(std::span<const std::int16_t> pcm, float* out) {
  for (std::size_t i = 0; i < pcm.size(); ++i) out[i] = static_cast<float>(pcm[i]) / 32768.0F;
}

float normalised(float log10_power, float lowest) {
  return (std::max(log10_power, lowest) + 4.0F) / 4.0F;
}

}  // namespace

struct MelFrontend::State {
  State(MelFilterbank mel_bank, std::unique_ptr<FftPlan> fft_plan, std::size_t frames)
      : bank(std::move(mel_bank)),
        fft(std::move(fft_plan)),
        n_mels(static_cast<std::size_t>(bank.n_mels())),
        capacity(frames),
        log_mel(frames * n_mels),
        frame_max(frames) {}

  const MelFilterbank bank;
  const std::unique_ptr<FftPlan> fft;
  const std::array<float, kFftSize> hann = periodic_hann();
  const std::size_t n_mels;
  const std::size_t capacity;

  std::vector<float> log_mel;    // [capacity, n_mels], log10 power; frame i is row i % capacity
  std::vector<float> frame_max;  // [capacity]
  std::array<float, kBins> power{};

  std::array<float, kPcmSize> pcm{};
  std::size_t pcm_end = kHalf;      // pcm[0, pcm_end) is in use, initially by mirrored samples
  std::int64_t pcm_first = -kHalf;  // sample index of pcm[0]
  std::int64_t first_frame = 0;
  std::int64_t end_frame = 0;
  std::int64_t n_samples = 0;
  std::uint64_t bytes_copied = 0;
  bool finished = false;

  std::size_t row(std::int64_t frame) const { return static_cast<std::size_t>(frame) % capacity; }
  /// Returns the index one past the last sample in the buffer.
  std::int64_t sample_end() const { return pcm_first + static_cast<std::int64_t>(pcm_end); }

  void make_room();
  void compute_frames(std::int64_t limit);
  void compute_frame();
};

/// Moves the samples that the next frame needs to the front of the PCM buffer.
void MelFrontend::State::make_room() {
  const auto used = static_cast<std::size_t>(end_frame * kHop - kHalf - pcm_first);
  if (used == 0) return;
  std::memmove(pcm.data(), pcm.data() + used, (pcm_end - used) * sizeof(float));
  pcm_end -= used;
  pcm_first += static_cast<std::int64_t>(used);
}

/// Computes the frames before `limit` whose samples are all in the buffer.
void MelFrontend::State::compute_frames(std::int64_t limit) {
  if (end_frame == 0) {
    if (sample_end() < kFirstReady) return;
    for (std::size_t i = 1; i <= kHalf; ++i) pcm[kHalf - i] = pcm[kHalf + i];
  }
  while (end_frame < limit && end_frame * kHop + kHalf <= sample_end()) compute_frame();
}

void MelFrontend::State::compute_frame() {
  assert(end_frame - first_frame < static_cast<std::int64_t>(capacity));
  const float* samples = pcm.data() + (end_frame * kHop - kHalf - pcm_first);
  const std::span<float> input = fft->input();
  for (std::size_t i = 0; i < kFftSize; ++i) input[i] = samples[i] * hann[i];
  const std::span<const float> spectrum = fft->execute();
  for (std::size_t k = 0; k < kBins; ++k) {
    const float re = spectrum[2 * k];
    const float im = spectrum[2 * k + 1];
    power[k] = re * re + im * im;
  }
  const std::span<float> mel = std::span(log_mel).subspan(row(end_frame) * n_mels, n_mels);
  bank.apply(power, mel);
  frame_max[row(end_frame)] = log10_power(mel, mel);
  ++end_frame;
}

Result<std::unique_ptr<MelFrontend>> MelFrontend::create(int n_mels, int capacity_frames) {
  constexpr int kMaxCapacity = 360'000;  // One hour. A larger value is the caller's mistake.
  if (capacity_frames < 1 || capacity_frames > kMaxCapacity) {
    return fail(ErrorCode::InvalidArgument, "mel front end, capacity in frames: found " +
                                                std::to_string(capacity_frames) + ", wanted 1 to " +
                                                std::to_string(kMaxCapacity));
  }
  auto bank = MelFilterbank::create(n_mels, kFftSize, kMelSampleRate);
  if (!bank) return fail(bank.error());
  auto fft = FftPlan::create(kFftSize);
  if (!fft) return fail(fft.error());
  auto state = std::make_unique<State>(std::move(*bank), std::move(*fft),
                                       static_cast<std::size_t>(capacity_frames));
  return std::unique_ptr<MelFrontend>(new MelFrontend(std::move(state)));
}

MelFrontend::MelFrontend(std::unique_ptr<State> state) : state_(std::move(state)) {}
MelFrontend::~MelFrontend() = default;

template <typename Sample>
std::size_t MelFrontend::take(std::span<const Sample> pcm) {
  State& s = *state_;
  if (s.finished) return 0;
  // Limits the samples of the stream, so that finish() completes no frame beyond the capacity.
  const std::int64_t limit_frame = s.first_frame + static_cast<std::int64_t>(s.capacity);
  const std::int64_t limit = (limit_frame + 1) * kHop - 1;
  const std::size_t accepted = std::min(pcm.size(), static_cast<std::size_t>(limit - s.n_samples));
  s.bytes_copied += accepted * sizeof(Sample);
  for (std::span<const Sample> rest = pcm.first(accepted); !rest.empty();) {
    if (s.pcm_end == kPcmSize) s.make_room();
    const std::size_t n = std::min(rest.size(), kPcmSize - s.pcm_end);
    copy_samples(rest.first(n), s.pcm.data() + s.pcm_end);
    s.pcm_end += n;
    s.n_samples += static_cast<std::int64_t>(n);
    s.compute_frames(limit_frame);
    rest = rest.subspan(n);
  }
  return accepted;
}

std::size_t MelFrontend::push(std::span<const float> pcm) {
  return take(pcm);
}
std::size_t MelFrontend::push(std::span<const std::int16_t> pcm) {
  return take(pcm);
}

void MelFrontend::finish() {
  State& s = *state_;
  if (s.finished) return;
  s.finished = true;
  s.make_room();
  std::fill(s.pcm.begin() + static_cast<std::ptrdiff_t>(s.pcm_end), s.pcm.end(), 0.0F);
  s.pcm_end = kPcmSize;
  s.compute_frames(s.n_samples / kHop);
}

void MelFrontend::reset() {
  State& s = *state_;
  s.pcm_end = kHalf;
  s.pcm_first = -kHalf;
  s.first_frame = s.end_frame = s.n_samples = 0;
  s.finished = false;
}

std::int64_t MelFrontend::first_frame() const {
  return state_->first_frame;
}
std::int64_t MelFrontend::end_frame() const {
  return state_->end_frame;
}
std::int64_t MelFrontend::n_samples() const {
  return state_->n_samples;
}

void MelFrontend::discard_before(std::int64_t frame) {
  state_->first_frame = std::clamp(frame, state_->first_frame, state_->end_frame);
}

std::uint64_t MelFrontend::bytes_copied() const {
  return state_->bytes_copied;
}

Result<int> MelFrontend::window(std::int64_t first, int n_heard, int n_frames,
                                std::span<float> out) {
  const State& s = *state_;
  assert(first >= s.first_frame && n_heard >= 0 && n_frames >= n_heard);
  assert(out.size() >= static_cast<std::size_t>(n_frames) * s.n_mels);
  const int n_real = static_cast<int>(std::clamp<std::int64_t>(s.end_frame - first, 0, n_heard));
  float largest = kMinLogPower;
  for (int i = 0; i < n_real; ++i) largest = std::max(largest, s.frame_max[s.row(first + i)]);
  const float lowest = largest - 8.0F;
  float* to = out.data();
  for (int i = 0; i < n_real; ++i, to += s.n_mels) {
    const float* from = s.log_mel.data() + s.row(first + i) * s.n_mels;
    for (std::size_t m = 0; m < s.n_mels; ++m) to[m] = normalised(from[m], lowest);
  }
  std::fill_n(to, static_cast<std::size_t>(n_frames - n_real) * s.n_mels, 0.0F);
  return n_real;
}

}  // namespace npuwhisper

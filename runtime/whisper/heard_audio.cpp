// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/heard_audio.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <type_traits>
#include <utility>

#include "whisper/stopwatch.h"

namespace npuwhisper {
namespace {

/// Number of mel frames that the log-mel can hold in addition to a window. finish() may complete a
/// few frames after a full window.
constexpr int kSpareFrames = 16;
/// Audio counts as speech if it contains at least half a second of voice (a short word), and if
/// voice makes up at least a third of the audio. The detector's false alarms over music and noise
/// are shorter and cover a smaller share. Speech reaches this share, because pauses between words
/// are shorter than the words.
constexpr std::int64_t kLeastVoice = kSampleRate / 2;
constexpr std::int64_t kVoiceShare = 3;
/// Silence is skipped in units of this many mel frames (2 s); shorter silence is kept.
constexpr std::int64_t kSkip = 200;

}  // namespace

int HeardAudio::capacity(int window_frames) {
  return window_frames + kSpareFrames;
}

HeardAudio::HeardAudio(std::unique_ptr<LogMel> mel, std::unique_ptr<SpeechDetector> detector,
                       int window_frames, bool keep_samples, TranscriberStats& stats)
    : mel_(std::move(mel)),
      detector_(std::move(detector)),
      window_frames_(window_frames),
      keep_samples_(keep_samples),
      stats_(stats) {
  // In addition to whole frames, the log-mel may hold up to kFftSize - 1 samples.
  if (keep_samples) {
    samples_.reserve(static_cast<std::size_t>(capacity(window_frames) * kHop + kFftSize));
  }
}

template <typename Sample>
std::size_t HeardAudio::push(std::span<const Sample> pcm) {
  std::size_t taken = 0;
  {
    const Stopwatch watch(stats_.mel_time, "mel");
    taken = mel_->push(pcm);
  }
  const auto own = pcm.first(taken);
  if (detector_) {
    const Stopwatch watch(stats_.vad_time, "vad");
    detector_->push(own);
  }
  if (keep_samples_) {
    if constexpr (std::is_same_v<Sample, std::int16_t>) {
      std::transform(own.begin(), own.end(), std::back_inserter(samples_),
                     [](std::int16_t sample) { return static_cast<float>(sample) / 32768.0F; });
    } else {
      samples_.insert(samples_.end(), own.begin(), own.end());
    }
  }
  stats_.samples += taken;
  return taken;
}

template std::size_t HeardAudio::push(std::span<const float> pcm);
template std::size_t HeardAudio::push(std::span<const std::int16_t> pcm);

void HeardAudio::finish() {
  mel_->finish();
  if (detector_) detector_->finish();
}

void HeardAudio::reset() {
  mel_->reset();
  if (detector_) detector_->reset();
  samples_.clear();
  samples_begin_ = 0;
}

void HeardAudio::discard_before(std::int64_t frame) {
  mel_->discard_before(std::clamp(frame, mel_->first_frame(), mel_->end_frame()));
  const auto end = samples_begin_ + static_cast<std::int64_t>(samples_.size());
  const std::int64_t begin = std::clamp(frame * kHop, samples_begin_, end);
  samples_.erase(samples_.begin(),
                 samples_.begin() + static_cast<std::ptrdiff_t>(begin - samples_begin_));
  samples_begin_ = begin;
}

Result<void> HeardAudio::window(std::int64_t first, int n_frames, std::span<float> out) {
  const Stopwatch watch(stats_.mel_time, "mel");
  if (const auto made = mel_->window(first, n_frames, window_frames_, out); !made) {
    return fail(made.error());
  }
  return {};
}

std::span<const float> HeardAudio::samples(std::int64_t first, int n_frames) const {
  if (!keep_samples_) return {};
  const std::int64_t skipped = first * kHop - samples_begin_;
  const auto n_held = static_cast<std::int64_t>(samples_.size());
  assert(skipped >= 0 && skipped <= n_held);
  const std::int64_t n = std::min(n_held - skipped, std::int64_t{n_frames} * kHop);
  return std::span(samples_).subspan(static_cast<std::size_t>(skipped),
                                     static_cast<std::size_t>(n));
}

bool HeardAudio::is_spoken(std::int64_t first, int n_frames) const {
  if (!detector_) return false;
  const std::int64_t begin = first * kHop;
  const std::int64_t end = std::min((first + n_frames) * kHop, n_samples());
  const std::int64_t n_voiced = detector_->n_voiced(begin, end);
  return n_voiced >= kLeastVoice && kVoiceShare * n_voiced >= end - begin;
}

std::int64_t HeardAudio::n_silent(std::int64_t first) const {
  if (!detector_) return 0;
  const std::int64_t to = std::min(detector_->silent_until(first * kHop) / kHop, end_frame());
  const std::int64_t n_frames = std::max<std::int64_t>(to - first, 0);
  // Silence that reaches the end of the stream is skipped entirely, because no audio follows it.
  return to < n_samples() / kHop ? n_frames - n_frames % kSkip : n_frames;
}

void HeardAudio::update_stats() {
  stats_.bytes_copied = mel_->bytes_copied();
  if (detector_) stats_.speech_samples = static_cast<std::uint64_t>(detector_->n_spoken());
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transcription_task.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <npuwhisper/guarded.h>

#include "gst/output/segment_json.h"

namespace npuwhisper::server {
namespace {

/// The amount of audio of a turn: one window.
constexpr std::int64_t kTurnSamples = 30 * kSampleRate;
/// Maximum number of samples that are pushed at a time.
constexpr std::size_t kPushSamples = 8192;

Failure damaged() {
  return fail(ErrorCode::InvalidArgument,
              "the file cannot be decoded: the decoded audio is damaged");
}

}  // namespace

TranscriptionTask::TranscriptionTask(std::shared_ptr<Engine> engine, TranscriberOptions options,
                                     FileDescriptor audio, std::int64_t n_samples, Events events)
    : engine_(std::move(engine)),
      options_(std::move(options)),
      audio_(std::move(audio)),
      n_in_file_(n_samples),
      events_(std::move(events)),
      pcm_(kPushSamples) {}

void TranscriptionTask::cancel() {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  if (transcriber_) transcriber_->cancel();
}

bool TranscriptionTask::take_turn() noexcept {
  const Result<bool> remains = guarded("cannot transcribe", [this] { return listen(); });
  if (remains && *remains) return true;
  const std::scoped_lock lock(mutex_);
  if (cancelled_) return false;
  events_.ended(remains ? Result<double>(static_cast<double>(n_audio_) / kSampleRate)
                        : Result<double>(fail(remains.error())));
  return false;
}

/// Transcribes up to kTurnSamples. Returns whether audio remains.
Result<bool> TranscriptionTask::listen() {
  if (!transcriber_) {
    if (auto begun = begin(); !begun) return fail(begun.error());
  }
  const std::int64_t end = n_heard_ + kTurnSamples;
  while (n_heard_ < end) {
    if (n_left_ == 0) {
      const Result<bool> found = next_piece();
      if (!found) return fail(found.error());
      if (*found) continue;
      if (auto ended = end_stretch(); !ended) return fail(ended.error());
      return false;
    }
    if (auto heard = hear_piece(); !heard) return fail(heard.error());
  }
  return true;
}

Result<void> TranscriptionTask::begin() {
  auto transcriber = Transcriber::create(engine_, options_);
  if (!transcriber) return fail(transcriber.error());
  const std::scoped_lock lock(mutex_);
  if (cancelled_) return fail(ErrorCode::Cancelled, "cancelled");
  transcriber_ = *std::move(transcriber);
  return {};
}

/// Reads the head of the next piece. Returns false at the end of the file.
Result<bool> TranscriptionTask::next_piece() {
  const Result<std::size_t> n = read(&piece_, sizeof piece_);
  if (!n) return fail(n.error());
  if (*n == 0) return false;
  if (*n != sizeof piece_) return damaged();
  Result<void> handled;
  switch (piece_.kind) {
    case AudioPiece::Audio:
      n_left_ = piece_.n_samples;
      n_audio_ += n_left_;
      handled = begin_audio();
      break;
    case AudioPiece::Gap:
      handled = handle_gap();
      break;
    case AudioPiece::Segment:
      handled = begin_segment();
      break;
    default:
      return damaged();
  }
  if (!handled) return fail(handled.error());
  return true;
}

/// Pushes the next samples of the current piece.
Result<void> TranscriptionTask::hear_piece() {
  const std::size_t n = std::min<std::size_t>(n_left_, pcm_.size());
  const Result<std::size_t> found = read(pcm_.data(), n * sizeof(float));
  if (!found) return fail(found.error());
  if (*found != n * sizeof(float)) return damaged();
  n_left_ -= static_cast<std::uint32_t>(n);
  return hear(std::span(pcm_).first(n));
}

Result<void> TranscriptionTask::begin_audio() {
  const auto step = rules_.next_audio(timeline_, piece_.start, false);
  if (step.n_missing > 0) {
    timeline_.append(timeline_.end(), step.n_missing);
    if (auto heard = hear_silence(step.n_missing); !heard) return heard;
  }
  if (step.begins_stretch) {
    if (auto ended = end_stretch(); !ended) return ended;
    timeline_.restart(piece_.start);
  }
  timeline_.append(piece_.start, n_left_);
  return {};
}

Result<void> TranscriptionTask::handle_gap() {
  const auto step = rules_.next_gap(timeline_, piece_.start, piece_.duration);
  switch (step.kind) {
    case StretchRules::GapStep::Kind::Ignored:
      return {};
    case StretchRules::GapStep::Kind::Silence:
      timeline_.append(step.start, step.n_samples);
      return hear_silence(step.n_samples);
    case StretchRules::GapStep::Kind::NewStretch:
      break;
  }
  if (auto ended = end_stretch(); !ended) return ended;
  timeline_.restart(step.end);
  return {};
}

Result<void> TranscriptionTask::begin_segment() {
  if (auto ended = end_stretch(); !ended) return ended;
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  rules_.begin_segment(segment);
  timeline_.restart(piece_.start);
  return {};
}

Result<void> TranscriptionTask::hear(std::span<const float> pcm) {
  // Transcriber::reset() discards a cancel(), but not this flag.
  if (cancelled_) return fail(ErrorCode::Cancelled, "cancelled");
  n_heard_ += static_cast<std::int64_t>(pcm.size());
  return take(transcriber_->push(pcm));
}

Result<void> TranscriptionTask::hear_silence(std::int64_t n_samples) {
  while (n_samples > 0) {
    const std::int64_t n = std::min(n_samples, static_cast<std::int64_t>(pcm_.size()));
    std::fill_n(pcm_.begin(), n, 0.0F);
    if (auto heard = hear(std::span(pcm_).first(static_cast<std::size_t>(n))); !heard) return heard;
    n_samples -= n;
  }
  return {};
}

/// Sends all text of the stretch. The next sample has index 0 again.
Result<void> TranscriptionTask::end_stretch() {
  if (timeline_.n_samples() == 0) return {};
  if (auto taken = take(transcriber_->drain()); !taken) return taken;
  transcriber_->reset();
  timeline_.restart(timeline_.end());
  return {};
}

Result<void> TranscriptionTask::take(const Result<std::vector<Segment>>& segments) {
  if (!segments) return fail(segments.error());
  for (const Segment& segment : *segments) {
    // The element sends segments in this form, with rounded times and probabilities.
    auto timed = cli::parse_segment(segment_json(segment, timeline_));
    if (!timed) return fail(timed.error());
    const std::scoped_lock lock(mutex_);
    if (cancelled_) return fail(ErrorCode::Cancelled, "cancelled");
    events_.segment(*std::move(timed));
  }
  timeline_.forget_before(transcriber_->position());
  return {};
}

/// Reads up to n bytes of the file; fewer only at its end.
Result<std::size_t> TranscriptionTask::read(void* to, std::size_t n_bytes) {
  std::size_t n_read = 0;
  while (n_read < n_bytes) {
    const ssize_t n = ::read(audio_.get(), static_cast<char*>(to) + n_read, n_bytes - n_read);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return fail(ErrorCode::Unavailable,
                  std::string("cannot read the decoded audio: ") + std::strerror(errno));
    }
    if (n == 0) break;
    n_read += static_cast<std::size_t>(n);
  }
  return n_read;
}

}  // namespace npuwhisper::server

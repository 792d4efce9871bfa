// SPDX-License-Identifier: LGPL-2.1-or-later
#include "worker.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "allocation.h"
#include "gst/support/debug.h"
#include "gst/support/gsterror.h"
#include "gst/support/mapped_buffer.h"
#include "gst/support/sticky_events.h"
#include "gst/support/thread.h"
#include "stream_counters.h"

namespace npuwhisper {
namespace {

// Maximum number of samples pushed at a time. They are few enough to stay in the cache.
constexpr std::int64_t kPieceSamples = 8192;
// If streaming and not live, captions become due at multiples of this distance in the audio. The
// distance is fixed, so that captions do not depend on how upstream splits the audio into buffers.
constexpr std::int64_t kDueStep = kSampleRate / 2;
// A live source that sends no audio for longer than this counts as stopped. Until then, even text
// that is due waits for the next audio, because many sources send pieces of some tenths of a
// second.
constexpr std::chrono::milliseconds kLongestPiece{500};
// The time between settle() and the moment at which text is due. The worker needs this time for a
// last pass over the audio and for passing the text to the pad. Later text would be moved, because
// the pad sends GAPs by the clock and text cannot start before the end of a GAP.
constexpr std::chrono::milliseconds kSettleTime{300};
constexpr std::chrono::milliseconds kNow{0};
// Events wait for the text before them. One event may wait for every kDeferredEvery samples (10 ms)
// of the transcriber's longest lag. If more events wait, the oldest event is sent before its text.
// If the source pad is full, upstream waits.
constexpr std::int64_t kDeferredEvery = kSampleRate / 100;
// Interval at which the worker checks whether the engine is still loading.
constexpr std::chrono::milliseconds kLoadingTick{10};

// Returns whether audio of `segment` is transcribed. Audio that is skipped in parts or played
// backwards (trick modes) is not transcribed, because its words are incomplete or reversed.
bool is_speech(const GstSegment& segment) {
  return segment.rate > 0 && (segment.flags & (GST_SEGMENT_FLAG_TRICKMODE_KEY_UNITS |
                                               GST_SEGMENT_FLAG_TRICKMODE_NO_AUDIO)) == 0;
}

// Returns the SEGMENT in TIME format. A SEGMENT in another format (appsrc sends BYTES by default)
// becomes a SEGMENT that starts at 0, with the same seqnum.
EventPtr in_time_format(const EventPtr& event) {
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event.get(), &segment);
  if (segment->format == GST_FORMAT_TIME) return share(event);
  GstSegment from_zero;
  gst_segment_init(&from_zero, GST_FORMAT_TIME);
  EventPtr converted(gst_event_new_segment(&from_zero));
  gst_event_set_seqnum(converted.get(), gst_event_get_seqnum(event.get()));
  return converted;
}

TranscriberStats sum(TranscriberStats a, const TranscriberStats& b) {
  for (const StreamCounter& counter : kStreamCounters) {
    std::visit([&](const auto member) { a.*member += b.*member; }, counter.member);
  }
  a.vad = b.vad;
  return a;
}

// Returns the batch to pass to longest_lag(): 1 if the transcriber decodes one piece at a time, 0
// if the transcriber chooses the number of pieces.
int n_together(const TranscriberOptions& options, VadUse vad) {
  if (options.live_latency) return 1;
  return options.batch == 0 && vad != VadUse::On ? 1 : options.batch;
}

// Returns n samples from `bytes`. If `bytes` is not aligned, copies the samples to `scratch`, which
// must be large enough.
template <typename Sample>
std::span<const Sample> samples_at(const std::uint8_t* bytes, std::size_t n,
                                   std::vector<float>& scratch) {
  if (reinterpret_cast<std::uintptr_t>(bytes) % alignof(Sample) == 0) {
    return {reinterpret_cast<const Sample*>(bytes), n};
  }
  std::memcpy(scratch.data(), bytes, n * sizeof(Sample));
  return {reinterpret_cast<const Sample*>(scratch.data()), n};
}

}  // namespace

Worker::Worker(GstElement* element, const SharedSettings& settings, EngineLoader& loader,
               GstAllocator* allocator, InputQueue& input, const SourcePads& pads,
               const Latency& latency)
    : element_(element),
      settings_(settings),
      loader_(loader),
      allocator_(allocator),
      input_(input),
      latency_(latency),
      output_(element, pads),
      pcm_(kPieceSamples) {}

Result<void> Worker::start() {
  failed_ = false;
  have_segment_ = false;
  settings_serial_ = 0;
  return start_thread(
      thread_, "listening", [this](const std::stop_token& stop) { run(stop); },
      [this](const Error& error) { fail_stream(error); });
}

void Worker::stop() {
  thread_.request_stop();
  cancel();
  if (thread_.joinable()) thread_.join();
  replace_transcriber(nullptr);
  ring_.reset();
  engine_.reset();
  deferred_.clear();
}

void Worker::cancel() {
  const std::scoped_lock lock(mutex_);
  if (transcriber_) transcriber_->cancel();
}

TranscriberStats Worker::stats() const {
  const std::scoped_lock lock(mutex_);
  return transcriber_ ? sum(past_stats_, transcriber_->stats()) : past_stats_;
}

void Worker::replace_transcriber(std::unique_ptr<Transcriber> transcriber) {
  const std::scoped_lock lock(mutex_);
  if (transcriber_) past_stats_ = sum(past_stats_, transcriber_->stats());
  // The old transcriber is destroyed after the lock is released.
  std::swap(transcriber_, transcriber);
}

void Worker::run(std::stop_token stop) {
  n_starts_ = input_.n_starts();
  while (loader_.is_loading()) {
    if (!pass_events()) return;
  }
  engine_ = loader_.wait(stop);
  if (!engine_) {
    input_.fail(GST_FLOW_ERROR, n_starts_);  // The loader has posted the reason.
    return;
  }
  if (is_audio_ring_promised(allocator_)) provide_ring(element_, allocator_, engine_);
  tell_language();  // The segment may have arrived while the model was loading.
  note_sound();
  while (!stop.stop_requested()) {
    const bool live = latency_.live();
    const InputQueue::Popped popped =
        input_.pop(live ? std::optional(time_to_settle()) : std::nullopt);
    if (popped.stopped) return;
    if (popped.epoch != epoch_) begin_epoch(popped.epoch);
    if (popped.item && !failed_) {
      output_.skip_marks(popped.n_lost_marks);
      std::visit([this](const auto& item) { handle(item); }, *popped.item);
    }
    if (live && input_.n_waiting() == 0 && time_to_settle() == kNow) settle();
  }
}

// Returns the time until settle() must be called. A live source that sends no more audio
// (unplugged, muted) must not hold back text, even if the source still sends events. Such text is
// sent when it is due by the clock, and at the latest when the transcriber's latency has passed
// since the last audio.
std::chrono::milliseconds Worker::time_to_settle() const {
  const auto now = Clock::now();
  auto left = quiet_since_ + latency_.of_transcriber() - now;
  const std::int64_t position = transcriber_ ? transcriber_->position() : 0;
  if (!settled_ && position < timeline_.n_samples()) {
    const GstClockTime due = latency_.time_left(element_, segment_, timeline_.time_of(position));
    if (GST_CLOCK_TIME_IS_VALID(due)) {
      const std::chrono::nanoseconds until_due = std::chrono::nanoseconds(due) - kSettleTime;
      left = std::min(left, std::max(until_due, quiet_since_ + kLongestPiece - now));
    }
  }
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), kNow);
}

void Worker::note_sound() {
  quiet_since_ = Clock::now();
  settled_ = false;
}

// Handles events while the model is loading. Downstream receives the stream's events, and live pads
// send GAPs by the clock, so that no sink waits for the model. Returns false if the element stops.
bool Worker::pass_events() {
  const InputQueue::Popped popped = input_.pop_event(kLoadingTick);
  if (popped.stopped) return false;
  if (popped.epoch != epoch_) begin_epoch(popped.epoch);
  output_.skip_marks(popped.n_lost_marks);
  if (popped.item) handle(std::get<EventPtr>(*popped.item));
  return true;
}

void Worker::begin_epoch(std::uint64_t epoch) {
  epoch_ = epoch;
  have_segment_ = false;
  rules_.forget_gaps();
  timeline_.restart(0);
  if (transcriber_) transcriber_->reset();
  output_.begin_epoch(epoch);
  std::erase_if(deferred_, [](const Deferred& d) { return !survives_flush(d.event.get()); });
  release_events(0);
}

// Creates a new transcriber if there is none, or if the settings, the liveness or the ring has
// changed. Returns false if the new transcriber cannot be created.
bool Worker::renew_transcriber() {
  const std::uint64_t serial = settings_.serial();
  const bool live = latency_.live();
  auto ring = audio_ring(allocator_);
  const bool same_ring = ring == nullptr || ring == ring_;
  if (transcriber_ && serial == settings_serial_ && live == made_for_live_ && same_ring) {
    return true;
  }
  finish();
  if (ring_ != nullptr) replace_transcriber(nullptr);  // Only one transcriber may use the ring.
  const Settings settings = settings_.get();
  TranscriberOptions options = settings.transcriber_options();
  if (live || settings.streaming) options.live_latency = latency_.of_transcriber();
  options.pace = live ? Pace::RealTime : Pace::Audio;
  if (live) {
    options.samples_waiting = [this] { return input_.n_waiting(); };
  }
  auto transcriber = Transcriber::create(engine_, options, ring);
  if (!transcriber) {
    fail_stream(transcriber.error());
    return false;
  }
  replace_transcriber(std::move(*transcriber));
  if (transcriber_->stats().vad == VadUse::Missing) {
    GST_ELEMENT_WARNING(element_, RESOURCE, NOT_FOUND,
                        ("No voice activity detection: its weights are missing "
                         "(run npuwhisper-models fetch silero-vad)"),
                        ("vad=auto continues without them; vad=on would fail"));
  }
  // All text of the previous transcriber has been sent, so the maximum lag may become shorter.
  longest_lag_ = longest_lag(n_together(options, transcriber_->stats().vad));
  output_.set_longest_lag(longest_lag_);
  decoding_.set_parts(static_cast<int>(longest_lag_ / longest_lag(1)));
  n_skipped_ = 0;
  ring_ = std::move(ring);
  settings_serial_ = serial;
  made_for_live_ = live;
  due_delay_ = 0;
  if (settings.streaming && !live) {
    // A pass may use the whole latency. The later words of a caption may become known only in that
    // pass, so the caption becomes due one step later.
    due_delay_ = latency_.of_transcriber().count() * kSampleRate / 1000 + kDueStep;
  }
  format_.cues = settings.cue_format();
  return true;
}

void Worker::handle(const Audio& audio) {
  if (!is_speech(segment_)) {
    if (GST_CLOCK_TIME_IS_VALID(audio.pts)) {
      output_.event(EventPtr(gst_event_new_gap(audio.pts, samples_to_time(audio.n_samples))));
    }
    return;
  }
  if (!renew_transcriber()) return;
  GstClockTime start = audio.pts;
  if (!GST_CLOCK_TIME_IS_VALID(start) && audio.n_dropped > 0) {
    start = timeline_.end() + samples_to_time(audio.n_dropped);
  }
  const StretchRules::AudioStep step = rules_.next_audio(timeline_, start, audio.n_dropped > 0);
  if (step.n_missing > 0) {
    timeline_.append(timeline_.end(), step.n_missing);
    if (!hear_silence(step.n_missing)) return;
  }
  if (step.begins_stretch) resync(start);
  timeline_.append(start, audio.n_samples);
  hear(audio);
}

void Worker::resync(GstClockTime start) {
  GST_INFO_OBJECT(element_, "audio continues at %" GST_TIME_FORMAT " instead of %" GST_TIME_FORMAT,
                  GST_TIME_ARGS(start), GST_TIME_ARGS(timeline_.end()));
  finish();
  timeline_.restart(start);
  output_.discont();
  output_.advance(start);
}

template <typename Call>
Result<std::vector<Segment>> Worker::transcribe(Call call) {
  const WatchedCall::Scope scope(decoding_);
  return call(*transcriber_);
}

bool Worker::hear(const Audio& audio) {
  const MappedBuffer mapped(audio.buffer.get());
  const auto step = static_cast<std::int64_t>(bytes_per_sample(audio.format));
  bool heard = true;
  heard_to_ = timeline_.n_samples() - audio.n_samples;
  for (std::int64_t i = 0; heard && i < audio.n_samples;) {
    const std::int64_t n = piece_of(audio.n_samples - i);
    // is_current() detects a flush before this push. A flush during the push cancels the
    // transcriber.
    heard = input_.is_current(epoch_) &&
            take(push(mapped.bytes().data() + i * step, static_cast<std::size_t>(n), audio.format));
    i += n;
  }
  note_sound();
  return heard;
}

Result<std::vector<Segment>> Worker::push(const std::uint8_t* bytes, std::size_t n,
                                          SampleFormat format) {
  return transcribe([&](Transcriber& transcriber) {
    return format == SampleFormat::F32 ? transcriber.push(samples_at<float>(bytes, n, pcm_))
                                       : transcriber.push(samples_at<std::int16_t>(bytes, n, pcm_));
  });
}

bool Worker::hear_silence(std::int64_t n_samples) {
  bool heard = true;
  heard_to_ = timeline_.n_samples() - n_samples;
  for (std::int64_t i = 0; heard && i < n_samples;) {
    const auto n = static_cast<std::size_t>(piece_of(n_samples - i));
    std::fill_n(pcm_.begin(), n, 0.0F);
    const std::span<const float> silence = std::span(pcm_).first(n);
    heard = input_.is_current(epoch_) &&
            take(transcribe([&](Transcriber& t) { return t.push(silence); }));
    i += static_cast<std::int64_t>(n);
  }
  // quiet_since_ is unchanged, because a source that repeats GAPs is quiet.
  if (n_samples > 0) settled_ = false;
  return heard;
}

// Returns how many of the next `n` samples to push in one call, and adds this number to heard_to_.
// If streaming and not live, no piece crosses a multiple of kDueStep.
std::int64_t Worker::piece_of(std::int64_t n) {
  n = std::min(n, kPieceSamples);
  if (due_delay_ != 0) n = std::min(n, kDueStep - heard_to_ % kDueStep);
  heard_to_ += n;
  return n;
}

// Passes on the result of the transcriber. Returns false if the call failed or was cancelled.
bool Worker::take(const Result<std::vector<Segment>>& segments) {
  if (!segments) {
    if (segments.error().code != ErrorCode::Cancelled) fail_stream(segments.error());
    return false;
  }
  announce_skip();
  language_warning_.check(element_, *transcriber_);
  output_.language(transcriber_->language());
  if (!segments->empty()) format_.post_messages = settings_.get().post_messages;
  for (const Segment& segment : *segments) {
    release_events(segment.start);
    output_.segment(segment, timeline_, format_);
  }
  const bool drafts = settings_.partial_results();
  output_.draft(drafts ? transcriber_->draft() : std::vector<Word>(), timeline_);
  const std::int64_t position = transcriber_->position();
  release_events(position);
  output_.advance(timeline_.time_of(position), due());
  timeline_.forget_before(position);
  return true;
}

// Returns the timestamp up to which captions are due, computed from the amount of audio pushed.
// Returns 0 if live, if not streaming, or if too little audio was pushed.
GstClockTime Worker::due() const {
  const std::int64_t heard = std::min(heard_to_, timeline_.n_samples());
  const std::int64_t index = heard - heard % kDueStep - due_delay_;
  return due_delay_ == 0 || index <= 0 ? 0 : timeline_.time_of(index);
}

// Reports live audio that the transcriber skipped to return to the live edge.
void Worker::announce_skip() {
  const std::uint64_t n_skipped = transcriber_->stats().skipped_samples - n_skipped_;
  if (n_skipped == 0) return;
  n_skipped_ += n_skipped;
  output_.discont();
  GST_ELEMENT_WARNING(element_, RESOURCE, BUSY,
                      ("Cannot keep up with live audio: skipped %.2f s",
                       static_cast<double>(n_skipped) / kSampleRate),
                      ("decoding takes too long; see the properties latency and stats"));
}

// Ends the stretch of audio. Sends all text of the stretch and the events that waited for this
// text. The next sample has index 0 again.
void Worker::finish() {
  if (transcriber_ && timeline_.n_samples() > 0) {
    if (!input_.is_current(epoch_) || !take(transcribe([](Transcriber& t) { return t.drain(); })))
      return;
    transcriber_->reset();
    output_.advance(timeline_.end());
    timeline_.restart(timeline_.end());
  }
  release_events(0);
}

// Sends the text of all audio so far, since no more audio arrives. The stretch does not end here,
// because the source may resume where it stopped. If the stretch ended in the middle of a word, the
// word would be transcribed twice.
void Worker::settle() {
  quiet_since_ = Clock::now();
  settled_ = true;
  if (failed_) return;
  if (!made_for_live_) {  // The stream became live after its last audio.
    finish();
    return;
  }
  if (transcriber_ && timeline_.n_samples() > 0) {
    if (!input_.is_current(epoch_) || !take(transcribe([](Transcriber& t) { return t.settle(); })))
      return;
  }
  release_events(timeline_.n_samples());
}

// Holds the event back while the text of the audio before the event may still be unknown.
void Worker::defer(const EventPtr& event) {
  deferred_.push_back({timeline_.n_samples(), share(event)});
  if (settled_ || timeline_.n_samples() == 0) release_events(timeline_.n_samples());
  const auto most = static_cast<std::size_t>(longest_lag_ / kDeferredEvery);
  while (deferred_.size() > most) release_first();
}

void Worker::release_first() {
  EventPtr event = std::move(deferred_.front().event);
  deferred_.pop_front();
  output_.event(std::move(event));
}

void Worker::release_events(std::int64_t index) {
  const bool all = timeline_.n_samples() == 0;
  while (!deferred_.empty() && (all || deferred_.front().index <= index)) {
    release_first();
  }
}

void Worker::handle(const EventPtr& event) {
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_SEGMENT:
      handle_segment(event);
      return;
    case GST_EVENT_GAP:
      handle_gap(event);
      return;
    case GST_EVENT_STREAM_START:
      finish();
      have_segment_ = false;
      output_.event(share(event));
      return;
    case GST_EVENT_EOS:
    case GST_EVENT_SEGMENT_DONE:
    // decodebin3 sends STREAM_GROUP_DONE at the end of a stream. npuwhisperbin sends it when audio
    // or video is unlinked.
    case GST_EVENT_STREAM_GROUP_DONE:
      finish();
      // After a failure, EOS must not come before the ERROR: a program that ends at EOS would
      // consider the incomplete output complete.
      if (!failed_) output_.event(share(event));
      return;
    default:
      defer(event);
      return;
  }
}

void Worker::handle_segment(const EventPtr& event) {
  EventPtr timed = in_time_format(event);
  GstSegment segment;
  gst_event_copy_segment(timed.get(), &segment);
  if (!have_segment_ || !same_timing(segment, segment_)) {
    finish();
    rules_.begin_segment(segment);
    timeline_.restart(segment.start);
    segment_ = segment;
    have_segment_ = true;
  }
  output_.event(std::move(timed));
  tell_language();
}

// If a language is requested, sends its tag before audio arrives.
void Worker::tell_language() {
  if (!engine_ || !have_segment_ || !is_speech(segment_) || !renew_transcriber()) return;
  output_.language(transcriber_->language());
}

void Worker::handle_gap(const EventPtr& event) {
  GstClockTime start = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;
  gst_event_parse_gap(event.get(), &start, &duration);
  if (!is_speech(segment_)) {
    output_.event(share(event));
    return;
  }
  if (engine_ && !renew_transcriber()) return;
  if (!GST_CLOCK_TIME_IS_VALID(duration)) duration = 0;
  const StretchRules::GapStep step = rules_.next_gap(timeline_, start, duration);
  switch (step.kind) {
    case StretchRules::GapStep::Kind::Ignored:
      return;
    case StretchRules::GapStep::Kind::Silence:
      timeline_.append(step.start, step.n_samples);
      hear_silence(step.n_samples);
      return;
    case StretchRules::GapStep::Kind::NewStretch:
      resync(step.end);
      return;
  }
}

void Worker::fail_stream(const Error& error) noexcept {
  failed_ = true;
  // The ERROR with the reason is posted before input_.fail(): upstream posts an ERROR of its own
  // when it receives this flow.
  post_error(
      element_, error, [this, n = n_starts_] { return input_.is_running(n); },
      [this, flow = flow_of(error), n = n_starts_] { input_.fail(flow, n); });
}

}  // namespace npuwhisper

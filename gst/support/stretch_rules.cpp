// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stretch_rules.h"

#include <algorithm>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {
namespace {

// Upstream signals silence with a GAP. A GAP of at most this length is silence in the middle of
// speech. A longer GAP ends the speech and is not transcribed.
constexpr std::int64_t kMaxHeardGap = kSampleRate;
// Consecutive short GAPs also end the speech if their sum exceeds this limit, the length of a
// window.
constexpr std::int64_t kMaxHeardGaps = 30 * kSampleRate;
// Upstream may omit samples without a GAP, because packets are lost or a demuxer miscounts frames.
// Up to this many missing samples are replaced with silence. A larger hole begins a new stretch of
// text. In 24 English files with a hole every 3.1 s, the word error rates were:
//   length of the hole          0.1 s    0.2 s    0.4 s    0.8 s
//   with silence in the hole    4.8 %    7.1 %   15.4 %   24.5 %
//   with a new stretch         13.3 %   14.5 %   18.0 %   25.0 %
constexpr std::int64_t kMaxMissing = kSampleRate * 4 / 10;
// The largest step back of timestamps that is ignored. Demultiplexers of live transport streams
// correct their clock in steps.
constexpr GstClockTime kMaxStepBack = 200 * GST_MSECOND;
// Maximum lag of audio that the interleaving of the streams alone causes.
constexpr GstClockTime kInterleaving = 200 * GST_MSECOND;
// The largest result of expected_gap_lead(). It bounds the delay of the text's progress if GAPs are
// correct after all.
constexpr GstClockTime kLongestExpectedLead = 6 * GST_SECOND;

// Returns the maximum duration by which GAPs of `segment` may reach beyond the start of the audio
// that follows. Returns 0 if the rate is at most 1 or the base is 0. Such GAPs come from a bug of
// qtdemux (1.22): it compares the position of a stream (stream time) with the base of its segment
// (running time). If a seek sets a rate above 1 and audio begins late in the file, the base of the
// audio's segment is the running time before the audio. Audio then seems to lag by
// base * (rate - 1), and qtdemux sends GAPs.
GstClockTime expected_gap_lead(const GstSegment& segment) {
  if (segment.rate <= 1 || segment.base == 0) return 0;
  const double lead = static_cast<double>(segment.base) * (segment.rate - 1) + kInterleaving;
  return static_cast<GstClockTime>(std::min(lead, static_cast<double>(kLongestExpectedLead)));
}

// Returns whether `start` is slightly before the end of the audio so far. In this case, the
// timestamps are considered wrong, and the audio is considered continuous.
bool is_step_back(const Timeline& timeline, GstClockTime start) {
  const GstClockTime end = timeline.end();
  return timeline.n_samples() > 0 && start < end && end - start <= kMaxStepBack;
}

// Returns the number of samples that upstream omitted between the audio so far and `start`, if
// silence must replace them. Without silence, the stretch would end here and a sentence might be
// cut in two. Returns 0 if no samples or too many are missing.
std::int64_t missing_before(const Timeline& timeline, GstClockTime start) {
  if (timeline.n_samples() == 0 || timeline.continues(start) || start < timeline.end()) return 0;
  const std::int64_t n = time_to_samples(start - timeline.end());
  return n <= kMaxMissing ? n : 0;
}

}  // namespace

void StretchRules::begin_segment(const GstSegment& segment) {
  forget_gaps();
  gap_lead_ = expected_gap_lead(segment);
}

void StretchRules::forget_gaps() {
  gap_start_ = gap_end_ = gap_lead_ = 0;
}

StretchRules::AudioStep StretchRules::next_audio(const Timeline& timeline, GstClockTime start,
                                                 bool was_dropped) {
  check_gaps(start);
  gap_samples_ = 0;
  if (const std::int64_t n = was_dropped ? 0 : missing_before(timeline, start)) {
    return {.n_missing = n};
  }
  return {.begins_stretch = !timeline.continues(start) && !is_step_back(timeline, start)};
}

StretchRules::GapStep StretchRules::next_gap(const Timeline& timeline, GstClockTime start,
                                             GstClockTime duration) {
  note_gap(start, start + duration);
  if (gap_lead_ > 0) {
    const GstClockTime end = start + duration;
    start = timeline.end();
    if (end <= start + gap_lead_) return {};
    duration = end - gap_lead_ - start;
  }
  const std::int64_t n = time_to_samples(duration);
  GapStep step{.kind = GapStep::Kind::NewStretch, .start = start, .end = start + duration};
  if (timeline.n_samples() > 0 && timeline.continues(start) && n <= kMaxHeardGap &&
      gap_samples_ + n <= kMaxHeardGaps) {
    gap_samples_ += n;
    step.kind = GapStep::Kind::Silence;
    step.n_samples = n;
  }
  return step;
}

// Remembers the GAPs since the last audio.
void StretchRules::note_gap(GstClockTime start, GstClockTime end) {
  const bool continues = gap_start_ != gap_end_ && start <= gap_end_ + kMaxStepBack;
  if (!continues) gap_start_ = start;
  gap_end_ = end;
}

// Raises gap_lead_ if the GAPs since the last audio reach beyond `start`, the start of the next
// audio. qtdemux (1.22) sends GAPs of 3 s before each buffer if a seek has changed the rate and the
// audio begins late in the file.
void StretchRules::check_gaps(GstClockTime start) {
  const GstClockTime tolerant = start + kMaxStepBack;
  if (GST_CLOCK_TIME_IS_VALID(start) && tolerant >= gap_start_ && tolerant < gap_end_) {
    gap_lead_ = std::max(gap_lead_, gap_end_ - start);
  }
  gap_start_ = gap_end_ = 0;
}

}  // namespace npuwhisper

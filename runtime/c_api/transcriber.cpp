// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of npuwhisper/c_api.h that concern transcribers.
#include <npuwhisper/transcriber.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "c_api/calls.h"

namespace npuwhisper {
namespace {

const TranscriberOptions& transcriber_options(const npuwhisper_options* options) {
  static const TranscriberOptions defaults;
  return options != nullptr ? options->transcriber : defaults;
}

/// Calls `step`, which takes a Transcriber& and returns Result<std::vector<Segment>>, for the C
/// function `function`.
template <typename Step>
npuwhisper_error* run_step(std::string_view function, npuwhisper_transcriber* transcriber,
                           npuwhisper_segments** segments, Step&& step) {
  return create(function, segments, [&]() -> Result<npuwhisper_segments> {
    if (transcriber == nullptr) return null_parameter("transcriber");
    auto found = step(*transcriber->transcriber);
    if (!found) return fail(found.error());
    return wrap(std::move(*found));
  });
}

template <typename Sample>
npuwhisper_error* push(std::string_view function, npuwhisper_transcriber* transcriber,
                       const Sample* samples, std::size_t n_samples,
                       npuwhisper_segments** segments) {
  return run_step(function, transcriber, segments,
                  [&](Transcriber& stream) -> Result<std::vector<Segment>> {
                    if (samples == nullptr && n_samples > 0) return null_parameter("samples");
                    return stream.push(std::span(samples, n_samples));
                  });
}

/// A callback of the caller of a C function.
struct SegmentCallback {
  npuwhisper_segment_callback function = nullptr;
  void* user_data = nullptr;

  /// Passes the segments on. Errors: Cancelled (the callback returned false).
  Result<void> report(std::vector<Segment> segments) const {
    for (Segment& segment : segments) {
      const npuwhisper_segment wrapped = wrap(std::move(segment));
      if (!function(&wrapped, user_data)) {
        return fail(ErrorCode::Cancelled, "transcriber: stopped by the callback");
      }
    }
    return {};
  }
};

/// Transcribes all `samples` and drains the transcriber. Pushes a second at a time, so that
/// segments are reported soon after they are final. Errors: those of Transcriber, Cancelled (the
/// callback returned false).
Result<void> transcribe(Transcriber& transcriber, std::span<const float> samples,
                        const SegmentCallback& callback) {
  while (!samples.empty()) {
    const auto second = samples.first(std::min<std::size_t>(samples.size(), kSampleRate));
    samples = samples.subspan(second.size());
    auto found = transcriber.push(second);
    if (!found) return fail(found.error());
    if (auto done = callback.report(std::move(*found)); !done) return done;
  }
  auto found = transcriber.drain();
  if (!found) return fail(found.error());
  return callback.report(std::move(*found));
}

}  // namespace
}  // namespace npuwhisper

npuwhisper_error* npuwhisper_transcriber_new(const npuwhisper_engine* engine,
                                             const npuwhisper_options* options,
                                             npuwhisper_transcriber** transcriber) {
  return npuwhisper::create("npuwhisper_transcriber_new", transcriber,
                            [&]() -> npuwhisper::Result<npuwhisper_transcriber> {
                              if (engine == nullptr) return npuwhisper::null_parameter("engine");
                              auto created = npuwhisper::Transcriber::create(
                                  engine->engine, npuwhisper::transcriber_options(options));
                              if (!created) return npuwhisper::fail(created.error());
                              return npuwhisper_transcriber{std::move(*created)};
                            });
}

void npuwhisper_transcriber_free(npuwhisper_transcriber* transcriber) {
  delete transcriber;
}

npuwhisper_error* npuwhisper_transcriber_push_f32(npuwhisper_transcriber* transcriber,
                                                  const float* samples, std::size_t n_samples,
                                                  npuwhisper_segments** segments) {
  return npuwhisper::push("npuwhisper_transcriber_push_f32", transcriber, samples, n_samples,
                          segments);
}

npuwhisper_error* npuwhisper_transcriber_push_s16(npuwhisper_transcriber* transcriber,
                                                  const std::int16_t* samples,
                                                  std::size_t n_samples,
                                                  npuwhisper_segments** segments) {
  return npuwhisper::push("npuwhisper_transcriber_push_s16", transcriber, samples, n_samples,
                          segments);
}

npuwhisper_error* npuwhisper_transcriber_settle(npuwhisper_transcriber* transcriber,
                                                npuwhisper_segments** segments) {
  return npuwhisper::run_step("npuwhisper_transcriber_settle", transcriber, segments,
                              [](npuwhisper::Transcriber& stream) { return stream.settle(); });
}

npuwhisper_error* npuwhisper_transcriber_drain(npuwhisper_transcriber* transcriber,
                                               npuwhisper_segments** segments) {
  return npuwhisper::run_step("npuwhisper_transcriber_drain", transcriber, segments,
                              [](npuwhisper::Transcriber& stream) { return stream.drain(); });
}

void npuwhisper_transcriber_reset(npuwhisper_transcriber* transcriber) {
  if (transcriber != nullptr) transcriber->transcriber->reset();
}

void npuwhisper_transcriber_cancel(npuwhisper_transcriber* transcriber) {
  if (transcriber != nullptr) transcriber->transcriber->cancel();
}

npuwhisper_error* npuwhisper_transcriber_transcribe_f32(npuwhisper_transcriber* transcriber,
                                                        const float* samples, std::size_t n_samples,
                                                        npuwhisper_segment_callback callback,
                                                        void* user_data) {
  constexpr const char* kFunction = "npuwhisper_transcriber_transcribe_f32";
  return npuwhisper::call(kFunction, [&]() -> npuwhisper::Result<void> {
    if (transcriber == nullptr) return npuwhisper::null_parameter("transcriber");
    if (samples == nullptr && n_samples > 0) return npuwhisper::null_parameter("samples");
    if (callback == nullptr) return npuwhisper::null_parameter("callback");
    npuwhisper::Transcriber& stream = *transcriber->transcriber;
    // An exception of the callback must not prevent the reset.
    npuwhisper::Result<void> done = npuwhisper::guarded(kFunction, [&] {
      return npuwhisper::transcribe(stream, {samples, n_samples}, {callback, user_data});
    });
    stream.reset();
    return done;
  });
}

std::int64_t npuwhisper_transcriber_position(const npuwhisper_transcriber* transcriber) {
  return transcriber != nullptr ? transcriber->transcriber->position() : 0;
}

const char* npuwhisper_transcriber_language(const npuwhisper_transcriber* transcriber,
                                            std::size_t* length) {
  if (transcriber == nullptr) return npuwhisper::give_nothing(length);
  return npuwhisper::give(transcriber->transcriber->language(), length);
}

float npuwhisper_transcriber_language_probability(const npuwhisper_transcriber* transcriber) {
  return transcriber != nullptr ? transcriber->transcriber->language_probability() : 0.0F;
}

npuwhisper_error* npuwhisper_transcriber_draft(const npuwhisper_transcriber* transcriber,
                                               npuwhisper_words** words) {
  return npuwhisper::create("npuwhisper_transcriber_draft", words,
                            [&]() -> npuwhisper::Result<npuwhisper_words> {
                              if (transcriber == nullptr)
                                return npuwhisper::null_parameter("transcriber");
                              return npuwhisper::wrap(transcriber->transcriber->draft());
                            });
}

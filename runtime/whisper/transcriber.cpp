// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/transcriber.h>

#include <chrono>
#include <utility>

#include <npuwhisper/guarded.h>

#include "engine/stream.h"
#include "model/model.h"
#include "vad/open_detector.h"
#include "whisper/batch_transcriber.h"
#include "whisper/chinese_converter.h"
#include "whisper/chinese_transcriber.h"
#include "whisper/guarded_transcriber.h"
#include "whisper/live_transcriber.h"
#include "whisper/replacement_list.h"
#include "whisper/replacing_transcriber.h"
#include "whisper/stream_transcriber.h"

namespace npuwhisper {

namespace {

Result<std::unique_ptr<Transcriber>> create_as_written(std::shared_ptr<Engine> engine,
                                                       const TranscriberOptions& options,
                                                       std::shared_ptr<AudioRing> ring) {
  const Model& model = model_of(*engine);
  const bool alignment = options.word_times || options.live_latency;
  const bool is_live = options.live_latency && options.pace == Pace::RealTime;
  // The decoder keeps the engine alive, and the engine keeps the model alive.
  const auto make_decoder = [&](int max_sequences, const std::atomic<bool>& cancelled) {
    return make_stream_decoder(
        engine, {.max_sequences = max_sequences, .alignment = alignment, .is_live = is_live},
        cancelled);
  };
  const auto make_mel = [&](int capacity_frames) {
    return make_stream_mel(engine, ring, capacity_frames);
  };
  auto detector = open_detector(options, engine->model_path());
  if (!detector) return fail(detector.error());
  const bool is_batch = options.batch > 1 || (options.batch == 0 && *detector != nullptr);
  const auto make_detector = [&]() -> Result<std::unique_ptr<SpeechDetector>> {
    return std::move(*detector);
  };
  if (options.live_latency) {
    auto live = LiveTranscriber::create(
        *model.tokenizer, model.config, options, make_decoder, make_mel,
        [] { return std::chrono::steady_clock::now().time_since_epoch(); }, make_detector,
        &pass_turns_of(*engine));
    if (!live) return fail(live.error());
    return std::unique_ptr<Transcriber>(std::move(*live));
  }
  if (is_batch) {
    auto batch = BatchTranscriber::create(*model.tokenizer, model.config, options, make_decoder,
                                          make_mel, make_detector);
    if (!batch) return fail(batch.error());
    return std::unique_ptr<Transcriber>(std::move(*batch));
  }
  auto stream = StreamTranscriber::create(*model.tokenizer, model.config, options, make_decoder,
                                          make_mel, make_detector);
  if (!stream) return fail(stream.error());
  return std::unique_ptr<Transcriber>(std::move(*stream));
}

Result<std::unique_ptr<Transcriber>> create_in_script(std::shared_ptr<Engine> engine,
                                                      const TranscriberOptions& options,
                                                      std::shared_ptr<AudioRing> ring) {
  auto transcriber = create_as_written(std::move(engine), options, std::move(ring));
  if (!transcriber) return transcriber;
  if (options.chinese_script == ChineseScript::Auto || options.task == Task::Translate) {
    return transcriber;
  }
  auto converter = ChineseConverter::create(options.chinese_script);
  if (!converter) return fail(converter.error());
  return std::unique_ptr<Transcriber>(
      std::make_unique<ChineseTranscriber>(std::move(*transcriber), std::move(*converter)));
}

Result<std::unique_ptr<Transcriber>> create_unguarded(std::shared_ptr<Engine> engine,
                                                      const TranscriberOptions& options,
                                                      std::shared_ptr<AudioRing> ring) {
  if (engine == nullptr) {
    return fail(ErrorCode::InvalidArgument, "engine: found null, wanted an open engine");
  }
  auto list = ReplacementList::parse(options.replacements);
  if (!list) return fail(list.error());
  if (list->is_empty()) return create_in_script(std::move(engine), options, std::move(ring));
  TranscriberOptions inner = options;
  inner.word_times = options.word_times || options.live_latency.has_value();
  auto transcriber = create_in_script(std::move(engine), inner, std::move(ring));
  if (!transcriber) return transcriber;
  return std::unique_ptr<Transcriber>(
      std::make_unique<ReplacingTranscriber>(std::move(*transcriber), std::move(*list), options));
}

}  // namespace

Result<std::unique_ptr<Transcriber>> Transcriber::create(std::shared_ptr<Engine> engine,
                                                         const TranscriberOptions& options,
                                                         std::shared_ptr<AudioRing> ring) {
  return guarded("transcriber", [&]() -> Result<std::unique_ptr<Transcriber>> {
    auto transcriber = create_unguarded(std::move(engine), options, std::move(ring));
    if (!transcriber) return transcriber;
    return std::unique_ptr<Transcriber>(
        std::make_unique<GuardedTranscriber>(std::move(*transcriber)));
  });
}

}  // namespace npuwhisper

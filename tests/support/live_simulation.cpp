// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live_simulation.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/stream.h"
#include "model/model.h"
#include "vad/open_detector.h"
#include "whisper/live_transcriber.h"

namespace npuwhisper::test {
namespace {

constexpr std::size_t kPiece = kSampleRate / 50;

struct SimulatedTime {
  std::chrono::nanoseconds now{0};
  std::chrono::nanoseconds busy{0};
  std::int64_t n_pushed = 0;
  std::int64_t n_samples = 0;  // Length of the whole stream.

  std::int64_t arrived() const {
    return std::min<std::int64_t>(n_samples, now.count() / 1000 * kSampleRate / 1'000'000);
  }
  void spend(std::chrono::nanoseconds time) {
    now += time;
    busy += time;
  }
};

/// A decoder whose calls take simulated time.
class PacedDecoder final : public TokenDecoder {
 public:
  PacedDecoder(std::unique_ptr<TokenDecoder> decoder, const PassCosts& costs, SimulatedTime& time)
      : decoder_(std::move(decoder)), costs_(costs), time_(time) {}

  int n_vocab() const override { return decoder_->n_vocab(); }
  int max_sequences() const override { return decoder_->max_sequences(); }
  int max_length() const override { return decoder_->max_length(); }
  int max_positions() const override { return decoder_->max_positions(); }
  Result<void> encode(std::span<const float> mel, int n_exact) override {
    time_.spend(costs_.encode);
    return decoder_->encode(mel, n_exact);
  }
  Result<std::span<float>> prompt(std::span<const Token> tokens,
                                  std::span<const int> positions) override {
    time_.spend(costs_.prompt + tokens.size() * costs_.prompt_token);
    return decoder_->prompt(tokens, positions);
  }
  void truncate(int length) override { decoder_->truncate(length); }
  void fork(std::span<const int> parents) override { decoder_->fork(parents); }
  Result<std::span<float>> step(std::span<const Token> tokens) override {
    time_.spend(costs_.step);
    return decoder_->step(tokens);
  }
  Result<std::span<const float>> align(std::span<const Token> tokens,
                                       std::span<float> probabilities) override {
    time_.spend(costs_.align + tokens.size() * costs_.align_token);
    return decoder_->align(tokens, probabilities);
  }

 private:
  const std::unique_ptr<TokenDecoder> decoder_;
  const PassCosts costs_;
  SimulatedTime& time_;
};

}  // namespace

Result<SimulatedStream> listen_in_simulated_time(const std::shared_ptr<Engine>& engine,
                                                 TranscriberOptions options, const PassCosts& costs,
                                                 std::span<const std::int16_t> pcm) {
  SimulatedTime time{.n_samples = static_cast<std::int64_t>(pcm.size())};
  options.samples_waiting = [&time] { return time.arrived() - time.n_pushed; };
  const Model& model = model_of(*engine);
  auto transcriber = LiveTranscriber::create(
      *model.tokenizer, model.config, options,
      [&](int max_sequences,
          const std::atomic<bool>& cancelled) -> Result<std::unique_ptr<TokenDecoder>> {
        auto decoder = make_stream_decoder(
            engine, {.max_sequences = max_sequences, .alignment = true}, cancelled);
        if (!decoder) return fail(decoder.error());
        return std::unique_ptr<TokenDecoder>(
            std::make_unique<PacedDecoder>(std::move(*decoder), costs, time));
      },
      [&](int capacity_frames) { return make_stream_mel(engine, nullptr, capacity_frames); },
      [&time] { return time.now; }, [&] { return open_detector(options, engine->model_path()); });
  if (!transcriber) return fail(transcriber.error());

  SimulatedStream stream;
  const auto take = [&](Result<std::vector<Segment>> segments) -> Result<void> {
    if (!segments) return fail(segments.error());
    const std::int64_t now = time.now.count() / 1000 * kSampleRate / 1'000'000;
    for (Segment& segment : *segments) {
      for (Word& word : segment.words) stream.words.push_back({std::move(word), now});
    }
    return {};
  };
  while (!pcm.empty()) {
    const auto piece = pcm.first(std::min(pcm.size(), kPiece));
    pcm = pcm.subspan(piece.size());
    time.n_pushed += static_cast<std::int64_t>(piece.size());
    const auto complete = std::chrono::nanoseconds(time.n_pushed * (1'000'000'000 / kSampleRate));
    time.now = std::max(time.now, complete);
    if (const auto ok = take((*transcriber)->push(piece)); !ok) return fail(ok.error());
  }
  if (const auto ok = take((*transcriber)->drain()); !ok) return fail(ok.error());
  stream.stats = (*transcriber)->stats();
  stream.busy = time.busy;
  return stream;
}

}  // namespace npuwhisper::test

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/stream.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include <npuwhisper/guarded.h>

#include "audio/mel_frontend.h"
#include "engine/cell_tables.h"
#include "engine/model_engine.h"
#include "engine/ring_log_mel.h"
#include "engine/scheduler.h"
#include "engine/stream_sizes.h"
#include "simd/softmax.h"

namespace npuwhisper {
namespace {

class StreamDecoder final : public TokenDecoder {
 public:
  StreamDecoder(std::shared_ptr<ModelEngine> engine, const StreamOptions& options,
                const std::atomic<bool>& cancelled)
      : engine_(std::move(engine)),
        config_(engine_->model().config),
        options_(options),
        urgency_(options.is_live ? Scheduler::Urgency::Live : Scheduler::Urgency::File),
        cancelled_(cancelled),
        sizes_(config_, options),
        tables_(sizes_.n_cells, options.max_sequences, config_.n_text_ctx) {}

  Result<void> allocate();

  int n_vocab() const override { return config_.n_vocab; }
  int max_sequences() const override { return options_.max_sequences; }
  int max_length() const override { return config_.n_text_ctx; }
  int max_positions() const override { return static_cast<int>(sizes_.n_logit_rows); }

  std::span<float> window() override {
    const std::span<std::byte> host = mel_->host();
    return {reinterpret_cast<float*>(host.data()), host.size() / sizeof(float)};
  }
  Result<void> encode(std::span<const float> mel, int n_exact) override;
  Result<std::span<float>> prompt(std::span<const Token> tokens,
                                  std::span<const int> positions) override;
  void truncate(int length) override { tables_.truncate(static_cast<std::size_t>(length)); }
  void fork(std::span<const int> parents) override { tables_.fork(parents); }
  Result<std::span<float>> step(std::span<const Token> tokens) override;
  Result<void> step_together(std::span<Share> shares) override;
  Result<std::span<const float>> align(std::span<const Token> tokens,
                                       std::span<float> probabilities) override;

 private:
  Result<StepRow> next_row(std::size_t sequence, Token token);
  Result<void> append_rows(std::span<const Token> tokens, std::span<StepRow> rows);
  Result<void> run(std::span<StepRow> rows);
  float text_probability(Token token, const float* logits) const;
  void average_heads(std::size_t n_rows, float* mean) const;
  float* logits_row(std::size_t i) {
    return logits_.get() + i * static_cast<std::size_t>(config_.n_vocab);
  }

  const std::shared_ptr<ModelEngine> engine_;
  const ModelConfig& config_;
  const StreamOptions options_;
  const Scheduler::Urgency urgency_;
  const std::atomic<bool>& cancelled_;
  const StreamSizes sizes_;
  CellTables tables_;
  std::unique_ptr<Buffer> mel_, cross_cache_, self_cache_;
  WindowPositions positions_;  // the positions computed in cross_cache_
  std::vector<StepRow> rows_;
  std::unique_ptr<float[]> logits_;  // not initialised, so that unused rows take no memory
  std::vector<float> heads_;
  std::vector<float> attention_;
};

Result<void> StreamDecoder::allocate() {
  auto mel = engine_->allocate_mel();
  if (!mel) return fail(mel.error());
  auto cross_cache = engine_->allocate_cross_cache();
  if (!cross_cache) return fail(cross_cache.error());
  auto self_cache = engine_->allocate_self_cache(sizes_.n_cells);
  if (!self_cache) return fail(self_cache.error());
  mel_ = std::move(*mel);
  cross_cache_ = std::move(*cross_cache);
  self_cache_ = std::move(*self_cache);
  rows_.resize(ModelEngine::kMaxRows);
  logits_ = std::make_unique_for_overwrite<float[]>(sizes_.logits);
  heads_.resize(sizes_.heads);
  attention_.resize(sizes_.attention);
  return {};
}

Result<void> StreamDecoder::encode(std::span<const float> mel, int n_exact) {
  const std::span<std::byte> to = mel_->host();
  if (mel.size_bytes() != to.size()) {
    return fail(ErrorCode::InvalidArgument, "encoder window: found " + std::to_string(mel.size()) +
                                                " mel values, wanted " +
                                                std::to_string(to.size() / sizeof(float)));
  }
  if (cancelled_) return fail(ErrorCode::Cancelled, "cancelled");
  if (mel.data() != window().data()) std::memcpy(to.data(), mel.data(), to.size());
  tables_.reset();
  // After the two convolutions, position i depends on frames 2 * i - 2 to 2 * i + 2.
  positions_ = engine_->positions_for((n_exact + 3) / 2);
  if (auto synced = mel_->sync_to_device(); !synced) return synced;
  return engine_->scheduler().encode(*mel_, *cross_cache_, positions_, urgency_);
}

Result<StepRow> StreamDecoder::next_row(std::size_t sequence, Token token) {
  if (token < 0 || token >= config_.n_vocab) {
    return fail(ErrorCode::InvalidArgument, "decoder step: found token " + std::to_string(token) +
                                                ", wanted 0 to " +
                                                std::to_string(config_.n_vocab - 1));
  }
  const int cell = tables_.append(sequence);
  if (cell < 0) {
    const std::size_t length = tables_.cells(sequence).size();
    return fail(ErrorCode::InvalidArgument,
                "decoder step: a sequence has " + std::to_string(length) +
                    " tokens, wanted room for one more: at most " +
                    std::to_string(config_.n_text_ctx) + " in a sequence and " +
                    std::to_string(sizes_.n_cells) + " in all");
  }
  const std::span<const int> cells = tables_.cells(sequence);
  StepRow row;
  row.token = token;
  row.position = static_cast<int>(cells.size()) - 1;
  row.cell = cell;
  row.cells = cells;
  row.self_cache = self_cache_.get();
  row.cross_cache = cross_cache_.get();
  row.positions = positions_;
  return row;
}

Result<void> StreamDecoder::run(std::span<StepRow> rows) {
  if (cancelled_) return fail(ErrorCode::Cancelled, "cancelled");
  return engine_->scheduler().decode(rows, urgency_);
}

Result<std::span<float>> StreamDecoder::prompt(std::span<const Token> tokens,
                                               std::span<const int> positions) {
  const std::size_t n_logits = sizes_.n_logit_rows;
  if (positions.size() > n_logits) {
    return fail(ErrorCode::InvalidArgument, "prompt: found " + std::to_string(positions.size()) +
                                                " positions, wanted at most " +
                                                std::to_string(n_logits));
  }
  tables_.reset();
  std::size_t wanted = 0;
  for (std::size_t first = 0; first < tokens.size(); first += rows_.size()) {
    const std::size_t n = std::min(rows_.size(), tokens.size() - first);
    for (std::size_t i = 0; i < n; ++i) {
      auto row = next_row(0, tokens[first + i]);
      if (!row) return fail(row.error());
      rows_[i] = *row;
      if (wanted < positions.size() && positions[wanted] == static_cast<int>(first + i)) {
        rows_[i].logits = logits_row(wanted++);
      }
    }
    if (auto done = run({rows_.data(), n}); !done) return fail(done.error());
  }
  if (wanted < positions.size()) {
    return fail(ErrorCode::InvalidArgument,
                "prompt: found position " + std::to_string(positions[wanted]) +
                    ", wanted ascending positions below " + std::to_string(tokens.size()));
  }
  return std::span<float>(logits_.get(), wanted * static_cast<std::size_t>(config_.n_vocab));
}

/// Appends tokens[i] to sequence i, for all sequences, and sets rows[i] to its row.
Result<void> StreamDecoder::append_rows(std::span<const Token> tokens, std::span<StepRow> rows) {
  assert(tokens.size() == tables_.n_sequences());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    auto row = next_row(i, tokens[i]);
    if (!row) return fail(row.error());
    rows[i] = *row;
    rows[i].logits = logits_row(i);
  }
  return {};
}

Result<std::span<float>> StreamDecoder::step(std::span<const Token> tokens) {
  Share share{.decoder = this, .tokens = tokens, .logits = {}};
  if (auto done = step_together({&share, 1}); !done) return fail(done.error());
  return share.logits;
}

Result<void> StreamDecoder::step_together(std::span<Share> shares) {
  if (shares.empty()) return {};
  std::size_t n_rows = 0;
  for (Share& share : shares) {
    auto& decoder = static_cast<StreamDecoder&>(*share.decoder);
    assert(decoder.engine_ == engine_);
    if (n_rows + share.tokens.size() > rows_.size()) {
      if (auto done = run({rows_.data(), n_rows}); !done) return done;
      n_rows = 0;
    }
    const auto rows = std::span(rows_).subspan(n_rows, share.tokens.size());
    if (auto appended = decoder.append_rows(share.tokens, rows); !appended) return appended;
    share.logits = {decoder.logits_.get(),
                    share.tokens.size() * static_cast<std::size_t>(config_.n_vocab)};
    n_rows += rows.size();
  }
  return run({rows_.data(), n_rows});
}

/// Returns the probability of `token` under a softmax over text tokens and the end of text; 0 for
/// other tokens.
float StreamDecoder::text_probability(Token token, const float* logits) const {
  const Token eot = engine_->model().tokenizer->special().eot;
  const std::span<const float> text(logits, static_cast<std::size_t>(eot) + 1);
  return token <= eot ? std::exp(text[static_cast<std::size_t>(token)] - log_sum_exp(text)) : 0.0F;
}

/// Fills `mean`, [n_rows, n_audio_ctx], with the mean of all alignment heads. Uses the first n_rows
/// rows of each head.
void StreamDecoder::average_heads(std::size_t n_rows, float* mean) const {
  const std::size_t n_values = n_rows * static_cast<std::size_t>(config_.n_audio_ctx);
  const std::size_t n_heads = config_.alignment_heads.size();
  const float share = 1.0F / static_cast<float>(n_heads);
  std::fill_n(mean, n_values, 0.0F);
  for (std::size_t head = 0; head < n_heads; ++head) {
    const float* const values = heads_.data() + head * (heads_.size() / n_heads);
    for (std::size_t i = 0; i < n_values; ++i) mean[i] += share * values[i];
  }
}

Result<std::span<const float>> StreamDecoder::align(std::span<const Token> tokens,
                                                    std::span<float> probabilities) {
  const auto n_keys = static_cast<std::size_t>(config_.n_audio_ctx);
  const std::size_t n_values = tokens.size() * n_keys;
  if (!options_.alignment || n_values > attention_.size()) {
    return fail(ErrorCode::InvalidArgument,
                "alignment: found " + std::to_string(tokens.size()) + " tokens, wanted at most " +
                    std::to_string(options_.alignment ? config_.n_text_ctx / 2 + 8 : 0));
  }
  assert(probabilities.size() <= tokens.size());
  const std::size_t first_wanted = tokens.size() - probabilities.size();
  tables_.reset();
  for (std::size_t first = 0; first < tokens.size();) {
    std::size_t n = 0;
    std::size_t n_wanted = 0;
    while (n < sizes_.n_attention_rows && first + n < tokens.size() &&
           n_wanted < sizes_.n_logit_rows) {
      const std::size_t token = first + n;
      auto row = next_row(0, tokens[token]);
      if (!row) return fail(row.error());
      row->attention = heads_.data() + n * n_keys;
      row->attention_stride = sizes_.n_attention_rows * n_keys;
      if (token >= first_wanted && token + 1 < tokens.size()) row->logits = logits_row(n_wanted++);
      rows_[n++] = *row;
    }
    if (auto done = run({rows_.data(), n}); !done) return fail(done.error());
    average_heads(n, attention_.data() + first * n_keys);
    std::size_t token = std::max(first, first_wanted);
    for (std::size_t i = 0; i < n_wanted; ++i, ++token) {
      probabilities[token - first_wanted] = text_probability(tokens[token + 1], logits_row(i));
    }
    first += n;
  }
  return std::span<const float>(attention_.data(), n_values);
}

}  // namespace

const Model& model_of(const Engine& engine) {
  return static_cast<const ModelEngine&>(engine).model();
}

PassTurns& pass_turns_of(Engine& engine) {
  return static_cast<ModelEngine&>(engine).pass_turns();
}

Result<std::unique_ptr<TokenDecoder>> make_stream_decoder(std::shared_ptr<Engine> engine,
                                                          const StreamOptions& options,
                                                          const std::atomic<bool>& cancelled) {
  if (options.max_sequences < 1 || options.max_sequences > ModelEngine::kMaxRows) {
    return fail(ErrorCode::InvalidArgument,
                "stream: found " + std::to_string(options.max_sequences) +
                    " sequences, wanted 1 to " + std::to_string(ModelEngine::kMaxRows));
  }
  return guarded("stream", [&]() -> Result<std::unique_ptr<TokenDecoder>> {
    const auto model_engine = std::static_pointer_cast<ModelEngine>(std::move(engine));
    auto decoder = std::make_unique<StreamDecoder>(model_engine, options, cancelled);
    if (auto allocated = decoder->allocate(); !allocated) return fail(allocated.error());
    if (options.alignment) model_engine->warn_of_unknown_heads();
    return std::unique_ptr<TokenDecoder>(std::move(decoder));
  });
}

Result<std::shared_ptr<AudioRing>> AudioRing::create(std::shared_ptr<Engine> engine) {
  return guarded("audio ring", [&]() -> Result<std::shared_ptr<AudioRing>> {
    if (engine == nullptr)
      return fail(ErrorCode::InvalidArgument, "engine: found null, wanted an open engine");
    WindowMel* mel = static_cast<ModelEngine&>(*engine).window_mel();
    if (mel == nullptr) {
      return fail(ErrorCode::Unsupported,
                  "audio ring: this engine's log-mel is computed on the CPU (see npu-stages)");
    }
    auto ring = SampleRing::create(*mel, std::move(engine));
    if (!ring) return fail(ring.error());
    return std::shared_ptr<AudioRing>(std::move(*ring));
  });
}

Result<std::unique_ptr<LogMel>> make_stream_mel(const std::shared_ptr<Engine>& engine,
                                                std::shared_ptr<AudioRing> ring,
                                                int capacity_frames) {
  auto& model_engine = static_cast<ModelEngine&>(*engine);
  if (model_engine.window_mel() == nullptr) {
    if (ring != nullptr) {
      return fail(ErrorCode::InvalidArgument,
                  "audio ring: found one, wanted none: log-mel is computed on the CPU");
    }
    auto mel = MelFrontend::create(model_engine.model().config.n_mels, capacity_frames);
    if (!mel) return fail(mel.error());
    return std::unique_ptr<LogMel>(std::move(*mel));
  }
  if (ring == nullptr) {
    auto made = AudioRing::create(engine);
    if (!made) return fail(made.error());
    ring = std::move(*made);
  }
  auto own = std::static_pointer_cast<SampleRing>(std::move(ring));
  if (&own->mel() != model_engine.window_mel()) {
    return fail(ErrorCode::InvalidArgument, "audio ring: the ring belongs to another engine");
  }
  return RingLogMel::create(std::move(own), capacity_frames);
}

}  // namespace npuwhisper

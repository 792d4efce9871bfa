// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stage_runs.h"

#include <array>
#include <numeric>
#include <span>
#include <string>

#include "device/registry.h"
#include "engine/whisper_graphs.h"
#include "rounds.h"

namespace npuwhisper {
namespace {

Result<void> run_once(Executable& executable, const Bindings& bindings) {
  const auto started = executable.start(bindings);
  if (!started) return fail(started.error());
  return (*started)->wait();
}

/// Stores the value of `made` in `to`. Returns the error of `made` if it has no value.
template <typename T>
Result<void> keep(Result<std::unique_ptr<T>> made, std::unique_ptr<T>& to) {
  if (!made) return fail(made.error());
  to = std::move(*made);
  return {};
}

}  // namespace

Result<StageRuns> StageRuns::create(const Model& model, unsigned n_threads) {
  auto device = open_device({.kind = DeviceKind::Cpu, .n_threads = n_threads});
  if (!device) return fail(device.error());
  StageRuns runs(model, std::move(*device));
  if (auto prepared = runs.prepare(); !prepared) return fail(prepared.error());
  return runs;
}

Result<void> StageRuns::prepare() {
  const ModelConfig& config = model_->config;
  const Weights& weights = *model_->weights;
  const Graph encoder = make_encoder_graph(config);
  const Graph cross = make_cross_graph(config);
  const Graph decoder = make_decoder_graph(config, kMaxRows);
  if (auto done = keep(device_->prepare(encoder, weights, 1), encoder_); !done) return done;
  if (auto done = keep(device_->prepare(cross, weights, 1), cross_); !done) return done;
  if (auto done = keep(device_->prepare(decoder, weights, kMaxRows), decoder_); !done) return done;
  if (auto done = keep(encoder_->allocate(encoder.inputs[0]), mel_); !done) return done;
  if (auto done = keep(encoder_->allocate(encoder.outputs[0]), features_); !done) return done;
  streams_.resize(kMaxStreams);
  for (Stream& stream : streams_) {
    if (auto done = keep(cross_->allocate(cross.outputs[0]), stream.cross_cache); !done) {
      return done;
    }
    auto cache = decoder_->allocate(decoder.inputs[0], config.n_text_ctx);
    if (auto done = keep(std::move(cache), stream.self_cache); !done) return done;
  }
  cells_.resize(static_cast<std::size_t>(config.n_text_ctx));
  std::iota(cells_.begin(), cells_.end(), 0);
  logits_.resize(kMaxStreams * static_cast<std::size_t>(config.n_vocab));
  return {};
}

Result<double> StageRuns::encoder(const WindowPositions& positions, int n_rounds) {
  return window(*encoder_, *mel_, *features_, positions, n_rounds);
}

Result<double> StageRuns::cross(int n_rounds) {
  return window(*cross_, *features_, *streams_[0].cross_cache, {}, n_rounds);
}

Result<double> StageRuns::window(Executable& executable, Buffer& from, Buffer& to,
                                 const WindowPositions& positions, int n_rounds) {
  const std::array<Buffer*, 2> buffers = {&from, &to};
  const std::array<std::span<Buffer* const>, 1> items = {buffers};
  return median_seconds(n_rounds, [&] {
    return run_once(executable, {.items = items, .rows = {}, .positions = positions});
  });
}

Result<double> StageRuns::step(int n_streams, int n_cells, int n_rounds) {
  std::vector<StepRow> rows;
  for (int i = 0; i < n_streams; ++i) {
    const Stream& stream = streams_.at(static_cast<std::size_t>(i));
    StepRow row;
    row.position = row.cell = n_cells - 1;
    row.cells = std::span(cells_).first(static_cast<std::size_t>(n_cells));
    row.self_cache = stream.self_cache.get();
    row.cross_cache = stream.cross_cache.get();
    row.logits = logits_.data() + i * model_->config.n_vocab;
    rows.push_back(row);
  }
  return this->rows(rows, n_rounds);
}

Result<double> StageRuns::prompt(int n_tokens, int n_rounds) {
  std::vector<StepRow> rows;
  for (int i = 0; i < n_tokens; ++i) {
    StepRow row;
    row.position = row.cell = i;
    row.cells = std::span(cells_).first(static_cast<std::size_t>(i) + 1);
    row.self_cache = streams_[0].self_cache.get();
    row.cross_cache = streams_[0].cross_cache.get();
    rows.push_back(row);
  }
  rows.back().logits = logits_.data();
  return this->rows(rows, n_rounds);
}

Result<double> StageRuns::rows(const std::vector<StepRow>& rows, int n_rounds) {
  return median_seconds(n_rounds, [&] { return run_once(*decoder_, {.items = {}, .rows = rows}); });
}

std::size_t StageRuns::step_bytes(int n_streams, int n_cells) const {
  const std::size_t cell = streams_[0].self_cache->host().size() / cells_.size();
  const std::size_t stream =
      streams_[0].cross_cache->host().size() + static_cast<std::size_t>(n_cells) * cell;
  return decoder_->plan().weight_bytes + static_cast<std::size_t>(n_streams) * stream;
}

}  // namespace npuwhisper

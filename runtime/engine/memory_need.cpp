// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/memory_need.h"

#include <utility>

#include <npuwhisper/transcriber.h>

#include "engine/model_engine.h"
#include "engine/stream_sizes.h"
#include "engine/whisper_graphs.h"
#include "model/model_table.h"
#include "model/variables.h"

namespace npuwhisper {
namespace {

/// Memory that does not depend on the sizes of the model: the tokenizer, oneDNN's generated code,
/// the log-mel and the detection of speech of a stream. Measured with base and tiny.en
/// (tests/runtime/engine/peak_memory_test.cpp), rounded up.
constexpr std::uint64_t kOtherBytes = 20'000'000;

/// Adds the memory of a graph to `need` and returns the sizes of its buffers.
Result<std::vector<std::uint64_t>> add_graph(Device& device, const Graph& graph,
                                             const WeightsIndex& weights, int batch,
                                             MemoryNeed& need) {
  auto memory = device.measure(graph, weights, batch);
  if (!memory) return fail(memory.error());
  need.weight_bytes += memory->weight_bytes;
  need.working_bytes += memory->working_bytes;
  return std::move(memory->buffer_bytes);
}

}  // namespace

Result<MemoryNeed> measure_memory(Device& device, const ModelConfig& config,
                                  const WeightsIndex& weights) {
  MemoryNeed need{.other_bytes = kOtherBytes};
  if (device.joins_cross_attention()) {
    const auto window = add_graph(device, make_window_graph(config), weights, 1, need);
    if (!window) return fail(window.error());
    for (const std::uint64_t bytes : *window) need.stream_bytes += bytes;
  } else {
    const auto encoder = add_graph(device, make_encoder_graph(config), weights, 1, need);
    if (!encoder) return fail(encoder.error());
    need.stream_bytes += encoder->front();  // Mel.
    need.working_bytes += encoder->back();  // Features.
    const auto cross = add_graph(device, make_cross_graph(config), weights, 1, need);
    if (!cross) return fail(cross.error());
    need.stream_bytes += cross->back();
  }
  const Graph decoder = make_decoder_graph(config, ModelEngine::kMaxRows);
  const auto caches = add_graph(device, decoder, weights, ModelEngine::kMaxRows, need);
  if (!caches) return fail(caches.error());
  const StreamSizes sizes(config,
                          {.max_sequences = TranscriberOptions().best_of, .alignment = true});
  const auto n_rows = static_cast<std::uint64_t>(decoder.tensor(decoder.inputs[0]).rows);
  need.stream_bytes += caches->front() / n_rows * static_cast<std::uint64_t>(sizes.n_cells);
  need.stream_bytes += sizes.bytes();
  return need;
}

WeightsIndex outline_weights(const ModelConfig& config) {
  WeightsIndex index;
  for (VariableShape& shape : whisper_variables(config)) {
    const std::int64_t n_rows = shape.dims.front();
    index.add({.name = std::move(shape.name),
               .type = StoredType::F16,
               .dims = std::move(shape.dims),
               .parts = {{.n_rows = n_rows}}});
  }
  return index;
}

std::optional<std::string_view> largest_known_model(Device& device, std::uint64_t bytes,
                                                    bool is_english_only) {
  std::optional<std::string_view> name;
  std::uint64_t largest = 0;
  for (const KnownModel& model : known_models()) {
    if (npuwhisper::is_english_only(model) != is_english_only) continue;
    const ModelConfig config = config_of(model);
    const auto need = measure_memory(device, config, outline_weights(config));
    if (!need || need->peak_bytes() > bytes || need->peak_bytes() < largest) continue;
    largest = need->peak_bytes();
    name = model.name;
  }
  return name;
}

}  // namespace npuwhisper

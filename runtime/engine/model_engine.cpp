// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model_engine.h"

#include <utility>

#include "device/registry.h"
#include "engine/whisper_graphs.h"

namespace npuwhisper {
namespace {

// Streams whose requests wait without an allocation; more work too.
constexpr std::size_t kExpectedStreams = 64;

}  // namespace

Result<std::shared_ptr<ModelEngine>> ModelEngine::create(const EngineOptions& options) {
  auto folder = find_model(options.model);
  if (!folder) return fail(folder.error());
  // The device first: a device that is not there is known at once.
  auto device =
      open_device({.kind = options.device,
                             .precision = options.precision,
                             .n_threads = options.n_threads,
                             .npu_stages = options.npu_stages});
  if (!device) return fail(device.error());
  auto model = Model::load(*folder);
  if (!model) return fail(model.error());
  std::shared_ptr<ModelEngine> engine(new ModelEngine());
  engine->model_ = std::move(*model);
  engine->device_ = std::move(*device);
  if (auto prepared = engine->prepare(); !prepared) return fail(prepared.error());
  return engine;
}

Result<void> ModelEngine::prepare() {
  const ModelConfig& config = model_->config;
  const auto prepare_graph = [&](const Graph& graph, int batch, std::unique_ptr<Executable>& executable) -> Result<void> {
    auto prepared = device_->prepare(graph, *model_->weights, batch);
    if (!prepared) return fail(prepared.error());
    executable = std::move(*prepared);
    return {};
  };
  const Graph encoder = make_encoder_graph(config);
  const Graph cross = make_cross_graph(config);
  const Graph decoder = make_decoder_graph(config, kMaxRows);
  if (auto done = prepare_graph(encoder, 1, encoder_); !done) return done;
  if (auto done = prepare_graph(cross, 1, cross_); !done) return done;
  if (auto done = prepare_graph(decoder, kMaxRows, decoder_); !done) return done;
  encoder_input_ = encoder.inputs[0];
  cross_output_ = cross.outputs[0];
  decoder_self_cache_ = decoder.inputs[0];
  // Everything was packed or copied.
  model_->weights->release_all();
  auto features = encoder_->allocate(encoder.outputs[0]);
  if (!features) return fail(features.error());
  features_ = std::move(*features);
  scheduler_ = std::make_unique<Scheduler>(*encoder_, *cross_, *decoder_, *features_, kMaxRows, kExpectedStreams);
  return {};
}

std::string ModelEngine::describe_plan() const {
  return "device: " + device_->info().name + "\n" + encoder_->plan().describe() + cross_->plan().describe() +
         decoder_->plan().describe();
}

}  // namespace npuwhisper

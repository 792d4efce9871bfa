// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model_engine.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <npuwhisper/log.h>

#include "device/registry.h"
#include "engine/memory_check.h"
#include "engine/memory_need.h"
#include "engine/whisper_graphs.h"
#include "model/published_models.h"

namespace npuwhisper {
namespace {

/// Opens the device and the model of `options`, and returns the result of `use` for both. With
/// device=auto, calls `use` again with the CPU if the model does not fit the NPU (Unsupported), and
/// logs the reason. Opens the device before the model, so that a missing device is reported
/// immediately.
template <typename Use>
auto use_model(const EngineOptions& options, const Use& use)
    -> std::invoke_result_t<Use, std::unique_ptr<Device>, std::shared_ptr<const Model>> {
  auto folder = find_model(options.model);
  if (!folder) return fail(folder.error());
  DeviceOptions wanted{.kind = options.device,
                       .precision = options.precision,
                       .n_threads = options.n_threads,
                       .npu_stages = options.npu_stages};
  auto device = open_device(wanted);
  if (!device) return fail(device.error());
  auto model = Model::load(*folder);
  if (!model) return fail(model.error());
  const bool may_choose =
      wanted.kind == DeviceKind::Auto && (*device)->info().kind == DeviceKind::Npu;
  auto result = use(std::move(*device), *model);
  if (result || !may_choose || result.error().code != ErrorCode::Unsupported) return result;
  log(LogLevel::Info, "device=auto: chose the CPU because the model does not fit the NPU: " +
                          result.error().message);
  wanted.kind = DeviceKind::Cpu;
  wanted.npu_stages = {};
  device = open_device(wanted);
  if (!device) return fail(device.error());
  return use(std::move(*device), *model);
}

}  // namespace

Result<std::shared_ptr<ModelEngine>> ModelEngine::create(const EngineOptions& options) {
  return use_model(options, prepare_on);
}

Result<MemoryNeed> ModelEngine::memory_needed(const EngineOptions& options) {
  return use_model(options, [](const std::unique_ptr<Device>& device,
                               const std::shared_ptr<const Model>& model) {
    return measure_memory(*device, model->config, model->weights->index());
  });
}

Result<std::shared_ptr<ModelEngine>> ModelEngine::prepare_on(std::unique_ptr<Device> device,
                                                             std::shared_ptr<const Model> model) {
  std::shared_ptr<ModelEngine> engine(new ModelEngine());
  engine->model_ = std::move(model);
  engine->device_ = std::move(device);
  if (auto checked = engine->check_memory(); !checked) return fail(checked.error());
  if (auto prepared = engine->prepare(); !prepared) return fail(prepared.error());
  return engine;
}

/// Compares the memory that this engine will take with the limits of this process.
Result<void> ModelEngine::check_memory() {
  const ModelConfig& config = model_->config;
  const auto need = measure_memory(*device_, config, model_->weights->index());
  if (!need) return fail(need.error());
  const auto find_fitting = [&](std::uint64_t bytes) {
    return largest_known_model(*device_, bytes, config.n_vocab == kEnglishOnlyVocab);
  };
  return npuwhisper::check_memory(model_->path, *need,
                                  read_memory_limits("/", read_resource_limits()), find_fitting);
}

Result<void> ModelEngine::prepare_graph(const Graph& graph, int batch,
                                        std::unique_ptr<Executable>& executable) {
  auto prepared = device_->prepare(graph, *model_->weights, batch);
  if (!prepared) return fail(prepared.error());
  executable = std::move(*prepared);
  return {};
}

Result<void> ModelEngine::prepare_windows() {
  if (device_->joins_cross_attention()) {
    const Graph window = make_window_graph(model_->config);
    encoder_input_ = window.inputs[0];
    cross_output_ = window.outputs[0];
    return prepare_graph(window, 1, encoder_);
  }
  const Graph encoder = make_encoder_graph(model_->config);
  const Graph cross = make_cross_graph(model_->config);
  encoder_input_ = encoder.inputs[0];
  cross_output_ = cross.outputs[0];
  if (auto done = prepare_graph(encoder, 1, encoder_); !done) return done;
  if (auto done = prepare_graph(cross, 1, cross_); !done) return done;
  auto features = encoder_->allocate(encoder.outputs[0]);
  if (!features) return fail(features.error());
  features_ = std::move(*features);
  return {};
}

Result<void> ModelEngine::prepare() {
  auto mel = device_->prepare_mel(model_->config.n_mels, 2 * model_->config.n_audio_ctx);
  if (!mel) return fail(mel.error());
  window_mel_ = std::move(*mel);
  if (auto done = prepare_windows(); !done) return done;
  const Graph decoder = make_decoder_graph(model_->config, kMaxRows);
  if (auto done = prepare_graph(decoder, kMaxRows, decoder_); !done) return done;
  decoder_self_cache_ = decoder.inputs[0];
  scheduler_ =
      std::make_unique<Scheduler>(Scheduler::Windows{*encoder_, cross_.get(), features_.get()},
                                  *decoder_, kMaxRows, kExpectedStreams);
  return {};
}

WindowPositions ModelEngine::positions_for(int n_dense) const {
  const WindowPositions positions = encoder_->positions_for(n_dense);
  const bool agree = cross_ == nullptr || cross_->positions_for(n_dense) == positions;
  return agree ? positions : WindowPositions();
}

bool ModelEngine::has_alignment_heads() const {
  // If the alignment heads are not known, Model::load() and CTranslate2's converter list the heads
  // that late_heads() returns. No published list contains all of these heads.
  return !std::ranges::is_permutation(model_->config.alignment_heads, late_heads(model_->config));
}

void ModelEngine::warn_of_unknown_heads() {
  if (has_alignment_heads() || has_warned_of_heads_.exchange(true)) return;
  log(LogLevel::Warning, "word times: the alignment heads of model '" + model_->path.string() +
                             "' are not known, so word times and live text are coarser");
}

std::string ModelEngine::describe_plan() const {
  return "device: " + device_->info().name + "\n" +
         (window_mel_ ? window_mel_->plan().describe() : std::string()) +
         encoder_->plan().describe() + (cross_ ? cross_->plan().describe() : std::string()) +
         decoder_->plan().describe();
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include <npuwhisper/engine.h>

#include "device/device.h"
#include "device/window_mel.h"
#include "engine/pass_turns.h"
#include "engine/scheduler.h"
#include "model/model.h"

namespace npuwhisper {

/// The only implementation of Engine. Holds Whisper's graphs, prepared on a device, and a scheduler
/// that shares the prepared graphs among streams.
class ModelEngine final : public Engine {
 public:
  /// Maximum number of rows (tokens) of one decoder step. Prompts are split into pieces of at most
  /// this length, and the steps of several streams share the rows.
  static constexpr int kMaxRows = 64;

  /// Loads and prepares a model. With device=auto, a model that does not fit the NPU runs on the
  /// CPU, and the log says why. Errors: those of Engine::open.
  static Result<std::shared_ptr<ModelEngine>> create(const EngineOptions& options);

  /// Returns the memory that create() would take. Errors: those of Engine::memory_needed().
  static Result<MemoryNeed> memory_needed(const EngineOptions& options);

  const DeviceInfo& device() const override { return device_->info(); }
  DeviceStats device_stats() const override { return device_->stats(); }
  DeviceActivity device_activity() const override { return scheduler_->activity(); }
  const std::filesystem::path& model_path() const override { return model_->path; }
  bool is_multilingual() const override { return model_->tokenizer->is_multilingual(); }
  bool has_language(std::string_view code) const override {
    return model_->tokenizer->has_language(code);
  }
  bool has_alignment_heads() const override;
  std::string describe_plan() const override;
  /// Logs a warning if the alignment heads of the model are not known, once for this engine.
  /// Called for each stream that times words.
  void warn_of_unknown_heads();

  const Model& model() const { return *model_; }
  Scheduler& scheduler() { return *scheduler_; }
  /// Returns the turns of this engine's live streams.
  PassTurns& pass_turns() { return pass_turns_; }

  /// Returns the smallest set of positions that the encoder must compute if all positions of the
  /// window from `n_dense` on are padding. Returns all positions if the encoder and the
  /// cross-attention graph need different sets.
  WindowPositions positions_for(int n_dense) const;

  /// Returns the object that computes log-mel on the device; nullptr if the CPU computes log-mel.
  WindowMel* window_mel() { return window_mel_.get(); }

  /// Allocates a stream's buffer for mel in the device's layout.
  Result<std::unique_ptr<Buffer>> allocate_mel() { return encoder_->allocate(encoder_input_); }
  /// Allocates a stream's cross-attention buffer in the device's layout.
  Result<std::unique_ptr<Buffer>> allocate_cross_cache() {
    return (cross_ ? *cross_ : *encoder_).allocate(cross_output_);
  }
  /// Allocates a stream's self-attention cache of `n_cells` cells in the device's layout.
  Result<std::unique_ptr<Buffer>> allocate_self_cache(int n_cells) {
    return decoder_->allocate(decoder_self_cache_, n_cells);
  }

 private:
  /// Number of streams that can wait without an allocation. Further streams may allocate memory.
  static constexpr std::size_t kExpectedStreams = 64;

  ModelEngine() = default;
  static Result<std::shared_ptr<ModelEngine>> prepare_on(std::unique_ptr<Device> device,
                                                         std::shared_ptr<const Model> model);
  Result<void> check_memory();
  Result<void> prepare();
  Result<void> prepare_graph(const Graph& graph, int batch,
                             std::unique_ptr<Executable>& executable);
  Result<void> prepare_windows();

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<WindowMel> window_mel_;  // nullptr: the CPU computes log-mel
  std::unique_ptr<Executable> encoder_, decoder_;
  std::unique_ptr<Executable> cross_;  // nullptr: encoder_ also runs the cross-attention graph
  std::unique_ptr<Buffer> features_;
  std::unique_ptr<Scheduler> scheduler_;
  PassTurns pass_turns_{kExpectedStreams};
  std::atomic<bool> has_warned_of_heads_ = false;
  TensorId encoder_input_ = kNoTensor, cross_output_ = kNoTensor, decoder_self_cache_ = kNoTensor;
};

}  // namespace npuwhisper

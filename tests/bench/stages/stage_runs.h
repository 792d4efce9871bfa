// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>

#include "device/device.h"
#include "model/model.h"

namespace npuwhisper {

/// A model's graphs, prepared on the CPU, and the time of their runs. All input is 0, which does
/// not change the time of a run. Each function that times a run returns the median of n_rounds
/// runs, in seconds, after one run that is not counted. Not thread-safe.
class StageRuns {
 public:
  static constexpr int kMaxRows = 64;  ///< Maximum number of rows of a step or a prompt.
  static constexpr int kMaxStreams = 8;

  /// `model` must outlive the object. `n_threads` 0: one for each physical core. Errors: those of
  /// open_device() and Device::prepare().
  static Result<StageRuns> create(const Model& model, unsigned n_threads);

  unsigned n_threads() const { return device_->info().n_threads; }
  const Plan& encoder_plan() const { return encoder_->plan(); }
  const Plan& cross_plan() const { return cross_->plan(); }

  /// Returns the positions that a run computes if all positions from n_dense on are padding.
  WindowPositions positions_for(int n_dense) const { return encoder_->positions_for(n_dense); }
  /// Times the encoder. `positions`: a result of positions_for(), or {} for a whole window.
  Result<double> encoder(const WindowPositions& positions, int n_rounds);
  /// Times the projections of a whole window for cross-attention.
  Result<double> cross(int n_rounds);
  /// Times a decoder step with one row for each of n_streams streams. `n_cells`: number of tokens
  /// of each stream to which its row attends.
  Result<double> step(int n_streams, int n_cells, int n_rounds);
  /// Times the run for a prompt of n_tokens tokens. Requests only the logits of the last token.
  Result<double> prompt(int n_tokens, int n_rounds);

  /// Returns the bytes that step() reads in a run: the packed weights, each stream's
  /// cross-attention cache, and the cells of its self-attention cache.
  std::size_t step_bytes(int n_streams, int n_cells) const;

 private:
  /// The caches of one stream.
  struct Stream {
    std::unique_ptr<Buffer> self_cache, cross_cache;
  };

  StageRuns(const Model& model, std::unique_ptr<Device> device)
      : model_(&model), device_(std::move(device)) {}
  Result<void> prepare();
  Result<double> window(Executable& executable, Buffer& from, Buffer& to,
                        const WindowPositions& positions, int n_rounds);
  Result<double> rows(const std::vector<StepRow>& rows, int n_rounds);

  const Model* model_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Executable> encoder_, cross_, decoder_;
  std::unique_ptr<Buffer> mel_, features_;
  std::vector<Stream> streams_;
  std::vector<int> cells_;     // 0, 1, 2, ...
  std::vector<float> logits_;  // [kMaxStreams, n_vocab]
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "array/buffer_descriptor.h"
#include "array/transaction.h"
#include "design/host_matrix.h"

namespace npuwhisper::npu {

/// Appends instructions to a stream. After an error, such as a descriptor that does not fit,
/// further calls have no effect, and result() returns the error.
class InstructionWriter {
 public:
  InstructionWriter(const ArrayModel& array, std::vector<Instruction>& out)
      : array_(array), out_(out) {}

  /// Writes a memory tile's descriptor.
  void descriptor(TileId tile, int id, const BufferDescriptor& descriptor);
  /// Writes a shim's descriptor for host memory that begins at byte `offset` of buffer `argument`.
  void host_descriptor(int column, int id, const BufferDescriptor& descriptor, int argument,
                       std::uint64_t offset);
  /// Queues a task. If the task issues a token, first writes the controller id of the shims. Only
  /// shims may issue tokens, because the configuration routes only the tokens of shims.
  void push(TileId tile, bool mm2s, int channel, const Task& task);
  /// Appends an instruction that waits for a token from S2MM channel `channel` of each shim in
  /// columns 0 .. n_columns - 1.
  void sync(int channel, int n_columns);

  Result<void> result() const;
  int n_descriptors() const { return n_descriptors_; }
  int n_syncs() const { return n_syncs_; }

 private:
  void refuse(const Error& error, TileId tile);

  const ArrayModel& array_;
  std::vector<Instruction>& out_;
  Result<void> result_{};
  int n_descriptors_ = 0;
  int n_syncs_ = 0;
};

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "array/transaction.h"
#include "emulator/array/fabric.h"
#include "emulator/array/registers.h"
#include "emulator/array/scheduler.h"

namespace npuwhisper::emu {

/// The small processor beside the array that executes instruction streams, one operation after the
/// other; waits at Sync for task-complete tokens.
class Controller final : public Actor {
 public:
  Controller(Fabric& fabric, Registers& registers) : fabric_(fabric), registers_(registers) {}

  /// Begins a stream. The operations and arguments stay the caller's, until done() or an error.
  void start(std::span<const npu::Instruction> instructions,
             std::span<const std::uint64_t> arguments, Cycles at);
  bool done() const { return pc_ == instructions_.size(); }
  Cycles time() const { return time_; }

  Result<void> act() override;

  // For reports.
  std::size_t position() const { return pc_; }
  std::size_t n_instructions() const { return instructions_.size(); }
  /// The tokens that the Sync at hand has not had yet; empty if it is at no Sync.
  std::vector<ChannelId> missing_tokens() const;
  const npu::MaskPoll* polled() const;

 private:
  Result<bool> execute(const npu::Instruction& instruction);
  Result<bool> wait(const npu::Sync& sync);
  Result<bool> poll(const npu::MaskPoll& poll);
  Result<void> patch(const npu::PatchAddress& patch);
  Result<void> check(const npu::Sync& sync) const;

  Fabric& fabric_;
  Registers& registers_;
  std::span<const npu::Instruction> instructions_;
  std::span<const std::uint64_t> arguments_;
  std::size_t pc_ = 0;
  std::size_t n_tokens_ = 0;  ///< That the Sync at hand has had.
  Cycles time_ = 0;
  Cycles began_ = 0;  ///< The instruction at hand.
};

}  // namespace npuwhisper::emu

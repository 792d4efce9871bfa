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

/// The small processor beside the array. Executes the instructions of a stream in order. At a Sync,
/// waits for task-complete tokens.
class Controller final : public Actor {
 public:
  Controller(Fabric& fabric, Registers& registers) : fabric_(fabric), registers_(registers) {}

  /// Begins a stream at time `at`. The caller owns the instructions and the arguments, and keeps
  /// them valid until done() returns true or an error occurs.
  void start(std::span<const npu::Instruction> instructions,
             std::span<const std::uint64_t> arguments, Cycles at);
  bool done() const { return pc_ == instructions_.size(); }
  Cycles time() const { return time_; }

  Result<void> act() override;

  // Wait reports read the state below.
  std::size_t position() const { return pc_; }
  std::size_t n_instructions() const { return instructions_.size(); }
  /// Returns the channels whose tokens the current Sync is still waiting for; empty if the current
  /// instruction is not a Sync.
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
  std::size_t n_tokens_ = 0;  ///< Tokens that the current Sync has received.
  Cycles time_ = 0;
  Cycles began_ = 0;  ///< Start time of the current instruction.
};

}  // namespace npuwhisper::emu

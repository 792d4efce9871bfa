// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/array/core_kernels.h"
#include "emulator/array/core_memory.h"
#include "emulator/array/scheduler.h"
#include "emulator/array/trace.h"
#include "emulator/design.h"
#include "emulator/image.h"

namespace npuwhisper::emu {

struct Fabric;
struct Inlet;
struct Outlet;

/// One core. Executes its program, waits at locks and streams, and calls kernels on the memory of
/// its own tile and of its neighbours. Instructions that affect other actors or depend on them
/// execute in order of emulated time. Instructions that use only registers may execute before the
/// scheduler reaches their time.
class CoreProcessor final : public Actor, private KernelHost {
 public:
  enum class State : std::uint8_t {
    Running,
    WaitingForLock,
    WaitingForRoom,
    WaitingForWord,
    Ended,  ///< The program has ended, or the core is held in reset.
  };

  /// Creates the core and schedules its first act. Errors: InvalidArgument (the program is missing
  /// or malformed, or a kernel is missing), Unsupported, Unavailable.
  static Result<std::unique_ptr<CoreProcessor>> create(const Core& core,
                                                       std::span<const Image::Kernel> kernels,
                                                       Fabric& fabric);

  Result<void> act() override;

  /// Writes the core's control register (CORE_CONTROL in AMD's manual AM025): bit 0 enables, bit 1
  /// resets. The end of the program clears bit 0. Errors: Unsupported (other bits, or stopping a
  /// core before its program ends).
  Result<void> set_control(std::uint32_t value);
  std::uint32_t control() const { return (enabled_ ? 1U : 0U) | (in_reset_ ? 2U : 0U); }

  // Wait reports read the state below.
  npu::TileId tile() const { return tile_; }
  State state() const { return state_; }
  /// Returns the current instruction; null in the state Ended.
  const CoreInstruction* instruction() const;
  /// Returns the amount that a UseLock acquires or releases: the value of register `a`, or the
  /// immediate if `a` is -1.
  std::int64_t lock_amount(const CoreInstruction& instruction) const;
  const CoreProgram& program() const { return program_; }
  const Inlet* inlet() const { return inlet_; }
  const Outlet* outlet() const { return outlet_; }
  std::uint64_t n_instructions() const { return n_instructions_; }

 private:
  CoreProcessor(const Core& core, Fabric& fabric);

  /// Executes one instruction. Returns false if the core waits or has ended.
  Result<bool> execute(const CoreInstruction& instruction);
  Result<bool> use_lock(const CoreInstruction& instruction);
  Result<bool> put_word(const CoreInstruction& instruction);
  Result<bool> get_word(const CoreInstruction& instruction);
  Result<bool> call(const CoreInstruction& instruction);
  void overflow_stack();
  Result<void> load(const CoreInstruction& instruction);
  Result<void> store(const CoreInstruction& instruction);
  void end();

  // Functions of KernelHost. The program's own stream instructions also call put() and get().
  bool spend(Cycles cycles) override;
  Result<bool> put(const Port& port, std::span<const std::uint32_t> words) override;
  Result<bool> get(const Port& port, std::span<std::uint32_t> words) override;

  bool wait(State state);
  void go_on(std::string_view waited_for);
  std::int64_t& reg(int index) { return registers_[static_cast<std::size_t>(index)]; }

  npu::TileId tile_;
  const std::uint32_t stack_bytes_;
  Fabric& fabric_;
  CoreProgram program_;
  CoreMemory memory_;
  std::unique_ptr<CoreKernels> kernels_;
  std::vector<std::int64_t> registers_;
  std::vector<std::int64_t> arguments_;
  Inlet* inlet_ = nullptr;    ///< Stream or cascade of the last write, which may still wait.
  Outlet* outlet_ = nullptr;  ///< Stream or cascade of the last read, which may still wait.

  State state_ = State::Running;
  bool enabled_ = true;
  bool in_reset_ = false;
  bool was_reset_ = false;  ///< Whether the core was reset since it last ran.
  std::size_t pc_ = 0;
  Cycles time_ = 0;
  Cycles wait_began_ = 0;
  Cycles call_began_ = 0;
  std::uint64_t n_instructions_ = 0;
  Trace::Track track_ = 0;
};

}  // namespace npuwhisper::emu

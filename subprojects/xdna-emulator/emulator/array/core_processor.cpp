// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/core_processor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "emulator/array/alu.h"
#include "emulator/array/core_check.h"
#include "emulator/array/fabric.h"
#include "emulator/array/names.h"
#include "emulator/array/tile.h"

namespace npuwhisper::emu {
namespace {

/// Maximum number of instructions per act. A program that never waits yields after this number of
/// instructions, so that the array can check its limits (Array::Options).
constexpr std::uint64_t kInstructionsPerAct = 10'000;

/// Returns whether an instruction depends on other actors or affects them.
bool is_visible(CoreOp op) {
  switch (op) {
    case CoreOp::Load:
    case CoreOp::Store:
    case CoreOp::UseLock:
    case CoreOp::Call:
    case CoreOp::PutStream:
    case CoreOp::GetStream:
    case CoreOp::PutCascade:
    case CoreOp::GetCascade:
      return true;
    default:
      return false;
  }
}

}  // namespace

CoreProcessor::CoreProcessor(const Core& core, Fabric& fabric)
    : tile_(core.tile),
      stack_bytes_(core.stack_bytes),
      fabric_(fabric),
      program_(core.program),
      memory_(core.tile, fabric),
      registers_(static_cast<std::size_t>(std::max(core.program.n_registers, 0))) {
  if (fabric.trace.on()) track_ = fabric.trace.track(tile_, "core");
}

Result<std::unique_ptr<CoreProcessor>> CoreProcessor::create(const Core& core,
                                                             std::span<const Image::Kernel> kernels,
                                                             Fabric& fabric) {
  const Tile* tile = fabric.tile(core.tile);
  if (!tile || tile->kind() != npu::TileKind::Core) {
    return fail(ErrorCode::InvalidArgument, name_of(core.tile) + " has no core");
  }
  std::unique_ptr<CoreProcessor> processor(new CoreProcessor(core, fabric));
  auto checked = check_program(core, processor->memory_, fabric);
  if (!checked) return fail(checked.error());
  auto loaded = CoreKernels::load(core, kernels, processor->memory_, fabric, *processor);
  if (!loaded) return fail(loaded.error());
  processor->kernels_ = std::move(*loaded);
  fabric.scheduler.schedule(*processor, 0);
  return processor;
}

Result<void> CoreProcessor::set_control(std::uint32_t value) {
  if (value > 3) {
    return fail(ErrorCode::Unsupported, "value " + hexadecimal(value) + " for the control of the " +
                                            "core of " + name_of(tile_) +
                                            " is not modelled (only enable and reset are)");
  }
  const bool enable = (value & 1) != 0;
  in_reset_ = (value & 2) != 0;
  if (in_reset_) {
    was_reset_ = true;
    kernels_->drop();
    pc_ = 0;
    state_ = State::Ended;
  } else if (enabled_ && !enable && state_ != State::Ended) {
    return fail(ErrorCode::Unsupported, "stopping the core of " + name_of(tile_) +
                                            " before its program ends is not modelled");
  }
  enabled_ = enable;
  // A core whose program has ended starts again only after a reset.
  if (enabled_ && !in_reset_ && was_reset_) {
    was_reset_ = false;
    state_ = State::Running;
    fabric_.scheduler.schedule(*this, 0);
  }
  return {};
}

const CoreInstruction* CoreProcessor::instruction() const {
  return state_ == State::Ended ? nullptr : &program_.code[pc_];
}

Result<void> CoreProcessor::act() {
  if (state_ == State::Ended) return {};  // The core was reset while a wake-up was pending.
  time_ = std::max(time_, fabric_.scheduler.now());
  for (std::uint64_t i = 0; i < kInstructionsPerAct; ++i) {
    const CoreInstruction& instruction = program_.code[pc_];
    if (is_visible(instruction.op) && time_ > fabric_.scheduler.now() &&
        !fabric_.scheduler.advance(time_)) {
      break;
    }
    auto done = execute(instruction);
    if (!done) {
      return fail(ErrorCode::DeviceError, "core of " + name_of(tile_) + ", line " +
                                              std::to_string(instruction.line) + ": " +
                                              done.error().message);
    }
    if (!*done) return {};
    ++n_instructions_;
    if (pc_ >= program_.code.size()) {
      end();
      return {};
    }
  }
  fabric_.scheduler.schedule(*this, time_);
  return {};
}

void CoreProcessor::end() {
  state_ = State::Ended;
  enabled_ = false;
}

bool CoreProcessor::spend(Cycles cycles) {
  time_ += cycles;
  fabric_.counters.core_busy_cycles += cycles;
  if (time_ <= fabric_.scheduler.now() || fabric_.scheduler.advance(time_)) return true;
  if (kernels_->under_way()) fabric_.scheduler.schedule(*this, time_);
  return false;
}

/// Stalls the core until another actor schedules it. Returns false.
bool CoreProcessor::wait(State state) {
  if (state_ == State::Running) wait_began_ = time_;
  state_ = state;
  return false;
}

void CoreProcessor::go_on(std::string_view waited_for) {
  if (state_ == State::Running) return;
  time_ = std::max(time_, fabric_.scheduler.now());
  fabric_.counters.core_stall_cycles += time_ - wait_began_;
  fabric_.trace.span(track_, waited_for, wait_began_, time_);
  state_ = State::Running;
}

Result<bool> CoreProcessor::execute(const CoreInstruction& instruction) {
  std::size_t next = pc_ + 1;
  switch (instruction.op) {
    case CoreOp::Constant:
      reg(instruction.result) = instruction.immediate;
      break;
    case CoreOp::Copy:
      reg(instruction.result) = reg(instruction.a);
      break;
    case CoreOp::Unary:
    case CoreOp::Binary:
    case CoreOp::Compare: {
      const std::int64_t b = instruction.op == CoreOp::Unary ? 0 : reg(instruction.b);
      std::int64_t value = 0;
      if (const char* wrong = evaluate(instruction, reg(instruction.a), b, value)) {
        return fail(ErrorCode::DeviceError, wrong);
      }
      reg(instruction.result) = value;
      break;
    }
    case CoreOp::Select:
      reg(instruction.result) = reg(reg(instruction.a) != 0 ? instruction.b : instruction.c);
      break;
    case CoreOp::Load:
      if (auto loaded = load(instruction); !loaded) return fail(loaded.error());
      break;
    case CoreOp::Store:
      if (auto stored = store(instruction); !stored) return fail(stored.error());
      break;
    case CoreOp::Jump:
      next = static_cast<std::size_t>(instruction.target);
      break;
    case CoreOp::JumpIfNot:
      if (reg(instruction.a) == 0) next = static_cast<std::size_t>(instruction.target);
      break;
    case CoreOp::UseLock:
      if (auto used = use_lock(instruction); !used || !*used) return used;
      break;
    case CoreOp::Call:
      if (auto called = call(instruction); !called || !*called) return called;
      break;
    case CoreOp::Event:
      fabric_.trace.span(track_, "event " + std::to_string(instruction.immediate), time_,
                         time_ + npu::kScalarCycles);
      break;
    case CoreOp::PutStream:
    case CoreOp::PutCascade:
      if (auto put = put_word(instruction); !put || !*put) return put;
      break;
    case CoreOp::GetStream:
    case CoreOp::GetCascade:
      if (auto got = get_word(instruction); !got || !*got) return got;
      break;
    case CoreOp::End:
      end();
      return false;
  }
  pc_ = next;
  time_ += npu::kScalarCycles;
  fabric_.counters.core_busy_cycles += npu::kScalarCycles;
  return true;
}

std::int64_t CoreProcessor::lock_amount(const CoreInstruction& instruction) const {
  if (instruction.a < 0) return instruction.immediate;
  return registers_[static_cast<std::size_t>(instruction.a)];
}

Result<bool> CoreProcessor::use_lock(const CoreInstruction& instruction) {
  LockBank& locks = fabric_.tile(instruction.lock_tile)->locks();
  const auto amount = static_cast<int>(lock_amount(instruction));
  if (instruction.lock_action == LockAction::Release) {
    auto released = locks.release(instruction.lock, amount);
    if (!released) return fail(released.error());
  } else {
    auto acquired = locks.acquire(instruction.lock, instruction.lock_action, amount, *this);
    if (!acquired) return acquired;
    if (!*acquired) return wait(State::WaitingForLock);
    if (state_ != State::Running) {
      go_on(fabric_.trace.on() ? "wait for " + locks.name(instruction.lock) : std::string());
    }
  }
  time_ += npu::kLockCycles;
  fabric_.counters.core_busy_cycles += npu::kLockCycles;
  return true;
}

Result<bool> CoreProcessor::put(const Port& port, std::span<const std::uint32_t> words) {
  inlet_ = &fabric_.streams.inlet(port);
  auto put = fabric_.streams.put_words(*inlet_, words, *this);
  if (!put) return put;
  if (!*put) return wait(State::WaitingForRoom);
  go_on("wait for room in stream");
  return true;
}

Result<bool> CoreProcessor::get(const Port& port, std::span<std::uint32_t> words) {
  outlet_ = &fabric_.streams.outlet(port);
  // The words of a chunk arrive one per cycle. The last word of the FIFO arrives at last_in. Count
  // back from last_in to the arrival of the last word that this call takes.
  const Cycles behind = outlet_->fifo.size() - std::min(outlet_->fifo.size(), words.size());
  const Cycles arrival = outlet_->last_in - std::min(outlet_->last_in, behind);
  auto got = fabric_.streams.get_words(*outlet_, words, *this);
  if (!got) return got;
  if (!*got) return wait(State::WaitingForWord);
  go_on("wait for word");
  time_ = std::max(time_, arrival);
  return true;
}

Result<bool> CoreProcessor::put_word(const CoreInstruction& instruction) {
  std::array<std::uint32_t, npu::kCascadeWords> words{
      static_cast<std::uint32_t>(reg(instruction.a))};
  if (instruction.op == CoreOp::PutCascade) return put({tile_, PortKind::Cascade, 0}, words);
  const auto channel = static_cast<int>(reg(instruction.b));
  return put({tile_, PortKind::Core, channel}, std::span(words).first(1));
}

Result<bool> CoreProcessor::get_word(const CoreInstruction& instruction) {
  std::array<std::uint32_t, npu::kCascadeWords> words{};
  auto got = instruction.op == CoreOp::GetCascade
                 ? get({tile_, PortKind::Cascade, 0}, words)
                 : get({tile_, PortKind::Core, static_cast<int>(reg(instruction.b))},
                       std::span(words).first(1));
  if (!got || !*got) return got;
  reg(instruction.result) = as_register(instruction.type, static_cast<std::int32_t>(words[0]));
  return true;
}

Result<void> CoreProcessor::load(const CoreInstruction& instruction) {
  const std::size_t bytes = bytes_of(instruction.type);
  auto from = memory_.at(reg(instruction.a), reg(instruction.b), bytes);
  if (!from) return fail(from.error());
  std::int64_t pattern = 0;
  std::memcpy(&pattern, *from, bytes);
  reg(instruction.result) = as_register(instruction.type, pattern);
  return {};
}

Result<void> CoreProcessor::store(const CoreInstruction& instruction) {
  const std::size_t bytes = bytes_of(instruction.type);
  auto to = memory_.at(reg(instruction.a), reg(instruction.b), bytes);
  if (!to) return fail(to.error());
  std::memcpy(*to, &reg(instruction.c), bytes);
  return {};
}

/// Overwrites the bytes behind the stack, as a kernel does whose stack is too small. A core's stack
/// begins at address 0 and grows upwards.
void CoreProcessor::overflow_stack() {
  constexpr std::size_t kBytes = 64;
  const auto memory = fabric_.tile(tile_)->memory();
  if (stack_bytes_ + kBytes > memory.size()) return;
  std::ranges::fill(memory.subspan(stack_bytes_, kBytes), std::byte{0xa5});
}

Result<bool> CoreProcessor::call(const CoreInstruction& instruction) {
  if (!kernels_->under_way()) {
    arguments_.clear();
    for (const CallArgument& argument : instruction.arguments) {
      std::int64_t value = reg(argument.reg);
      if (argument.is_memory) {
        auto pointer = memory_.at(value, 0, 1);
        if (!pointer) return fail(pointer.error());
        value = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(*pointer));
      }
      arguments_.push_back(value);
    }
    call_began_ = time_;
  }
  auto returned = kernels_->run(pc_, arguments_, time_);
  if (!returned) {
    return fail(ErrorCode::DeviceError,
                "kernel '" + instruction.callee + "': " + returned.error().message);
  }
  if (!*returned) return false;
  if (fabric_.stacks_overflow) overflow_stack();
  if (instruction.result >= 0) reg(instruction.result) = kernels_->result();
  fabric_.trace.span(track_, instruction.callee, call_began_, time_);
  return true;
}

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/controller.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

#include "emulator/array/names.h"
#include "emulator/array/tile.h"

namespace npuwhisper::emu {
namespace {

/// Returns the i-th channel that a Sync waits for. The channels' tiles are ordered row by row.
ChannelId channel_of(const npu::Sync& sync, std::size_t i) {
  const auto n_columns = static_cast<std::size_t>(sync.n_columns);
  return {{sync.tile.column + static_cast<int>(i % n_columns),
           sync.tile.row + static_cast<int>(i / n_columns)},
          sync.mm2s,
          sync.channel};
}

std::size_t tokens_of(const npu::Sync& sync) {
  return static_cast<std::size_t>(sync.n_rows) * static_cast<std::size_t>(sync.n_columns);
}

std::size_t words_of(const npu::Instruction& instruction) {
  if (const auto* block = std::get_if<npu::BlockWrite>(&instruction)) return block->values.size();
  if (std::holds_alternative<npu::PatchAddress>(instruction)) return 2;
  return 1;
}

/// Returns the time that the controller takes for an instruction. A masked write reads first.
double seconds_of(const npu::Instruction& instruction) {
  const double accesses = std::holds_alternative<npu::MaskWrite>(instruction) ? 2 : 1;
  return accesses * npu::kInstructionSeconds +
         npu::kRegisterWordSeconds * static_cast<double>(words_of(instruction));
}

constexpr std::string_view kNames[] = {"write",    "block write", "mask write",
                                       "poll",     "sync",        "address patch",
                                       "load PDI", "no-op",       "preemption point"};
static_assert(std::variant_size_v<npu::Instruction> == std::size(kNames));

}  // namespace

void Controller::start(std::span<const npu::Instruction> instructions,
                       std::span<const std::uint64_t> arguments, Cycles at) {
  instructions_ = instructions;
  arguments_ = arguments;
  pc_ = 0;
  n_tokens_ = 0;
  time_ = std::max(time_, at);
  began_ = time_;
  if (!done()) fabric_.scheduler.schedule(*this, time_);
}

Result<void> Controller::act() {
  time_ = std::max(time_, fabric_.scheduler.now());
  while (!done()) {
    if (time_ > fabric_.scheduler.now() && !fabric_.scheduler.advance(time_)) {
      fabric_.scheduler.schedule(*this, time_);
      return {};
    }
    const npu::Instruction& instruction = instructions_[pc_];
    auto executed = execute(instruction);
    if (!executed) {
      return fail(executed.error().code, "instruction " + std::to_string(pc_) + " (" +
                                             std::string(kNames[instruction.index()]) +
                                             "): " + executed.error().message);
    }
    if (!*executed) return {};
    time_ += static_cast<Cycles>(seconds_of(instruction) * fabric_.clock.hertz);
    if (fabric_.trace.on()) {
      fabric_.trace.span(fabric_.trace.controller(), kNames[instruction.index()], began_, time_);
    }
    began_ = time_;
    ++pc_;
    ++fabric_.counters.n_instructions;
    n_tokens_ = 0;
  }
  return {};
}

Result<bool> Controller::execute(const npu::Instruction& instruction) {
  if (const auto* sync = std::get_if<npu::Sync>(&instruction)) return wait(*sync);
  if (const auto* polling = std::get_if<npu::MaskPoll>(&instruction)) return poll(*polling);
  Result<void> done;
  if (const auto* write = std::get_if<npu::Write32>(&instruction)) {
    done = registers_.write(write->address, write->value);
  } else if (const auto* block = std::get_if<npu::BlockWrite>(&instruction)) {
    std::uint32_t address = block->address;
    for (std::size_t i = 0; i < block->values.size() && done; ++i, address += 4) {
      done = registers_.write(address, block->values[i]);
    }
  } else if (const auto* masked = std::get_if<npu::MaskWrite>(&instruction)) {
    auto old = registers_.read(masked->address);
    if (!old) return fail(old.error());
    done =
        registers_.write(masked->address, (*old & ~masked->mask) | (masked->value & masked->mask));
  } else if (const auto* patched = std::get_if<npu::PatchAddress>(&instruction)) {
    done = patch(*patched);
  } else if (std::holds_alternative<npu::LoadPdi>(instruction)) {
    done = fail(ErrorCode::Unsupported, "loading another configuration is not modelled");
  }
  // A no-op does nothing. A preemption point does nothing either, because no other context waits.
  if (!done) return fail(done.error());
  return true;
}

Result<void> Controller::patch(const npu::PatchAddress& patch) {
  if (patch.argument < 0 || static_cast<std::size_t>(patch.argument) >= arguments_.size()) {
    return fail(ErrorCode::DeviceError, "it names argument " + std::to_string(patch.argument) +
                                            ", and the run has " +
                                            std::to_string(arguments_.size()));
  }
  return registers_.patch(patch.address,
                          arguments_[static_cast<std::size_t>(patch.argument)] + patch.offset);
}

Result<void> Controller::check(const npu::Sync& sync) const {
  if (sync.n_rows < 1 || sync.n_columns < 1) {
    return fail(ErrorCode::DeviceError, "it waits for " + std::to_string(sync.n_rows) +
                                            " rows and " + std::to_string(sync.n_columns) +
                                            " columns; expected at least one of each");
  }
  for (std::size_t i = 0; i < tokens_of(sync); ++i) {
    const ChannelId id = channel_of(sync, i);
    Tile* tile = fabric_.tile(id.tile);
    if (!tile || !tile->channel(id.mm2s, id.channel)) {
      return fail(ErrorCode::DeviceError,
                  "the design has no " + name_of(id.tile, id.mm2s, id.channel));
    }
  }
  return {};
}

Result<bool> Controller::wait(const npu::Sync& sync) {
  if (n_tokens_ == 0) {
    auto checked = check(sync);
    if (!checked) return fail(checked.error());
  }
  while (n_tokens_ < tokens_of(sync)) {
    if (!fabric_.tokens.take(channel_of(sync, n_tokens_), *this)) return false;
    ++n_tokens_;
    ++fabric_.counters.n_syncs;
  }
  return true;
}

Result<bool> Controller::poll(const npu::MaskPoll& poll) {
  auto value = registers_.read(poll.address);
  if (!value) return fail(value.error());
  if ((*value & poll.mask) == poll.value) return true;
  // If no actor is scheduled, nothing can change the value any more. Polling then stops, so that
  // the array can detect the hang.
  if (fabric_.scheduler.next() == Scheduler::kNever) return false;
  fabric_.scheduler.schedule(*this,
                             std::max(time_ + npu::kPollCycles, fabric_.scheduler.next() + 1));
  return false;
}

std::vector<ChannelId> Controller::missing_tokens() const {
  std::vector<ChannelId> missing;
  if (done()) return missing;
  if (const auto* sync = std::get_if<npu::Sync>(&instructions_[pc_])) {
    for (std::size_t i = n_tokens_; i < tokens_of(*sync); ++i) {
      missing.push_back(channel_of(*sync, i));
    }
  }
  return missing;
}

const npu::MaskPoll* Controller::polled() const {
  return done() ? nullptr : std::get_if<npu::MaskPoll>(&instructions_[pc_]);
}

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/context.h"

#include <cerrno>
#include <string>
#include <utility>

#include "emulator/driver/log.h"

namespace npuwhisper::emu {
namespace {

/// Interval at which a stuck run checks whether the device is lost.
constexpr std::chrono::milliseconds kStuckPoll{20};

std::span<std::uint32_t> words_of(const Buffer& buffer) {
  const auto bytes = buffer.host();
  return {reinterpret_cast<std::uint32_t*>(bytes.data()), bytes.size() / sizeof(std::uint32_t)};
}

}  // namespace

Context::Context(Device& device, const BufferTable& buffers, std::size_t record)
    : device_(device), buffers_(buffers), record_(record), thread_([this] { work(); }) {}

void Context::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stop_) return;
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  for (ComputeUnit& unit : units_) unload(unit);
}

int Context::configure(std::span<const std::shared_ptr<Buffer>> images) {
  const auto fault = device_.faults().next_load();
  for (std::size_t i = 0; i < images.size(); ++i) {
    // The firmware reads the image from memory, so it gets only synced content.
    const auto bytes = images[i]->device().first(images[i]->bytes());
    ComputeUnit unit;
    unit.image.assign(bytes.begin(), bytes.end());
    unit.is_dirty = fault == FaultKind::Dirty;
    device_.statistics().count([](DriverCounters& counters) { ++counters.n_loads; });
    const auto loaded = fault == FaultKind::Load
                            ? fail(ErrorCode::DeviceError, "the fault script refuses it")
                            : load(unit);
    if (!loaded) {
      log("the image of compute unit " + std::to_string(i) +
          " cannot be loaded: " + loaded.error().message);
      units_.clear();
      return EINVAL;
    }
    // The array holds one image at a time.
    if (!units_.empty()) unload(units_.back());
    units_.push_back(std::move(unit));
  }
  return 0;
}

Result<void> Context::load(ComputeUnit& unit) {
  bool empty = true;
  for (std::size_t i = 0; i < unit.image.size() && empty; ++i) {
    empty = unit.image[i] == std::byte{0};
  }
  if (empty) {
    return fail(ErrorCode::InvalidArgument,
                "it is all zero on the device; XRT syncs buffers through the driver only with "
                "Debug.force_driver_sync, which npuwhisper-emulate sets");
  }
  auto npu = device_.load(unit.image, unit.is_dirty);
  if (!npu) return fail(npu.error());
  unit.npu = std::move(*npu);
  unit.counted = unit.npu->counters();
  return {};
}

void Context::unload(ComputeUnit& unit) {
  if (!unit.npu) return;
  device_.write_trace(*unit.npu);
  unit.npu.reset();
}

int Context::submit(std::shared_ptr<Buffer> packet, std::vector<std::shared_ptr<Buffer>> pinned,
                    std::uint64_t& sequence) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stop_ || device_.is_lost() || n_outstanding_ < kMaxCommands; });
  if (stop_ || device_.is_lost()) return ENODEV;
  sequence = next_sequence_++;
  timeline_->submit(sequence);
  queue_.push_back({sequence, std::move(packet), std::move(pinned)});
  ++n_outstanding_;
  device_.registry().with(
      [&](ContextRegistry::Shared& shared) { ++shared.contexts[record_].n_submitted; });
  lock.unlock();
  changed_.notify_all();
  return 0;
}

void Context::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Command command = std::move(queue_.front());
    queue_.pop_front();
    const bool abort = stop_ || device_.is_lost() || command.sequence < abort_before_;
    lock.unlock();
    CommandResult result{.state = PacketState::Abort};
    if (!abort) result = execute(words_of(*command.packet));
    finish(command, result);
    lock.lock();
    --n_outstanding_;
    changed_.notify_all();
  }
}

void Context::finish(const Command& command, CommandResult result) {
  const auto packet = words_of(*command.packet);
  const auto opcode = packet_opcode(packet);
  if (opcode && *opcode == PacketOpcode::CommandChain && result.state != PacketState::Completed) {
    set_error_index(packet, result.member);
  }
  device_.registry().with([&](ContextRegistry::Shared& shared) {
    ++shared.contexts[record_].n_completed;
    if (result.state != PacketState::Completed) ++shared.contexts[record_].n_errors;
  });
  // The state releases programs that poll the packet. The signal releases programs that wait for
  // the timeline.
  set_state(packet, result.state);
  timeline_->signal(command.sequence);
}

CommandResult Context::execute(std::span<std::uint32_t> packet) {
  set_state(packet, PacketState::New);
  const auto opcode = packet_opcode(packet);
  if (opcode && *opcode == PacketOpcode::CommandChain) return execute_chain(packet);
  const auto run = parse_run(packet);
  if (!run) {
    log(run.error().message);
    return {.state = PacketState::Abort};
  }
  return {.state = execute_run(*run)};
}

CommandResult Context::execute_chain(std::span<std::uint32_t> packet) {
  const auto handles = parse_chain(packet);
  if (!handles) {
    log(handles.error().message);
    return {.state = PacketState::Abort};
  }
  // The kernel driver checks the whole chain before it submits any of its runs.
  std::vector<RunPacket> runs;
  std::vector<std::shared_ptr<Buffer>> packets;
  std::size_t bytes = 0;
  for (const std::uint32_t handle : *handles) {
    auto buffer = buffers_.find(handle);
    auto run = buffer && buffer->fd() >= 0
                   ? parse_run(words_of(*buffer))
                   : Result<RunPacket>(fail(ErrorCode::InvalidArgument,
                                            "no command buffer " + std::to_string(handle)));
    if (!run) {
      log("a chain's run " + std::to_string(runs.size()) + ": " + run.error().message);
      return {.state = PacketState::Abort};
    }
    bytes += kChainSlotBytes + run->payload_bytes;
    runs.push_back(std::move(*run));
    packets.push_back(std::move(buffer));
  }
  if (bytes > kChainBufferBytes) {
    log("a chain takes " + std::to_string(bytes) + " bytes, the driver's buffer has " +
        std::to_string(kChainBufferBytes));
    return {.state = PacketState::Abort};
  }
  for (std::uint32_t i = 0; i < runs.size(); ++i) {
    const PacketState state = execute_run(runs[i]);
    if (state != PacketState::Completed) {
      // The driver sets a member's own state only if the watchdog ended that member.
      if (state == PacketState::Timeout) set_state(words_of(*packets[i]), state);
      return {.state = state, .member = i};
    }
  }
  return {};
}

PacketState Context::execute_run(const RunPacket& run) {
  const auto failed = [&](PacketState state) {
    device_.statistics().count([](DriverCounters& counters) {
      ++counters.n_runs;
      ++counters.n_failed_runs;
    });
    return state;
  };
  const auto fault = device_.faults().next_run();
  RunFault run_fault = RunFault::None;
  if (fault) {
    switch (*fault) {
      case FaultKind::Error:
        log("a run fails, as the fault script requests");
        return failed(PacketState::Error);
      case FaultKind::Abort:
        log("a run is aborted, as the fault script requests");
        return failed(PacketState::Abort);
      case FaultKind::Timeout:
      case FaultKind::Hang:
        log("a run is stuck, as the fault script requests");
        return failed(stay_stuck(*fault == FaultKind::Timeout));
      case FaultKind::Lost:
        log("the device is lost, as the fault script requests");
        device_.lose();
        changed_.notify_all();
        return failed(PacketState::Abort);
      case FaultKind::Nothing:
        log("a run does nothing, as the fault script requests");
        device_.statistics().count([](DriverCounters& counters) { ++counters.n_runs; });
        return PacketState::Completed;
      case FaultKind::Task:
        run_fault = RunFault::DroppedTask;
        break;
      case FaultKind::Sync:
        run_fault = RunFault::SkippedSync;
        break;
      case FaultKind::Stale:
        run_fault = RunFault::StaleDescriptor;
        break;
      case FaultKind::Short:
        run_fault = RunFault::ShortTransfer;
        break;
      case FaultKind::Stack:
        run_fault = RunFault::StackOverflow;
        break;
      case FaultKind::Load:
      case FaultKind::Dirty:
        break;
    }
  }
  ComputeUnit* unit = prepare(run.cu);
  if (unit == nullptr) return failed(PacketState::Error);
  RunMemory stream(buffers_);
  RunMemory memory(buffers_, run.host_offset);
  const auto bytes = stream.at(run.instructions, std::size_t{run.n_words} * 4);
  if (bytes.empty() || run.instructions % 4 != 0) {
    log("a run's " + std::to_string(run.n_words) + " instruction words at device address " +
        std::to_string(run.instructions) + " are not inside one buffer");
    return failed(PacketState::Error);
  }
  const RunOutcome outcome =
      unit->npu->run({reinterpret_cast<const std::uint32_t*>(bytes.data()), run.n_words},
                     run.arguments, memory, run_fault);
  const Counters counters = unit->npu->counters();
  device_.statistics().add_array(unit->counted, counters);
  unit->counted = counters;
  switch (outcome.state) {
    case RunState::Completed:
      device_.statistics().count([](DriverCounters& driver) { ++driver.n_runs; });
      return PacketState::Completed;
    case RunState::Error:
      log("a run fails: " + outcome.message);
      return failed(PacketState::Error);
    case RunState::Hung:
      log("a run is stuck: " + outcome.message);
      return failed(stay_stuck(true));
  }
  return failed(PacketState::Error);
}

Context::ComputeUnit* Context::prepare(int index) {
  if (static_cast<std::size_t>(index) >= units_.size()) {
    log("a run on compute unit " + std::to_string(index) + " of a context that has " +
        std::to_string(units_.size()));
    return nullptr;
  }
  ComputeUnit& unit = units_[static_cast<std::size_t>(index)];
  if (unit.npu) return &unit;
  for (ComputeUnit& other : units_) unload(other);
  const auto loaded = load(unit);
  if (!loaded) {
    log("the image of compute unit " + std::to_string(index) +
        " cannot be loaded again: " + loaded.error().message);
    return nullptr;
  }
  return &unit;
}

PacketState Context::stay_stuck(bool watched) {
  using Clock = std::chrono::steady_clock;
  const auto watchdog = watched ? device_.watchdog() : std::nullopt;
  const auto end = Clock::now() + watchdog.value_or(std::chrono::milliseconds(0));
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (device_.is_lost()) return PacketState::Abort;
    if (watchdog && Clock::now() >= end) {
      log("the watchdog ends a stuck run, and the commands behind it");
      abort_before_ = next_sequence_;
      // prepare() configures the array again for the next run.
      lock.unlock();
      for (ComputeUnit& unit : units_) unload(unit);
      return PacketState::Timeout;
    }
    changed_.wait_for(lock, kStuckPoll);
  }
  return PacketState::Timeout;
}

}  // namespace npuwhisper::emu

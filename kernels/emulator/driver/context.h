// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "emulator/driver/buffer_table.h"
#include "emulator/driver/device.h"
#include "emulator/driver/packet.h"
#include "emulator/driver/timeline.h"

namespace npuwhisper::emu {

/// What a run or a chain ended in, and which member of a chain it was.
struct CommandResult {
  PacketState state = PacketState::Completed;
  std::uint32_t member = 0;
};

/// A hardware context: an array of its own with an image, and a queue of commands that a thread of
/// its own executes in order. Thread-safe.
///
/// A run that gets stuck holds up its context, as on silicon, until the driver's watchdog ends it
/// (state TIMEOUT; what is queued behind it: ABORT; the array is configured anew) or the context is
/// destroyed. Contexts do not hold up each other: that npu2 gives its array to one context after
/// the other is not modelled.
class Context {
 public:
  /// Commands that can be outstanding; submit() waits for room, as xdna-driver does.
  static constexpr std::size_t kMaxCommands = 4;

  Context(Device& device, const BufferTable& buffers, std::size_t record);
  ~Context() { stop(); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  std::size_t record() const { return record_; }  ///< In the device's registry.
  const std::shared_ptr<Timeline>& timeline() const { return timeline_; }

  /// Loads the images of the compute units, in this order. 0, or EINVAL with a line in the log.
  int configure(std::span<const std::shared_ptr<Buffer>> images);

  /// Queues a command packet. The buffers in `pinned` live until it is done. 0, or ENODEV.
  int submit(std::shared_ptr<Buffer> packet, std::vector<std::shared_ptr<Buffer>> pinned,
             std::uint64_t& sequence);

  /// Ends what is outstanding, once and for all: a stuck run in TIMEOUT, what is queued in ABORT.
  void stop();

  /// Buffers of the driver in the client's heap, which live as long as the context.
  void keep(std::shared_ptr<Buffer> buffer) { kept_.push_back(std::move(buffer)); }

 private:
  struct ComputeUnit {
    std::vector<std::byte> image;
    std::unique_ptr<Npu> npu;  ///< Of the unit whose image is in the array; else null.
    Counters counted;          ///< Of npu, as they are in the statistics.
  };
  struct Command {
    std::uint64_t sequence;
    std::shared_ptr<Buffer> packet;
    std::vector<std::shared_ptr<Buffer>> pinned;
  };

  void work();
  CommandResult execute(std::span<std::uint32_t> packet);
  CommandResult execute_chain(std::span<std::uint32_t> packet);
  PacketState execute_run(const RunPacket& run);
  /// The array with the compute unit's image in it; nullptr: there is no such unit, or it failed.
  ComputeUnit* prepare(int index);
  Result<void> load(ComputeUnit& unit);
  void unload(ComputeUnit& unit);
  /// The state that a stuck run ends in. watched: the watchdog sees it.
  PacketState stay_stuck(bool watched);
  void finish(const Command& command, CommandResult result);

  Device& device_;
  const BufferTable& buffers_;
  const std::size_t record_;
  const std::shared_ptr<Timeline> timeline_ = std::make_shared<Timeline>();
  std::vector<std::shared_ptr<Buffer>> kept_;
  std::vector<ComputeUnit> units_;  ///< Written before the first command, then the thread's.

  std::mutex mutex_;  ///< Guards what follows.
  std::condition_variable changed_;
  std::deque<Command> queue_;
  std::size_t n_outstanding_ = 0;  ///< Queued and running.
  std::uint64_t next_sequence_ = 0;
  std::uint64_t abort_before_ = 0;  ///< Commands that the watchdog found queued.
  bool stop_ = false;

  std::thread thread_;
};

}  // namespace npuwhisper::emu

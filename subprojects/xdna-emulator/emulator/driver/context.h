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

/// The final state of a run or a chain, and the member of the chain that determined the state.
struct CommandResult {
  PacketState state = PacketState::Completed;
  std::uint32_t member = 0;
};

/// A hardware context: an array of its own with an image, and a queue of commands that the
/// context's thread executes in order. Thread-safe.
///
/// As on silicon, a stuck run blocks its context until the context is destroyed, the device is
/// lost, or the driver's watchdog ends the run. If the watchdog ends the run, the run has state
/// TIMEOUT and the commands queued after the run end in state ABORT. The next run configures the
/// array again. Contexts do not block each other. Contexts of a real npu2 take turns on the array.
/// The emulator does not model these turns.
class Context {
 public:
  /// Maximum number of outstanding commands. submit() waits for room, as xdna-driver does.
  static constexpr std::size_t kMaxCommands = 4;

  Context(Device& device, const BufferTable& buffers, std::size_t record);
  ~Context() { stop(); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  std::size_t record() const { return record_; }  ///< Index in the device's registry.
  const std::shared_ptr<Timeline>& timeline() const { return timeline_; }

  /// Loads the images of the compute units, in this order. Returns 0, or EINVAL after logging why
  /// an image cannot be loaded.
  int configure(std::span<const std::shared_ptr<Buffer>> images);

  /// Queues a command packet and sets `sequence` to its number. Blocks while kMaxCommands commands
  /// are outstanding. The buffers in `pinned` stay alive until the command is done. Returns 0, or
  /// ENODEV if the context is stopped or the device is lost.
  int submit(std::shared_ptr<Buffer> packet, std::vector<std::shared_ptr<Buffer>> pinned,
             std::uint64_t& sequence);

  /// Stops the context permanently and waits until all outstanding commands have ended. A stuck run
  /// ends in state TIMEOUT. Any other run continues to its end. Queued commands end in state ABORT.
  void stop();

  /// Keeps a buffer that the driver has allocated in the client's heap until the context is
  /// destroyed.
  void keep(std::shared_ptr<Buffer> buffer) { kept_.push_back(std::move(buffer)); }

 private:
  struct ComputeUnit {
    std::vector<std::byte> image;
    bool is_dirty = false;     ///< See Npu::load().
    std::unique_ptr<Npu> npu;  ///< Null unless the unit's image is in the array.
    Counters counted;          ///< Counters of `npu` that the statistics include.
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
  /// Returns the compute unit, with its image in the array. Returns nullptr if there is no such
  /// unit or the image cannot be loaded.
  ComputeUnit* prepare(int index);
  Result<void> load(ComputeUnit& unit);
  void unload(ComputeUnit& unit);
  /// Blocks until a stuck run ends. Returns the run's final state. If `watched` is true, the
  /// watchdog ends the run after its timeout.
  PacketState stay_stuck(bool watched);
  void finish(const Command& command, CommandResult result);

  Device& device_;
  const BufferTable& buffers_;
  const std::size_t record_;
  const std::shared_ptr<Timeline> timeline_ = std::make_shared<Timeline>();
  std::vector<std::shared_ptr<Buffer>> kept_;
  std::vector<ComputeUnit> units_;  ///< Used only by thread_ from the first command until stop().

  std::mutex mutex_;  ///< Guards queue_, n_outstanding_, next_sequence_, abort_before_ and stop_.
  std::condition_variable changed_;
  std::deque<Command> queue_;
  std::size_t n_outstanding_ = 0;  ///< Commands queued or running.
  std::uint64_t next_sequence_ = 0;
  std::uint64_t abort_before_ = 0;  ///< Queued commands with lower numbers end in state ABORT.
  bool stop_ = false;

  std::thread thread_;
};

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include <npuwhisper/result.h>

#include "array/buffer_descriptor.h"
#include "emulator/array/address_walk.h"
#include "emulator/array/dma_window.h"
#include "emulator/array/scheduler.h"
#include "emulator/array/stream.h"
#include "emulator/array/token_box.h"
#include "emulator/array/trace.h"

namespace npuwhisper::emu {

struct Fabric;
class Tile;

/// One direction of one DMA channel: S2MM (stream to memory) or MM2S (memory to stream). Takes
/// tasks from its queue. For each descriptor of a task's chain, acquires a lock, moves the words
/// and releases a lock. Both locks are optional.
class ChannelProcessor final : public Actor, public StreamSource, public StreamSink {
 public:
  enum class State : std::uint8_t {
    Idle,            ///< Has no task.
    WaitingForLock,  ///< Waits for the descriptor's lock.
    Ready,           ///< Can move words; the stream decides when.
    Moving,          ///< Moves words until the channel's next act.
  };

  ChannelProcessor(ChannelId id, Tile& tile, Fabric& fabric);

  /// Queues a task, as a write to the queue register does. The running task does not count as
  /// queued, as in AMD's library aie-rt: four more tasks may wait. Errors: DeviceError if the queue
  /// is full.
  Result<void> push(const npu::Task& task);
  /// Drops the running task and all queued tasks, as the reset bit of the channel's control
  /// register does.
  void reset();
  void set_pad_value(std::uint32_t value) { pad_value_ = value; }
  /// Sets the controller id, the packet id of the tokens that the channel issues from now on.
  void set_controller_id(int id) { controller_id_ = id; }

  Result<void> act() override;

  std::size_t available() const override { return state_ == State::Ready ? words_left() : 0; }
  std::size_t room() const override { return state_ == State::Ready ? words_left() : 0; }
  bool blocked() const override { return state_ == State::Idle || state_ == State::WaitingForLock; }
  Cycles ready_at() const override { return ready_at_; }
  void take(std::span<std::uint32_t> words) override;
  void put(std::span<const std::uint32_t> words) override;
  void taken(Cycles start, Cycles end) override { moved(start, end); }
  void filled(Cycles start, Cycles end) override { moved(start, end); }

  // Wait reports and registers read the state below.
  ChannelId id() const { return id_; }
  int controller_id() const { return controller_id_; }
  State state() const { return state_; }
  int descriptor_id() const { return descriptor_id_; }
  const npu::BufferDescriptor& descriptor() const { return descriptor_; }
  const DmaWindow& window() const { return window_; }
  std::size_t words_left() const { return walk_.remaining() + (header_left_ ? 1 : 0); }
  std::optional<npu::Task> task() const { return task_; }
  int runs_left() const { return runs_left_; }
  const std::deque<npu::Task>& queue() const { return queue_; }
  const Inlet* inlet() const { return inlet_; }
  const Outlet* outlet() const { return outlet_; }
  /// Returns whether the running task or a queued task will still read this descriptor. A
  /// descriptor in progress does not count, because the channel has already read it.
  bool will_use(int descriptor_id) const;

 private:
  Result<void> next_descriptor();
  Result<void> load(int descriptor_id);
  Result<void> start();
  Result<void> become_ready(Cycles overhead);
  Result<std::optional<int>> packet_id();
  Result<void> finish();
  Result<void> check() const;
  void become_blocked(State state);
  void moved(Cycles start, Cycles end);
  std::byte* memory();
  bool chain_reaches(int from, int descriptor_id) const;

  ChannelId id_;
  Tile& tile_;
  Fabric& fabric_;
  Inlet* inlet_ = nullptr;
  Outlet* outlet_ = nullptr;
  std::uint32_t pad_value_ = 0;
  int controller_id_ = 0;

  State state_ = State::Idle;
  std::deque<npu::Task> queue_;
  std::optional<npu::Task> task_;
  int runs_left_ = 0;
  int next_id_ = 0;  ///< Id of the chain's next descriptor.

  bool loaded_ = false;  ///< Whether the members below describe a descriptor in progress.
  int descriptor_id_ = -1;
  std::uint64_t descriptor_version_ = 0;
  npu::BufferDescriptor descriptor_;
  DmaWindow window_;
  AddressWalk walk_;
  bool header_left_ = false;
  bool task_is_new_ = false;
  Cycles ready_at_ = 0;

  Trace::Track track_ = 0;
  Cycles wait_began_ = 0;
  /// Time at which the last move of words ended. Before the first move, the earliest time at which
  /// words can move.
  Cycles moved_until_ = 0;
};

}  // namespace npuwhisper::emu

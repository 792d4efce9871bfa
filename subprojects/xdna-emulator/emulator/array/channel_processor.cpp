// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/channel_processor.h"

#include <algorithm>
#include <string>
#include <vector>

#include "emulator/array/fabric.h"
#include "emulator/array/names.h"
#include "emulator/array/packet.h"
#include "emulator/array/tile.h"

namespace npuwhisper::emu {

ChannelProcessor::ChannelProcessor(ChannelId id, Tile& tile, Fabric& fabric)
    : id_(id), tile_(tile), fabric_(fabric) {
  const Port port{id.tile, PortKind::Dma, id.channel};
  if (id.mm2s) {
    inlet_ = &fabric.streams.inlet(port);
    inlet_->source = this;
  } else {
    outlet_ = &fabric.streams.outlet(port);
    outlet_->sink = this;
  }
  if (fabric.trace.on()) {
    track_ =
        fabric.trace.track(id.tile, (id.mm2s ? "MM2S " : "S2MM ") + std::to_string(id.channel));
  }
}

Result<void> ChannelProcessor::push(const npu::Task& task) {
  if (queue_.size() >= static_cast<std::size_t>(npu::kQueueDepth)) {
    return fail(ErrorCode::DeviceError,
                name_of(id_.tile, id_.mm2s, id_.channel) +
                    ": task queue overflow: " + std::to_string(npu::kQueueDepth) +
                    " tasks wait behind the one that runs, and a " + "further one (descriptor " +
                    std::to_string(task.first) + ") is pushed");
  }
  queue_.push_back(task);
  if (state_ == State::Idle) fabric_.scheduler.schedule(*this, 0);
  return {};
}

void ChannelProcessor::reset() {
  queue_.clear();
  task_.reset();
  loaded_ = false;
  // If an act of this channel is still scheduled, it does nothing, or begins a task that was pushed
  // after the reset.
  state_ = State::Idle;
  if (inlet_) fabric_.streams.abandon(*inlet_);
}

Result<void> ChannelProcessor::act() {
  auto result = [&]() -> Result<void> {
    switch (state_) {
      case State::Idle:
        return next_descriptor();
      case State::WaitingForLock:
        return start();
      case State::Ready:
        return {};
      case State::Moving:
        if (words_left() > 0) return become_ready(0);
        return finish();
    }
    return {};
  }();
  if (result) return {};
  const std::string where = name_of(id_.tile, id_.mm2s, id_.channel);
  const std::string what =
      loaded_ ? where + ", descriptor " + std::to_string(descriptor_id_) + ": " : where + ": ";
  return fail(ErrorCode::DeviceError, what + result.error().message);
}

/// Begins the chain's next descriptor, or the next task.
Result<void> ChannelProcessor::next_descriptor() {
  if (!task_) {
    if (queue_.empty()) {
      become_blocked(State::Idle);
      return {};
    }
    task_ = queue_.front();
    queue_.pop_front();
    runs_left_ = task_->repeat + 1;
    next_id_ = task_->first;
    task_is_new_ = true;
  }
  auto is_loaded = load(next_id_);
  if (!is_loaded) return is_loaded;
  return start();
}

Result<void> ChannelProcessor::load(int descriptor_id) {
  loaded_ = false;
  auto descriptor = tile_.descriptors().load(descriptor_id);
  if (!descriptor) return fail(descriptor.error());
  descriptor_id_ = descriptor_id;
  descriptor_ = *descriptor;
  descriptor_version_ = tile_.descriptors().version(descriptor_id);
  loaded_ = true;
  auto checked = check();
  if (!checked) return checked;
  walk_ = AddressWalk(descriptor_);
  auto window = resolve(descriptor_, walk_.extent(), id_, fabric_);
  if (!window) return fail(window.error());
  window_ = *window;
  header_left_ = id_.mm2s && descriptor_.packet;
  wait_began_ = fabric_.scheduler.now();
  return {};
}

Result<void> ChannelProcessor::check() const {
  const npu::TileLimits& limits = tile_.limits();
  const int half = limits.n_descriptors / 2;
  if (limits.descriptors_by_parity && (descriptor_id_ >= half) != (id_.channel % 2 == 1)) {
    return fail(ErrorCode::DeviceError,
                "even channels reach descriptors 0 to " + std::to_string(half - 1) + ", odd ones " +
                    std::to_string(half) + " to " + std::to_string(limits.n_descriptors - 1));
  }
  if (descriptor_.length == 0) return fail(ErrorCode::DeviceError, "its length is 0");
  if (descriptor_.packet && descriptor_.suppress_tlast) {
    return fail(ErrorCode::Unsupported, "a packet without TLAST (suppress_tlast) is not modelled");
  }
  const auto pads = [](const npu::DescriptorDim& dim) {
    return dim.zeros_before != 0 || dim.zeros_after != 0;
  };
  if (!id_.mm2s && std::any_of(descriptor_.dims.begin(), descriptor_.dims.end(), pads)) {
    return fail(ErrorCode::DeviceError, "padding is for MM2S channels only");
  }
  return {};
}

Result<void> ChannelProcessor::start() {
  if (window_.acquire_tile) {
    const bool at_least = descriptor_.acquire_value < 0;
    auto acquired = window_.acquire_tile->locks().acquire(
        window_.acquire_lock, at_least ? LockAction::AcquireAtLeast : LockAction::AcquireEqual,
        at_least ? -descriptor_.acquire_value : descriptor_.acquire_value, *this);
    if (!acquired) return fail(acquired.error());
    if (!*acquired) {
      become_blocked(State::WaitingForLock);
      return {};
    }
    fabric_.trace.span(track_, "wait for lock", wait_began_, fabric_.scheduler.now());
  }
  Cycles overhead = npu::kDescriptorCycles;
  if (task_is_new_ && !window_.memory_tile) {
    overhead += static_cast<Cycles>(npu::kHostLatencySeconds * fabric_.clock.hertz);
  }
  task_is_new_ = false;
  moved_until_ = fabric_.scheduler.now() + overhead;
  return become_ready(overhead);
}

Result<void> ChannelProcessor::become_ready(Cycles overhead) {
  // Look up host memory before each transfer, because a context's buffers may change from run to
  // run.
  if (!window_.memory_tile && fabric_.host->at(window_.address, window_.bytes).empty()) {
    return fail(ErrorCode::DeviceError, "host addresses " + hexadecimal(window_.address) + " to " +
                                            hexadecimal(window_.address + window_.bytes) +
                                            " are not within one buffer of the context");
  }
  state_ = State::Ready;
  ready_at_ = fabric_.scheduler.now() + overhead;
  if (!id_.mm2s) {
    fabric_.streams.sink_ready(*outlet_);
    return {};
  }
  const auto id = packet_id();
  if (!id) return fail(id.error());
  auto ready = fabric_.streams.source_ready(*inlet_, *id);
  if (!ready && id->has_value() && !descriptor_.packet) {
    return fail(ready.error().code, ready.error().message +
                                        " (the descriptor adds no header, so the first word of its "
                                        "data is the header)");
  }
  return ready;
}

/// Returns the id of the packet that the transfer begins; empty for words without a packet, and for
/// the rest of a packet. If the descriptor adds no header, and a switch expects one, the first word
/// of the data is the header.
Result<std::optional<int>> ChannelProcessor::packet_id() {
  using Id = std::optional<int>;
  if (descriptor_.packet) return Id(static_cast<int>(descriptor_.packet_id));
  if (inlet_->current || !inlet_->takes_packets()) return Id();
  if (descriptor_.suppress_tlast) {
    return fail(ErrorCode::Unsupported, "a packet without TLAST (suppress_tlast) is not modelled");
  }
  std::uint32_t header = 0;
  if (const std::byte* from = memory()) AddressWalk(walk_).gather(from, pad_value_, {&header, 1});
  return Id(packet_id_of(header));
}

void ChannelProcessor::become_blocked(State state) {
  const bool is_new = state_ != state;
  state_ = state;
  if (is_new && outlet_) fabric_.streams.sink_blocked(*outlet_);
}

void ChannelProcessor::moved(Cycles start, Cycles end) {
  state_ = State::Moving;
  if (fabric_.trace.on()) {
    fabric_.trace.span(track_, "wait for stream", moved_until_, start);
    fabric_.trace.span(track_, "descriptor " + std::to_string(descriptor_id_),
                       std::max(start, moved_until_), end);
  }
  moved_until_ = end;
  fabric_.scheduler.schedule(*this, end);
}

std::byte* ChannelProcessor::memory() {
  if (window_.memory_tile) return window_.memory_tile->memory().data() + window_.address;
  const auto span = fabric_.host->at(window_.address, window_.bytes);
  if (!span.empty()) return span.data();
  fabric_.fault = name_of(id_.tile, id_.mm2s, id_.channel) + ", descriptor " +
                  std::to_string(descriptor_id_) + ": its host buffer no longer exists";
  return nullptr;
}

void ChannelProcessor::take(std::span<std::uint32_t> words) {
  if (header_left_ && !words.empty()) {
    words[0] = packet_header(descriptor_.packet_id, descriptor_.packet_type, id_.tile);
    words = words.subspan(1);
    header_left_ = false;
  }
  if (words.empty()) return;
  const std::byte* from = memory();
  if (!from) return;
  if (!window_.memory_tile) fabric_.counters.bytes_from_host += words.size_bytes();
  walk_.gather(from, pad_value_, words);
}

void ChannelProcessor::put(std::span<const std::uint32_t> words) {
  std::byte* to = memory();
  if (!to) return;
  if (!window_.memory_tile) fabric_.counters.bytes_to_host += words.size_bytes();
  walk_.scatter(to, words);
}

/// Completes the descriptor after its last word has moved.
Result<void> ChannelProcessor::finish() {
  ++fabric_.counters.n_descriptors;
  tile_.descriptors().advance_iteration(descriptor_id_, descriptor_version_);
  if (window_.release_tile) {
    auto released =
        window_.release_tile->locks().release(window_.release_lock, descriptor_.release_value);
    if (!released) return released;
  }
  loaded_ = false;
  next_id_ = static_cast<int>(descriptor_.next);
  if (!descriptor_.use_next) {
    next_id_ = task_->first;
    if (--runs_left_ == 0) {
      if (task_->issue_token) fabric_.tokens.issue(id_, controller_id_);
      task_.reset();
    }
  }
  return next_descriptor();
}

bool ChannelProcessor::will_use(int descriptor_id) const {
  if (task_) {
    const bool goes_on = !loaded_ || descriptor_.use_next;
    const int next = loaded_ ? static_cast<int>(descriptor_.next) : next_id_;
    if (goes_on && chain_reaches(next, descriptor_id)) return true;
    if (runs_left_ > 1 && chain_reaches(task_->first, descriptor_id)) return true;
  }
  return std::any_of(queue_.begin(), queue_.end(), [&](const npu::Task& task) {
    return chain_reaches(task.first, descriptor_id);
  });
}

bool ChannelProcessor::chain_reaches(int from, int descriptor_id) const {
  std::vector<bool> seen(static_cast<std::size_t>(tile_.descriptors().size()));
  while (from >= 0 && from < tile_.descriptors().size() && !seen[static_cast<std::size_t>(from)]) {
    if (from == descriptor_id) return true;
    seen[static_cast<std::size_t>(from)] = true;
    auto descriptor = tile_.descriptors().load(from);
    if (!descriptor || !descriptor->use_next) return false;
    from = static_cast<int>(descriptor->next);
  }
  return false;
}

}  // namespace npuwhisper::emu

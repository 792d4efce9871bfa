// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/wait_report.h"

#include <set>
#include <vector>

#include "emulator/array/names.h"
#include "emulator/array/tile.h"

namespace npuwhisper::emu {
namespace {

constexpr std::size_t kMaxLines = 60;
constexpr int kMaxDepth = 16;

/// A lock, and the value for which a core or a channel waits.
struct LockWait {
  Tile* tile = nullptr;
  int lock = 0;
  bool at_least = true;
  std::int64_t amount = 0;
};

/// Returns the number of words that a core sends in one step.
std::size_t words_at_once(const Port& port) {
  return port.kind == PortKind::Cascade ? npu::kCascadeWords : 1;
}

class Report {
 public:
  Report(const Fabric& fabric, std::span<const std::unique_ptr<CoreProcessor>> cores)
      : fabric_(fabric), cores_(cores) {}

  void controller(const Controller& controller) {
    std::string text = "the stream is at instruction " + std::to_string(controller.position()) +
                       " of " + std::to_string(controller.n_instructions());
    if (const npu::MaskPoll* poll = controller.polled()) {
      text += " and polls register " + hexadecimal(poll->address) + " for " +
              hexadecimal(poll->value) + " under mask " + hexadecimal(poll->mask);
    }
    line(0, text);
    for (const ChannelId& id : controller.missing_tokens()) {
      line(0, "it waits for a task-complete token of " + name_of(id.tile, id.mm2s, id.channel));
      const ChannelProcessor& channel = *fabric_.tile(id.tile)->channel(id.mm2s, id.channel);
      const bool will_tell = channel.task() && channel.task()->issue_token;
      if (channel.state() != ChannelProcessor::State::Idle && !will_tell) {
        line(1, "its task was pushed without a request to issue a token");
      }
      if (const std::string held = fabric_.tokens.why_held(id); !held.empty()) line(1, held);
      follow(channel, 1);
    }
  }

  void others() {
    bool is_first = true;
    const auto head = [&] {
      if (is_first) line(0, "also waiting:");
      is_first = false;
    };
    for (const auto& core : cores_) {
      if (core->state() == CoreProcessor::State::Ended || seen_.contains(core.get())) continue;
      head();
      follow(*core, 1);
    }
    for (const auto& tile : fabric_.tiles) {
      for (const auto& channel : tile->channels()) {
        if (channel->state() == ChannelProcessor::State::Idle || seen_.contains(channel.get())) {
          continue;
        }
        head();
        follow(*channel, 1);
      }
    }
  }

  std::string take() {
    if (n_dropped_ > 0) text_ += "\n  (and " + std::to_string(n_dropped_) + " more lines)";
    return text_;
  }

  void line(int depth, const std::string& text) {
    if (n_lines_ >= kMaxLines) {
      ++n_dropped_;
      return;
    }
    ++n_lines_;
    text_ += "\n" + std::string(static_cast<std::size_t>(depth + 1) * 2, ' ') + text;
  }

 private:
  void follow(const ChannelProcessor& channel, int depth) {
    const ChannelId id = channel.id();
    const std::string name = name_of(id.tile, id.mm2s, id.channel);
    if (channel.state() == ChannelProcessor::State::Idle) {
      line(depth, name + ": has no task");
      return;
    }
    if (!seen_.insert(&channel).second || depth > kMaxDepth) {
      line(depth, name + ": see above");
      return;
    }
    std::string text = name + ": descriptor " + std::to_string(channel.descriptor_id());
    if (const std::size_t n = channel.queue().size(); n > 0) {
      text += " (" + std::to_string(n) + (n == 1 ? " task" : " tasks") + " queued behind)";
    }
    switch (channel.state()) {
      case ChannelProcessor::State::WaitingForLock: {
        const bool at_least = channel.descriptor().acquire_value < 0;
        const std::int64_t amount = channel.descriptor().acquire_value;
        const DmaWindow& window = channel.window();
        locked(text,
               {window.acquire_tile, window.acquire_lock, at_least, at_least ? -amount : amount},
               depth);
        return;
      }
      case ChannelProcessor::State::Ready:
        if (id.mm2s) {
          line(depth, text + " has " + words(channel) + " left to send and waits for room");
          sinks(*channel.inlet(), depth + 1);
        } else {
          line(depth, text + " has " + words(channel) + " still to come and waits for them");
          sources(*channel.outlet(), depth + 1);
        }
        return;
      case ChannelProcessor::State::Moving:
      case ChannelProcessor::State::Idle:
        line(depth, text + " is moving");
        return;
    }
  }

  void follow(const CoreProcessor& core, int depth) {
    const std::string name = "core of " + name_of(core.tile());
    const CoreInstruction* instruction = core.instruction();
    if (!instruction) {
      line(depth, name + ": its program has ended");
      return;
    }
    if (!seen_.insert(&core).second || depth > kMaxDepth) {
      line(depth, name + ": see above");
      return;
    }
    const std::string text = name + ", line " + std::to_string(instruction->line) + ",";
    switch (core.state()) {
      case CoreProcessor::State::WaitingForLock:
        locked(text,
               {fabric_.tile(instruction->lock_tile), instruction->lock,
                instruction->lock_action == LockAction::AcquireAtLeast,
                core.lock_amount(*instruction)},
               depth);
        return;
      case CoreProcessor::State::WaitingForRoom:
        line(depth, text + " waits for room in the stream from " + name_of(core.inlet()->port));
        sinks(*core.inlet(), depth + 1);
        return;
      case CoreProcessor::State::WaitingForWord:
        line(depth, text + " waits for a word at " + name_of(core.outlet()->port));
        sources(*core.outlet(), depth + 1);
        return;
      case CoreProcessor::State::Running:
      case CoreProcessor::State::Ended:
        line(depth, text + " is running");
        return;
    }
  }

  static std::string words(const ChannelProcessor& channel) {
    return std::to_string(channel.words_left()) + " of " +
           std::to_string(channel.descriptor().length) + " words";
  }

  void locked(const std::string& who, const LockWait& wait, int depth) {
    line(depth, who + " waits for " + wait.tile->locks().describe(wait.lock) + " to be " +
                    (wait.at_least ? "at least " : "equal to ") + std::to_string(wait.amount));
    bool found = false;
    for (const auto& core : cores_) {
      for (const CoreInstruction& i : core->program().code) {
        if (i.op == CoreOp::UseLock && i.lock_action == LockAction::Release &&
            i.lock_tile == wait.tile->id() && i.lock == wait.lock) {
          found = true;
          follow(*core, depth + 1);
          break;
        }
      }
    }
    for (const auto& tile : fabric_.tiles) {
      for (const auto& channel : tile->channels()) {
        if (!releases(*channel, *tile, wait)) continue;
        found = true;
        follow(*channel, depth + 1);
      }
    }
    if (!found) line(depth + 1, "no core and no task releases it");
  }

  /// Returns whether the channel will begin a descriptor that releases the lock.
  bool releases(const ChannelProcessor& channel, Tile& tile, const LockWait& wait) const {
    for (int id = 0; id < tile.descriptors().size(); ++id) {
      if (!channel.will_use(id)) continue;
      auto descriptor = tile.descriptors().load(id);
      if (!descriptor) continue;
      auto window = resolve(*descriptor, 1, channel.id(), fabric_);
      if (window && window->release_tile == wait.tile && window->release_lock == wait.lock) {
        return true;
      }
    }
    return false;
  }

  void sinks(const Inlet& inlet, int depth) {
    if (inlet.streams.empty()) line(depth, "no stream begins there");
    for (const Stream* stream : inlet.streams) {
      if (inlet.current && inlet.current != stream) continue;
      for (const Stream::Branch& branch : stream->branches) {
        const Outlet& outlet = *branch.outlet;
        const bool is_open =
            outlet.sink ? outlet.sink->room() > 0 : outlet.space() >= words_at_once(outlet.port);
        if (outlet.owner && outlet.owner != stream) {
          line(depth, name_of(outlet.port) + " is taken by a packet of " +
                          name_of(outlet.owner->inlet->port));
          source(outlet.owner->inlet->port, depth + 1);
        } else if (!is_open) {
          sink(outlet, depth);
        }
      }
    }
  }

  void sink(const Outlet& outlet, int depth) {
    if (outlet.port.kind != PortKind::Dma) {
      line(depth, name_of(outlet.port) + " is full (" + std::to_string(outlet.fifo.size()) +
                      " words that have not been taken)");
      core_at(outlet.port.tile, depth + 1);
      return;
    }
    follow(*fabric_.tile(outlet.port.tile)->channel(false, outlet.port.channel), depth);
  }

  void sources(const Outlet& outlet, int depth) {
    if (outlet.streams.empty()) line(depth, "no stream ends there");
    for (const Stream* stream : outlet.streams) source(stream->inlet->port, depth);
  }

  void source(const Port& port, int depth) {
    if (port.kind == PortKind::Dma) {
      follow(*fabric_.tile(port.tile)->channel(true, port.channel), depth);
    } else if (port.kind == PortKind::Control) {
      line(depth, name_of(port) + ": has no answer to send");
    } else {
      core_at(port.tile, depth);
    }
  }

  void core_at(npu::TileId tile, int depth) {
    for (const auto& core : cores_) {
      if (core->tile() == tile) return follow(*core, depth);
    }
    line(depth, name_of(tile) + " has no program");
  }

  const Fabric& fabric_;
  std::span<const std::unique_ptr<CoreProcessor>> cores_;
  std::set<const void*> seen_;
  std::string text_;
  std::size_t n_lines_ = 0;
  std::size_t n_dropped_ = 0;
};

std::string describe(const std::string& head, const Fabric& fabric, const Controller& controller,
                     std::span<const std::unique_ptr<CoreProcessor>> cores) {
  Report report(fabric, cores);
  report.controller(controller);
  report.others();
  return head + report.take();
}

}  // namespace

std::string describe_hang(const Fabric& fabric, const Controller& controller,
                          std::span<const std::unique_ptr<CoreProcessor>> cores) {
  return describe("the array is deadlocked: nothing can move, and the stream waits", fabric,
                  controller, cores);
}

std::string describe_endless(const Fabric& fabric, const Controller& controller,
                             std::span<const std::unique_ptr<CoreProcessor>> cores) {
  return describe("the stream waits while the array keeps moving without end", fabric, controller,
                  cores);
}

}  // namespace npuwhisper::emu

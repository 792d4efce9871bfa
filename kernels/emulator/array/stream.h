// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/array/scheduler.h"
#include "emulator/design.h"

namespace npuwhisper::emu {

class HostBandwidth;
struct Stream;

/// What feeds a stream with more than single words: an MM2S channel with a descriptor under way.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  virtual std::size_t available() const = 0;  ///< Words up to the end of the packet; 0: none now.
  virtual Cycles ready_at() const = 0;
  virtual void take(std::span<std::uint32_t> words) = 0;  ///< No more than available().
  virtual void taken(Cycles start, Cycles end) = 0;       ///< They left from `start` to `end`.
};

/// What drains a stream: an S2MM channel.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual std::size_t room() const = 0;  ///< Words it would take now; 0: none.
  virtual bool blocked() const = 0;      ///< Waits for a task or a lock: words pile up before it.
  virtual Cycles ready_at() const = 0;
  virtual void put(std::span<const std::uint32_t> words) = 0;  ///< No more than room().
  virtual void filled(Cycles start, Cycles end) = 0;  ///< They arrived from `start` to `end`.
};

/// Where streams begin: a port that a channel or a core sends to.
struct Inlet {
  Port port;
  std::vector<Stream*> streams;    ///< One, or one for each packet id.
  StreamSource* source = nullptr;  ///< None: a core.
  Stream* current = nullptr;       ///< Where the words at hand go.
  bool header_pending = false;     ///< The next word is a packet's header.
  Actor* writer = nullptr;         ///< A core that waits for room.
};

/// Where streams end, with the words that wait there.
struct Outlet {
  Port port;
  std::vector<Stream*> streams;
  StreamSink* sink = nullptr;  ///< None: a core, which takes words one by one.
  std::deque<std::uint32_t> fifo;
  std::size_t capacity = 0;
  Cycles last_in = 0;       ///< When the last word in the FIFO arrived.
  Stream* owner = nullptr;  ///< The stream whose packet is passing.
  Actor* reader = nullptr;  ///< A core that waits for a word.

  std::size_t space() const { return capacity - fifo.size(); }
};

struct Stream {
  struct Branch {
    Outlet* outlet = nullptr;
    Cycles latency = 0;
  };
  Inlet* inlet = nullptr;
  std::vector<Branch> branches;
  std::optional<int> packet_id;
  bool keep_packet_header = false;
};

/// All streams of an array. The model: words go straight from a source to its sinks, as many at
/// once as the source has and every sink takes (broadcast moves when all can). Where a sink is
/// blocked, kStreamWords words pile up before it, and then the source is stopped. Switches are not
/// shared between streams but at their ends: packets to one destination pass one after the other,
/// whole.
class StreamNetwork {
 public:
  StreamNetwork(Scheduler& scheduler, HostBandwidth& host) : scheduler_(scheduler), host_(host) {}
  StreamNetwork(const StreamNetwork&) = delete;
  StreamNetwork& operator=(const StreamNetwork&) = delete;

  /// Errors: InvalidArgument (a port with two circuits), Unsupported (a kind of port).
  Result<void> add(const Route& route);

  /// The port's end, made if no route uses it: then nothing ever flows there.
  Inlet& inlet(const Port& port);
  Outlet& outlet(const Port& port);
  const std::map<Port, std::unique_ptr<Inlet>>& inlets() const { return inlets_; }
  const std::map<Port, std::unique_ptr<Outlet>>& outlets() const { return outlets_; }

  /// A source has words, of a packet with this id or of a circuit. Errors: DeviceError (no route).
  Result<void> source_ready(Inlet& inlet, std::optional<int> packet_id);
  void sink_ready(Outlet& outlet);
  void sink_blocked(Outlet& outlet);

  /// A core's words (one of a stream, kCascadeWords of a cascade), all at once. False: the core
  /// waits and is scheduled when it may be possible. Errors: DeviceError (no stream).
  Result<bool> put_words(Inlet& inlet, std::span<const std::uint32_t> words, Actor& core);
  Result<bool> get_words(Outlet& outlet, std::span<std::uint32_t> words, Actor& core);

  /// The source is reset: what it had not sent stays behind.
  void abandon(Inlet& inlet);

 private:
  bool grant(Stream& stream);
  bool move(Stream& stream, Cycles drained_at);
  void push(Outlet& outlet, std::span<const std::uint32_t> words, Cycles at);
  void finish_packet(Stream& stream);
  void retry(Outlet& outlet);
  void wake_writers(Outlet& outlet);

  Scheduler& scheduler_;
  HostBandwidth& host_;
  std::map<Port, std::unique_ptr<Inlet>> inlets_;
  std::map<Port, std::unique_ptr<Outlet>> outlets_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::uint32_t> words_;  ///< On their way within one call.
};

}  // namespace npuwhisper::emu

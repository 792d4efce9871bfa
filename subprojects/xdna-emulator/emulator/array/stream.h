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

/// A source that sends many words at a time to a stream, for example an MM2S channel with a
/// descriptor in progress.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  virtual std::size_t available() const = 0;  ///< Number of words that can be sent now.
  virtual Cycles ready_at() const = 0;
  /// Removes the next words from the source and stores them in `words`. The size of `words` is at
  /// most available().
  virtual void take(std::span<std::uint32_t> words) = 0;
  /// Tells the source that its words leave from `start` to `end`. Called after take().
  virtual void taken(Cycles start, Cycles end) = 0;
};

/// A receiver of the words of a stream, for example an S2MM channel.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual std::size_t room() const = 0;  ///< Number of words that the sink accepts now.
  /// Returns whether the sink waits for a task or a lock. The outlet queues the words for a sink
  /// that waits.
  virtual bool blocked() const = 0;
  virtual Cycles ready_at() const = 0;
  virtual void put(std::span<const std::uint32_t> words) = 0;  ///< Accepts at most room() words.
  /// Tells the sink that its words arrive from `start` to `end`. Called after put().
  virtual void filled(Cycles start, Cycles end) = 0;
};

/// A port at which streams start: a DMA channel, a core or a control port sends words to it.
struct Inlet {
  Port port;
  /// Streams that start here: one without packets, or one for each packet id.
  std::vector<Stream*> streams;
  StreamSource* source = nullptr;  ///< Source of the words; null if a core calls put_words().
  /// Stream that carries the source's words; null if the source sends nothing.
  Stream* current = nullptr;
  bool header_pending = false;  ///< Whether the next word is a packet's header.
  Actor* writer = nullptr;      ///< Core that waits for room; null if none.

  /// Returns whether the streams carry packets.
  bool takes_packets() const;
};

/// A port at which streams end, with the words that are queued there.
struct Outlet {
  Port port;
  std::vector<Stream*> streams;
  StreamSink* sink = nullptr;  ///< Receiver of the words; null if a core calls get_words().
  std::deque<std::uint32_t> fifo;
  std::size_t capacity = 0;
  Cycles last_in = 0;       ///< Time at which the last word in the FIFO arrived.
  Stream* owner = nullptr;  ///< Stream whose packet holds the port; null if none.
  Actor* reader = nullptr;  ///< Core that waits for a word; null if none.

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

/// All streams of an array. Words move directly from a source to its sinks. One step moves as many
/// words as the source has and every sink accepts, so a broadcast moves only when all its sinks can
/// accept words. Up to Outlet::capacity words queue up at a core or a blocked sink. Then the source
/// stalls. Streams compete for destinations, but not for the switches on their paths. Packets to
/// one destination pass one after another and are never interleaved.
class StreamNetwork {
 public:
  StreamNetwork(Scheduler& scheduler, HostBandwidth& host) : scheduler_(scheduler), host_(host) {}
  StreamNetwork(const StreamNetwork&) = delete;
  StreamNetwork& operator=(const StreamNetwork&) = delete;

  /// Adds a stream for a route. Streams may share a port only if all of them carry packets. Streams
  /// with the same source need different packet ids. Errors: InvalidArgument (a port that the
  /// streams may not share), Unsupported (a kind of port that is not modelled, or packets that a
  /// core creates).
  Result<void> add(const Route& route);

  /// Returns the inlet of a port. If no route begins at the port, creates an inlet without streams.
  Inlet& inlet(const Port& port);
  /// Returns the outlet of a port. If no route ends at the port, creates an outlet without streams.
  Outlet& outlet(const Port& port);
  const std::map<Port, std::unique_ptr<Inlet>>& inlets() const { return inlets_; }
  const std::map<Port, std::unique_ptr<Outlet>>& outlets() const { return outlets_; }

  /// Signals that a source has words. `packet_id` is the id of the words' packet; empty for words
  /// without a packet. Errors: DeviceError (no route).
  Result<void> source_ready(Inlet& inlet, std::optional<int> packet_id);
  void sink_ready(Outlet& outlet);
  void sink_blocked(Outlet& outlet);

  /// Sends all words of a core, or none: one word to a stream, kCascadeWords words to a cascade.
  /// Returns false if there is no room. The core then waits, and is scheduled when a retry may
  /// succeed. Errors: DeviceError (no stream).
  Result<bool> put_words(Inlet& inlet, std::span<const std::uint32_t> words, Actor& core);
  /// Receives all words for a core, or none: one word from a stream, kCascadeWords words from a
  /// cascade. Returns false if not all words have arrived. The core then waits, and is scheduled
  /// when a retry may succeed. Errors: DeviceError (no stream).
  Result<bool> get_words(Outlet& outlet, std::span<std::uint32_t> words, Actor& core);

  /// Ends the transfer of a source that is being reset, and releases the arbiters that its packet
  /// holds.
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
  std::vector<std::uint32_t> words_;  ///< Buffer for the words that one call moves.
};

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/stream.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "emulator/array/host_bandwidth.h"
#include "emulator/array/names.h"

namespace npuwhisper::emu {
namespace {

/// Maximum number of words that move in one act. A larger number would let one channel use host
/// memory for too long. A smaller number would need more acts.
constexpr std::size_t kMaxWords = 4096;

Cycles less(Cycles a, Cycles b) {
  return a > b ? a - b : 0;
}

bool is_host(const Port& port) {
  return port.kind == PortKind::Dma && port.tile.row == 0;
}

int switches_between(npu::TileId a, npu::TileId b) {
  return std::abs(a.column - b.column) + std::abs(a.row - b.row) + 1;
}

/// Returns whether words go to the sink without buffering. The buffer of a ready sink is empty,
/// because sink_ready() drains it first.
bool takes_directly(const Outlet& outlet) {
  return outlet.sink && outlet.sink->room() > 0;
}

bool carries_words(PortKind kind) {
  return kind == PortKind::Dma || kind == PortKind::Core || kind == PortKind::Cascade ||
         kind == PortKind::Control;
}

}  // namespace

bool Inlet::takes_packets() const {
  return !streams.empty() && streams.front()->packet_id.has_value();
}

Inlet& StreamNetwork::inlet(const Port& port) {
  auto& slot = inlets_[port];
  if (!slot) {
    slot = std::make_unique<Inlet>();
    slot->port = port;
  }
  return *slot;
}

Outlet& StreamNetwork::outlet(const Port& port) {
  auto& slot = outlets_[port];
  if (!slot) {
    slot = std::make_unique<Outlet>();
    slot->port = port;
  }
  return *slot;
}

Result<void> StreamNetwork::add(const Route& route) {
  for (const Port& port : route.destinations) {
    if (!carries_words(port.kind)) {
      return fail(ErrorCode::Unsupported, "a stream to " + name_of(port) + " is not modelled");
    }
  }
  if (!carries_words(route.source.kind)) {
    return fail(ErrorCode::Unsupported,
                "a stream from " + name_of(route.source) + " is not modelled");
  }
  if (route.packet_id && route.source.kind != PortKind::Dma &&
      route.source.kind != PortKind::Control) {
    return fail(ErrorCode::Unsupported,
                "packets created by " + name_of(route.source) + " are not modelled");
  }

  auto stream = std::make_unique<Stream>();
  Inlet& from = inlet(route.source);
  for (const Stream* other : from.streams) {
    if (!route.packet_id || !other->packet_id || *other->packet_id == *route.packet_id) {
      return fail(ErrorCode::InvalidArgument,
                  name_of(route.source) +
                      " is the source of two streams with the same packet id (or without one)");
    }
  }
  stream->inlet = &from;
  stream->packet_id = route.packet_id;
  stream->keep_packet_header = route.keep_packet_header;
  for (const Port& port : route.destinations) {
    Outlet& to = outlet(port);
    for (const Stream* other : to.streams) {
      if (!route.packet_id || !other->packet_id) {
        return fail(ErrorCode::InvalidArgument,
                    name_of(port) + " is the destination of two streams that are not packets");
      }
    }
    const int switches = switches_between(route.source.tile, port.tile);
    to.capacity = port.kind == PortKind::Cascade ? npu::kCascadeValues * npu::kCascadeWords
                                                 : npu::kStreamWords;
    to.streams.push_back(stream.get());
    stream->branches.push_back({&to, npu::kSwitchCycles * static_cast<Cycles>(switches)});
  }
  from.streams.push_back(stream.get());
  streams_.push_back(std::move(stream));
  return {};
}

Result<void> StreamNetwork::source_ready(Inlet& inlet, std::optional<int> packet_id) {
  if (inlet.current) {  // The source has more words of the current transfer.
    move(*inlet.current, 0);
    return {};
  }
  for (Stream* stream : inlet.streams) {
    if (stream->packet_id && stream->packet_id != packet_id) continue;
    inlet.current = stream;
    inlet.header_pending = stream->packet_id.has_value();
    move(*stream, 0);
    return {};
  }
  const std::string what =
      packet_id ? "a packet with id " + std::to_string(*packet_id) : "words without a packet id";
  return fail(ErrorCode::DeviceError,
              name_of(inlet.port) + " sends " + what + ", but no stream accepts them");
}

void StreamNetwork::sink_ready(Outlet& outlet) {
  StreamSink& sink = *outlet.sink;
  const std::size_t n = std::min(outlet.fifo.size(), sink.room());
  const Cycles drain_began = std::max(sink.ready_at(), outlet.last_in);
  const Cycles drained_at = drain_began + n;
  if (n > 0) {
    const auto end = outlet.fifo.begin() + static_cast<std::ptrdiff_t>(n);
    words_.assign(outlet.fifo.begin(), end);
    outlet.fifo.erase(outlet.fifo.begin(), end);
    sink.put(words_);
  }
  // Words that wait at the stream's sources move in the same act as the buffered words. Otherwise,
  // a buffer that is full at the start would split the transfer into pieces of the buffer's size.
  bool moved = false;
  for (std::size_t i = 0; i < outlet.streams.size() && !moved && sink.room() > 0; ++i) {
    moved = move(*outlet.streams[i], n > 0 ? drained_at : 0);
  }
  if (n == 0) return;
  if (!moved) sink.filled(drain_began, drained_at);
  wake_writers(outlet);
}

void StreamNetwork::sink_blocked(Outlet& outlet) {
  retry(outlet);
}

void StreamNetwork::retry(Outlet& outlet) {
  // Iterate by index, because move() may end a packet and then reorders the streams.
  for (std::size_t i = 0; i < outlet.streams.size(); ++i) move(*outlet.streams[i], 0);
  wake_writers(outlet);
}

void StreamNetwork::wake_writers(Outlet& outlet) {
  if (outlet.space() == 0) return;
  for (const Stream* stream : outlet.streams) {
    if (Actor* writer = std::exchange(stream->inlet->writer, nullptr)) {
      scheduler_.schedule(*writer, 0);
    }
  }
}

/// Acquires the arbiters of all destinations for a packet. Drops the packet's header, the source's
/// next word, unless the stream keeps headers. Returns false if another packet holds one of the
/// arbiters.
bool StreamNetwork::grant(Stream& stream) {
  for (const Stream::Branch& branch : stream.branches) {
    if (branch.outlet->owner && branch.outlet->owner != &stream) return false;
  }
  for (const Stream::Branch& branch : stream.branches) branch.outlet->owner = &stream;
  stream.inlet->header_pending = false;
  if (!stream.keep_packet_header) {
    std::uint32_t header = 0;
    stream.inlet->source->take({&header, 1});
  }
  return true;
}

void StreamNetwork::push(Outlet& outlet, std::span<const std::uint32_t> words, Cycles at) {
  outlet.fifo.insert(outlet.fifo.end(), words.begin(), words.end());
  outlet.last_in = at;
  if (Actor* reader = std::exchange(outlet.reader, nullptr)) scheduler_.schedule(*reader, at);
}

/// Moves as many words as the source and all sinks allow. Sinks accept the words at `drained_at` or
/// later. Pass 0 if no sink drains its buffer in this act. Returns whether any words moved.
bool StreamNetwork::move(Stream& stream, Cycles drained_at) {
  Inlet& inlet = *stream.inlet;
  if (inlet.current != &stream || inlet.source->available() == 0) return false;
  StreamSource& source = *inlet.source;
  Cycles start = source.ready_at();
  if (inlet.header_pending) {
    if (!grant(stream)) return false;
    start += npu::kPacketCycles;
  }

  std::size_t n = std::min(source.available(), kMaxWords);
  bool host = is_host(inlet.port);
  for (const Stream::Branch& branch : stream.branches) {
    const Outlet& outlet = *branch.outlet;
    host = host || is_host(outlet.port);
    if (takes_directly(outlet)) {
      n = std::min(n, outlet.sink->room());
      const Cycles ready = std::max(outlet.sink->ready_at(), drained_at);
      start = std::max(start, less(ready, branch.latency));
    } else if (!outlet.sink || outlet.sink->blocked()) {
      n = std::min(n, outlet.space());
    } else {
      return false;  // The sink still moves earlier words and will call sink_ready().
    }
  }
  if (n == 0) return false;

  Cycles end = start + n / npu::kWordsPerCycle;
  if (host) end = std::max(end, host_.pass(start, n * sizeof(std::uint32_t)));
  words_.resize(n);
  source.take(words_);
  for (const Stream::Branch& branch : stream.branches) {
    Outlet& outlet = *branch.outlet;
    if (takes_directly(outlet)) {
      outlet.sink->put(words_);
      outlet.sink->filled(start + branch.latency, end + branch.latency);
    } else {
      push(outlet, words_, end + branch.latency);
    }
  }
  const bool done = source.available() == 0;
  source.taken(start, end);
  if (done) finish_packet(stream);
  return true;
}

void StreamNetwork::finish_packet(Stream& stream) {
  stream.inlet->current = nullptr;
  if (!stream.packet_id) return;
  for (const Stream::Branch& branch : stream.branches) {
    Outlet& outlet = *branch.outlet;
    if (outlet.owner != &stream) continue;
    outlet.owner = nullptr;
    // The arbiter is round-robin, so this stream moves to the end of the queue.
    const auto own = std::find(outlet.streams.begin(), outlet.streams.end(), &stream);
    std::rotate(outlet.streams.begin(), own + 1, outlet.streams.end());
    retry(outlet);
  }
}

void StreamNetwork::abandon(Inlet& inlet) {
  if (inlet.current) finish_packet(*inlet.current);
  inlet.header_pending = false;
}

Result<bool> StreamNetwork::put_words(Inlet& inlet, std::span<const std::uint32_t> words,
                                      Actor& core) {
  if (inlet.streams.empty()) {
    return fail(ErrorCode::DeviceError,
                "a core writes to " + name_of(inlet.port) + ", but no stream begins there");
  }
  Stream& stream = *inlet.streams.front();
  for (const Stream::Branch& branch : stream.branches) {
    if (branch.outlet->space() < words.size()) {
      inlet.writer = &core;
      return false;
    }
  }
  for (const Stream::Branch& branch : stream.branches) {
    Outlet& outlet = *branch.outlet;
    push(outlet, words, scheduler_.now() + branch.latency);
    if (takes_directly(outlet)) sink_ready(outlet);
  }
  return true;
}

Result<bool> StreamNetwork::get_words(Outlet& outlet, std::span<std::uint32_t> words, Actor& core) {
  if (outlet.streams.empty()) {
    return fail(ErrorCode::DeviceError,
                "a core reads " + name_of(outlet.port) + ", where no stream ends");
  }
  if (outlet.fifo.size() < words.size()) {
    outlet.reader = &core;
    return false;
  }
  const auto end = outlet.fifo.begin() + static_cast<std::ptrdiff_t>(words.size());
  std::copy(outlet.fifo.begin(), end, words.begin());
  outlet.fifo.erase(outlet.fifo.begin(), end);
  retry(outlet);
  return true;
}

}  // namespace npuwhisper::emu

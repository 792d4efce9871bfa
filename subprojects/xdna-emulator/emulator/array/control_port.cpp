// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/control_port.h"

#include <algorithm>
#include <bit>
#include <string>

#include "array/buffer_descriptor.h"
#include "emulator/array/names.h"
#include "emulator/array/packet.h"

namespace npuwhisper::emu {
namespace {

/// The first word of a control packet.
struct Command {
  std::uint32_t address;    ///< Byte address within the tile.
  std::size_t n_words;      ///< Number of words to write or to read.
  std::uint32_t operation;  ///< 0 and 2 write, 1 reads.
  std::uint32_t answer_id;  ///< Id of the packet that returns the words read.
};

constexpr std::uint32_t kRead = 1;
constexpr std::uint32_t kReserved = 3;

Command decode(std::uint32_t word) {
  return {word & 0xfffff, (word >> 20 & 3) + std::size_t{1}, word >> 22 & 3, word >> 24 & 0x1f};
}

}  // namespace

ControlPort::ControlPort(npu::TileId tile, Fabric& fabric, Registers& registers)
    : tile_(tile),
      fabric_(fabric),
      registers_(registers),
      inlet_(fabric.streams.inlet({tile, PortKind::Control, 0})),
      outlet_(fabric.streams.outlet({tile, PortKind::Control, 0})) {
  inlet_.source = this;
  outlet_.sink = this;
}

void ControlPort::put(std::span<const std::uint32_t> words) {
  received_.insert(received_.end(), words.begin(), words.end());
}

void ControlPort::filled(Cycles /*start*/, Cycles end) {
  takes_ = false;
  fabric_.scheduler.schedule(*this, end);
}

Result<void> ControlPort::act() {
  auto executed = execute_whole_packets();
  if (!executed) {
    return fail(executed.error().code,
                "control packet to " + name_of(tile_) + ": " + executed.error().message);
  }
  if (!takes_) {
    takes_ = true;
    ready_at_ = fabric_.scheduler.now();
    fabric_.streams.sink_ready(outlet_);
  }
  return offer();
}

Result<void> ControlPort::execute_whole_packets() {
  while (!received_.empty()) {
    const Command command = decode(received_.front());
    if (std::popcount(received_.front()) % 2 == 0) {
      return fail(ErrorCode::DeviceError,
                  "wrong parity in " + hexadecimal(received_.front()) + ", expected an odd one");
    }
    if (command.operation == kReserved) {
      return fail(ErrorCode::DeviceError, "operation 3 in " + hexadecimal(received_.front()) +
                                              ", expected a write or a read");
    }
    const bool reads = command.operation == kRead;
    if (!reads && received_.size() <= command.n_words) return {};
    received_.pop_front();
    std::vector<std::uint32_t> answer;
    if (reads) answer.push_back(packet_header(command.answer_id, 0, tile_));
    for (std::size_t i = 0; i < command.n_words; ++i) {
      const std::uint32_t address =
          npu::tile_address(tile_, command.address + 4 * static_cast<std::uint32_t>(i));
      if (reads) {
        auto value = registers_.read(address);
        if (!value) return fail(value.error());
        answer.push_back(*value);
      } else {
        auto written = registers_.write(address, received_.front());
        if (!written) return written;
        received_.pop_front();
      }
    }
    if (reads) answers_.push_back(std::move(answer));
  }
  return {};
}

/// Offers the first answer to the port's stream, unless the port already offers an answer.
Result<void> ControlPort::offer() {
  if (answers_.empty() || (sends_ && n_sent_ == 0)) return {};
  sends_ = true;
  ready_at_ = fabric_.scheduler.now();
  const auto id = packet_id_of(answers_.front().front());
  return fabric_.streams.source_ready(inlet_, id);
}

std::size_t ControlPort::available() const {
  return sends_ && !answers_.empty() ? answers_.front().size() - n_sent_ : 0;
}

void ControlPort::take(std::span<std::uint32_t> words) {
  const auto& answer = answers_.front();
  std::copy_n(answer.begin() + static_cast<std::ptrdiff_t>(n_sent_), words.size(), words.begin());
  n_sent_ += words.size();
}

void ControlPort::taken(Cycles /*start*/, Cycles end) {
  if (available() == 0) {
    answers_.pop_front();
    n_sent_ = 0;
  }
  sends_ = false;
  fabric_.scheduler.schedule(*this, end);
}

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "array/array_model.h"
#include "emulator/array/fabric.h"
#include "emulator/array/registers.h"
#include "emulator/array/scheduler.h"
#include "emulator/array/stream.h"

namespace npuwhisper::emu {

/// A tile's control port. Executes the control packets that arrive by stream. A control packet
/// reads or writes one to four words of the tile's registers or memory. The answer to a read is a
/// packet with the words. AMD's manual AM020 defines the format of control packets. A packet that
/// is malformed or makes an illegal access ends the simulation.
class ControlPort final : public Actor, public StreamSink, public StreamSource {
 public:
  ControlPort(npu::TileId tile, Fabric& fabric, Registers& registers);

  Result<void> act() override;

  // The functions below receive packets.
  std::size_t room() const override { return takes_ ? kRoom : 0; }
  bool blocked() const override { return false; }
  void put(std::span<const std::uint32_t> words) override;
  void filled(Cycles start, Cycles end) override;

  // The functions below send the answers.
  std::size_t available() const override;
  Cycles ready_at() const override { return ready_at_; }
  void take(std::span<std::uint32_t> words) override;
  void taken(Cycles start, Cycles end) override;

 private:
  static constexpr std::size_t kRoom = 64;

  Result<void> execute_whole_packets();
  Result<void> offer();

  npu::TileId tile_;
  Fabric& fabric_;
  Registers& registers_;
  Inlet& inlet_;
  Outlet& outlet_;
  bool takes_ = true;
  bool sends_ = false;
  std::deque<std::uint32_t> received_;
  std::deque<std::vector<std::uint32_t>> answers_;  ///< Answers to send, including their headers.
  std::size_t n_sent_ = 0;                          ///< Number of sent words of the first answer.
  Cycles ready_at_ = 0;
};

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/packet.h"

#include <gtest/gtest.h>

#include <string>

namespace npuwhisper::emu {
namespace {

std::uint32_t header(std::uint32_t opcode, std::uint32_t count, std::uint32_t further_masks = 0) {
  return 1 | further_masks << 10 | count << 12 | opcode << 23;
}

/// Returns the packet that XRT 2.25 sends for kernel(3, instructions, 16, buffer, buffer).
std::vector<std::uint32_t> run_packet() {
  return {header(0, 10), 1, 3, 0, 0x4008000, 0, 16, 0x11, 0x7f00, 0x22, 0x7f01};
}

TEST(Packet, ARunNamesItsInstructionsAndArguments) {
  const auto packet = run_packet();
  const auto run = parse_run(packet);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->cu, 0);
  EXPECT_EQ(run->instructions, 0x4008000u);
  EXPECT_EQ(run->n_words, 16u);
  EXPECT_EQ(run->arguments, (std::vector<std::uint64_t>{0x7f0000000011, 0x7f0100000022}));
  EXPECT_EQ(run->payload_bytes, 36u);
}

TEST(Packet, ComputeUnitsAreBitsOfMasks) {
  auto packet = run_packet();
  packet[1] = 0b1000;
  EXPECT_EQ(parse_run(packet)->cu, 3);
  packet[1] = 0;
  EXPECT_FALSE(parse_run(packet));
  // The packet has a second mask after an empty first mask.
  packet[0] = header(0, 11, 1);
  packet.insert(packet.begin() + 2, 0b10);
  const auto run = parse_run(packet);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->cu, 1);
  EXPECT_EQ(run->n_words, 16u);
}

TEST(Packet, ARunFromAnElfFileHasNoArguments) {
  const std::vector<std::uint32_t> packet = {header(20, 7), 1, 0x5000000, 0, 64, 0, 3, 0};
  const auto run = parse_run(packet);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->instructions, 0x5000000u);
  EXPECT_EQ(run->n_words, 16u);
  EXPECT_EQ(run->host_offset, 0x80000000u);
  EXPECT_TRUE(run->arguments.empty());
}

TEST(Packet, WhatIsNotModelledIsNamed) {
  auto packet = run_packet();
  packet[0] = header(21, 10);
  EXPECT_EQ(parse_run(packet).error().code, ErrorCode::Unsupported);
  EXPECT_NE(parse_run(packet).error().message.find("21"), std::string::npos);
  packet = run_packet();
  packet[2] = 2;
  EXPECT_EQ(parse_run(packet).error().code, ErrorCode::Unsupported);
  EXPECT_NE(parse_run(packet).error().message.find("opcode 2"), std::string::npos);
}

TEST(Packet, LengthsAreChecked) {
  EXPECT_FALSE(packet_opcode({}));
  for (const std::uint32_t count : {0u, 1u, 5u, 11u, 0x7ffu}) {
    auto packet = run_packet();
    packet[0] = header(0, count);
    EXPECT_FALSE(parse_run(packet)) << count;
  }
  const std::vector<std::uint32_t> odd = {header(20, 7), 1, 0x5000000, 0, 63, 0, 3, 0};
  EXPECT_FALSE(parse_run(odd));
}

std::vector<std::uint32_t> chain_packet(std::uint32_t n) {
  std::vector<std::uint32_t> packet = {header(19, 6 + 2 * n), n, 0, 0, 0, 0, 0};
  for (std::uint32_t i = 0; i < n; ++i) packet.insert(packet.end(), {100 + i, 0});
  return packet;
}

TEST(Packet, AChainNamesItsRuns) {
  const auto handles = parse_chain(chain_packet(3));
  ASSERT_TRUE(handles);
  EXPECT_EQ(*handles, (std::vector<std::uint32_t>{100, 101, 102}));
  EXPECT_TRUE(parse_chain(chain_packet(kMaxChainedRuns)));
  EXPECT_FALSE(parse_chain(chain_packet(kMaxChainedRuns + 1)));
  EXPECT_FALSE(parse_chain(chain_packet(0)));
  EXPECT_FALSE(parse_chain({}));
  auto packet = chain_packet(3);
  packet[1] = 4;  // The packet has words for only three handles.
  EXPECT_FALSE(parse_chain(packet));
  EXPECT_FALSE(parse_run(packet)) << "a chain within a chain";
}

TEST(Packet, TheStateIsWrittenAlone) {
  auto packet = chain_packet(2);
  const auto before = packet;
  set_state(packet, PacketState::Timeout);
  EXPECT_EQ(packet[0] & 0xf, static_cast<std::uint32_t>(PacketState::Timeout));
  EXPECT_EQ(packet[0] & ~0xfu, before[0] & ~0xfu);
  set_error_index(packet, 1);
  EXPECT_EQ(packet[3], 1u);
}

}  // namespace
}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

/// Command packets, as XRT lays them out in command buffers and the kernel driver reads and marks
/// them ("ERT" packets; core/include/ert.h in XRT, amdxdna_ctx.h in xdna-driver). Word 0 is the
/// header: state in bits 0-3, further CU masks in 10-11, count of the words that follow in 12-22,
/// opcode in 23-27.

enum class PacketOpcode : std::uint32_t {
  StartCu = 0,        ///< A run: the kernel's arguments, the instruction buffer among them.
  CommandChain = 19,  ///< Handles of runs' command buffers.
  StartNpu = 20,      ///< A run from an ELF file: instruction buffer first, already patched.
};

enum class PacketState : std::uint32_t {
  New = 1,
  Completed = 4,
  Error = 5,
  Abort = 6,
  Timeout = 8,
};

struct RunPacket {
  int cu = 0;
  std::uint64_t instructions = 0;  ///< Device address of the instruction stream.
  std::uint32_t n_words = 0;       ///< Its length.
  std::vector<std::uint64_t> arguments;
  std::uint64_t host_offset = 0;  ///< What the stream's host addresses have been increased by.
  std::size_t payload_bytes = 0;
};

/// At most this many runs are in a chain, and they must fit into the buffer in which the kernel
/// driver hands them to the firmware.
inline constexpr std::uint32_t kMaxChainedRuns = 64;
inline constexpr std::size_t kChainBufferBytes = 4096;
inline constexpr std::size_t kChainSlotBytes = 52;  ///< Of a run there, before its arguments.

/// Errors of these: InvalidArgument (malformed), Unsupported (an opcode that is not modelled).
Result<PacketOpcode> packet_opcode(std::span<const std::uint32_t> packet);
Result<RunPacket> parse_run(std::span<const std::uint32_t> packet);
/// The members' command buffers.
Result<std::vector<std::uint32_t>> parse_chain(std::span<const std::uint32_t> packet);

/// The user-mode driver polls the state while it is written here.
void set_state(std::span<std::uint32_t> packet, PacketState state);
/// Which member of a chain failed.
void set_error_index(std::span<std::uint32_t> packet, std::uint32_t index);

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

// Command packets ("ERT" packets). XRT writes packets to command buffers. The kernel driver reads
// the packets and sets their states. Sources: core/include/ert.h in XRT, amdxdna_ctx.h in
// xdna-driver. Word 0 is the header. Bits 0-3 hold the state, bits 10-11 the number of additional
// compute unit (CU) masks, bits 12-22 the number of words after the header, and bits 23-27 the
// opcode.

enum class PacketOpcode : std::uint32_t {
  StartCu = 0,  ///< Starts a run. Holds the kernel's arguments, including the instruction buffer.
  CommandChain = 19,  ///< Starts a chain. Holds the handles of its runs' command buffers.
  /// Starts a run from an ELF file. Holds the address and the size of the instruction stream. XRT
  /// has already written the arguments' addresses into the stream.
  StartNpu = 20,
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
  std::uint32_t n_words = 0;       ///< Length of the instruction stream in words.
  std::vector<std::uint64_t> arguments;
  std::uint64_t host_offset = 0;  ///< Offset that has been added to the stream's host addresses.
  std::size_t payload_bytes = 0;
};

/// Maximum number of runs in a chain. A chain's runs must also fit into kChainBufferBytes.
inline constexpr std::uint32_t kMaxChainedRuns = 64;
/// Size of the buffer in which the kernel driver passes a chain's runs to the firmware, in bytes.
inline constexpr std::size_t kChainBufferBytes = 4096;
/// Size of a run in a chain's buffer, in bytes, excluding its arguments.
inline constexpr std::size_t kChainSlotBytes = 52;

// The parsing functions have the errors InvalidArgument (malformed packet) and Unsupported (an
// opcode that is not modelled).
Result<PacketOpcode> packet_opcode(std::span<const std::uint32_t> packet);
Result<RunPacket> parse_run(std::span<const std::uint32_t> packet);
/// Returns the handles of the members' command buffers.
Result<std::vector<std::uint32_t>> parse_chain(std::span<const std::uint32_t> packet);

/// Sets the packet's state atomically, because the user-mode driver may be polling it.
void set_state(std::span<std::uint32_t> packet, PacketState state);
/// Stores the index of the failed member in the chain's packet.
void set_error_index(std::span<std::uint32_t> packet, std::uint32_t index);

}  // namespace npuwhisper::emu

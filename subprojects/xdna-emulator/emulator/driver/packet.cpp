// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/packet.h"

#include <atomic>
#include <bit>
#include <string>

namespace npuwhisper::emu {
namespace {

constexpr std::uint32_t kStateMask = 0xf;
constexpr std::uint32_t kTransactionStream = 3;  ///< Value of a kernel's argument "opcode".
/// A chain's header has a count, a submit index, an error index and three other words.
constexpr std::size_t kChainHeaderWords = 6;
constexpr std::uint64_t kHostOffset = 0x80000000;  ///< The array's address of host address 0.
/// START_NPU begins with an address (2 words), a size in bytes and a number of properties.
constexpr std::size_t kStartNpuWords = 4;

std::uint64_t pair(std::span<const std::uint32_t> words, std::size_t i) {
  return words[i] | std::uint64_t{words[i + 1]} << 32;
}

/// Returns the words after the compute unit (CU) masks. Returns no words if there is no header, if
/// the header's count exceeds the buffer, or if nothing follows the masks.
std::span<const std::uint32_t> payload(std::span<const std::uint32_t> packet, std::size_t n_masks) {
  if (packet.empty()) return {};
  const std::size_t count = packet[0] >> 12 & 0x7ff;
  if (count <= n_masks || 1 + count > packet.size()) return {};
  return packet.subspan(1 + n_masks, count - n_masks);
}

Failure malformed(const std::string& what) {
  return fail(ErrorCode::InvalidArgument, "command packet: " + what);
}

Result<RunPacket> parse_start_cu(std::span<const std::uint32_t> words, RunPacket run) {
  constexpr std::size_t kFixedWords = 5;
  if (words.size() < kFixedWords) {
    return malformed("a run has " + std::to_string(words.size()) +
                     " argument words, wanted at least 5 (opcode, instruction buffer, length)");
  }
  if (pair(words, 0) != kTransactionStream) {
    return fail(ErrorCode::Unsupported,
                "command packet: kernel opcode " + std::to_string(pair(words, 0)) +
                    ", only 3 (instruction stream in transaction encoding) is emulated");
  }
  run.instructions = pair(words, 2);
  run.n_words = words[4];
  for (std::size_t i = kFixedWords; i + 1 < words.size(); i += 2) {
    run.arguments.push_back(pair(words, i));
  }
  return run;
}

/// Parses START_NPU. The stream is complete: XRT has patched the arguments' addresses into it.
Result<RunPacket> parse_start_npu(std::span<const std::uint32_t> words, RunPacket run) {
  if (words.size() < kStartNpuWords) return malformed("START_NPU without an instruction buffer");
  if (words[2] % 4 != 0) {
    return malformed("START_NPU with " + std::to_string(words[2]) +
                     " bytes of instructions, wanted whole words");
  }
  run.instructions = pair(words, 0);
  run.n_words = words[2] / 4;
  run.host_offset = kHostOffset;
  return run;
}

}  // namespace

Result<PacketOpcode> packet_opcode(std::span<const std::uint32_t> packet) {
  if (packet.empty()) return malformed("empty");
  const std::uint32_t opcode = packet[0] >> 23 & 0x1f;
  switch (static_cast<PacketOpcode>(opcode)) {
    case PacketOpcode::StartCu:
    case PacketOpcode::CommandChain:
    case PacketOpcode::StartNpu:
      return static_cast<PacketOpcode>(opcode);
  }
  return fail(ErrorCode::Unsupported, "command packet: opcode " + std::to_string(opcode) +
                                          " is not emulated (0, 19 and 20 are)");
}

Result<RunPacket> parse_run(std::span<const std::uint32_t> packet) {
  const auto opcode = packet_opcode(packet);
  if (!opcode) return fail(opcode.error());
  if (*opcode == PacketOpcode::CommandChain) return malformed("a chain within a chain");
  const std::size_t n_masks = 1 + (packet[0] >> 10 & 3);
  const auto words = payload(packet, n_masks);
  if (words.empty()) return malformed("no payload, or more than its buffer holds");
  RunPacket run;
  run.payload_bytes = words.size_bytes();
  run.cu = -1;
  for (std::size_t i = 0; i < n_masks && run.cu < 0; ++i) {
    // Like the kernel driver, use the bit's position within its mask word, not within all mask
    // words.
    if (packet[1 + i] != 0) run.cu = std::countr_zero(packet[1 + i]);
  }
  if (run.cu < 0) return malformed("no compute unit is named");
  return *opcode == PacketOpcode::StartCu ? parse_start_cu(words, std::move(run))
                                          : parse_start_npu(words, std::move(run));
}

Result<std::vector<std::uint32_t>> parse_chain(std::span<const std::uint32_t> packet) {
  const auto words = payload(packet, 0);
  if (words.size() < kChainHeaderWords) return malformed("a chain without its header");
  const std::uint32_t n_runs = words[0];
  if (n_runs == 0 || n_runs > kMaxChainedRuns ||
      words.size() < kChainHeaderWords + 2 * std::size_t{n_runs}) {
    return malformed("a chain of " + std::to_string(n_runs) + " runs in " +
                     std::to_string(words.size()) + " words, wanted 1 to 64 runs of 2 words");
  }
  std::vector<std::uint32_t> handles;
  for (std::uint32_t i = 0; i < n_runs; ++i) handles.push_back(words[kChainHeaderWords + 2 * i]);
  return handles;
}

void set_state(std::span<std::uint32_t> packet, PacketState state) {
  std::atomic_ref<std::uint32_t> header(packet[0]);
  header.store(
      (header.load(std::memory_order_relaxed) & ~kStateMask) | static_cast<std::uint32_t>(state),
      std::memory_order_release);
}

void set_error_index(std::span<std::uint32_t> packet, std::uint32_t index) {
  packet[3] = index;
}

}  // namespace npuwhisper::emu

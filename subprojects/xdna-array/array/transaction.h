// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"

namespace npuwhisper::npu {

/// The operations of an NPU instruction stream (transaction encoding; see docs/npu.md). Addresses
/// are tile_address() values. The operations follow aie-rt's transaction structs and mlir-aie's
/// AIETargetNPU.
struct Write32 {
  std::uint32_t address, value;
};
struct BlockWrite {
  std::uint32_t address;
  std::vector<std::uint32_t> values;
};
struct MaskWrite {
  std::uint32_t address, value, mask;
};
struct MaskPoll {
  std::uint32_t address, value, mask;
};
/// Waits for a task-complete token from each of the n_rows x n_columns tiles that begin at `tile`.
struct Sync {
  TileId tile;
  bool mm2s;
  int channel;
  int n_rows, n_columns;
};
/// Writes the host address of the run's buffer number `argument`, plus `offset` bytes, into a shim
/// descriptor.
struct PatchAddress {
  /// Address of the descriptor's second word, which holds the lower part of the host address.
  std::uint32_t address;
  int argument;
  std::uint64_t offset;
};
struct LoadPdi {
  std::uint32_t id;  ///< Identifier of the PDI, 16 bits.
  std::uint32_t bytes = 0;
  std::uint64_t pdi_address = 0;
};
struct Noop {};
struct Preempt {
  std::uint32_t level;
};
using Instruction = std::variant<Write32, BlockWrite, MaskWrite, MaskPoll, Sync, PatchAddress,
                                 LoadPdi, Noop, Preempt>;

/// Returns the instruction that sets a channel's controller id (0 to 31), the packet id of the
/// channel's task-complete tokens. `kind` is the kind of `tile`. aiecc writes this instruction
/// before each task that issues a token (mlir-aie, AIEDmaToNpu).
MaskWrite controller_id_write(TileId tile, TileKind kind, bool mm2s, int channel, int id);

/// Encodes a stream, including its header, in form 0.1, which aiecc also writes. The header
/// contains the array's generation and number of rows, and `n_columns`. Tiles, channels and ids
/// have fewer bits in the stream than in the structs; the caller ensures that their values are in
/// range.
std::vector<std::uint32_t> encode(std::span<const Instruction> instructions,
                                  const ArrayModel& array, int n_columns);

/// Decodes a stream of form 0.1 or of the short form 1.0, and checks every word. Errors:
/// InvalidArgument, with the word's index, the value found and the value expected; Unsupported for
/// an operation that is not modelled.
Result<std::vector<Instruction>> decode(std::span<const std::uint32_t> words);

}  // namespace npuwhisper::npu

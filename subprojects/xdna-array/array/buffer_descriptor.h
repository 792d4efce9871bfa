// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <npuwhisper/result.h>

#include "array/array_model.h"

namespace npuwhisper::npu {

/// One dimension of a transfer: `wrap` steps of `step` 32-bit words. The outermost dimension has no
/// wrap field in the hardware (wrap 0). The length of the transfer ends this dimension.
struct DescriptorDim {
  std::uint32_t wrap = 0;
  std::uint32_t step = 1;
  /// Zeros that are sent before the dimension's data, in words for dimension 0 and in steps for the
  /// other dimensions. Only memory tiles can pad, and only on MM2S channels.
  std::uint32_t zeros_before = 0;
  std::uint32_t zeros_after = 0;  ///< In the same units as zeros_before.
};

/// Contents of a DMA buffer descriptor, for all three kinds of tiles. Fields that a kind lacks keep
/// their default values. Lengths and steps are in 32-bit words; `address` is in bytes. AM025
/// defines the positions of the fields.
struct BufferDescriptor {
  bool valid = false;
  /// Address in bytes. A shim has a host address of 48 bits. A memory tile has an address in its
  /// window of three memory tiles. A core has an address in its own memory.
  std::uint64_t address = 0;
  std::uint32_t length = 0;  ///< Number of 32-bit words that cross the stream, including padding.
  std::array<DescriptorDim, 4> dims{};
  std::uint32_t iteration_wrap = 1;  ///< Number of iterations, from 1 to 64.
  std::uint32_t iteration_step = 1;
  std::uint32_t iteration_current = 0;
  bool use_next = false;
  std::uint32_t next = 0;
  bool acquire_enable = false;
  /// Index of the lock. A memory tile's descriptor can access the locks of three memory tiles; the
  /// tile's own locks are 64..127.
  std::uint32_t acquire_lock = 0;
  /// If this value is negative, the descriptor acquires the lock when the lock's value is at least
  /// -acquire_value. Otherwise, the descriptor acquires the lock when the lock's value is equal to
  /// acquire_value.
  std::int32_t acquire_value = 0;
  std::uint32_t release_lock = 0;
  std::int32_t release_value = 0;  ///< If 0, the descriptor releases no lock.
  bool packet = false;
  std::uint32_t packet_id = 0;
  std::uint32_t packet_type = 0;
  bool suppress_tlast = false;
  /// For a shim, 64, 128, 256 or (on npu2) 512 bytes; 0 selects the longest burst. Must be 0 for
  /// other tiles.
  std::uint32_t burst_bytes = 0;
};

/// Returns the descriptor's registers: 8 words for a shim or memory tile, 6 for a core (the rest
/// are 0). Errors: InvalidArgument if a field does not fit. The message has the field, the value
/// and the limit.
Result<std::array<std::uint32_t, 8>> pack(const BufferDescriptor& descriptor, TileKind kind,
                                          const ArrayModel& array);

/// Reverses pack(), for exactly descriptor_words() words. Errors: InvalidArgument (number of words,
/// next descriptor or burst length), Unsupported (the words request compression, out-of-order or
/// secure access).
Result<BufferDescriptor> unpack(std::span<const std::uint32_t> words, TileKind kind,
                                const ArrayModel& array);
int descriptor_words(TileKind kind);

/// A write to a channel's queue register. The channel runs the chain of descriptors that begins
/// with `first`, then repeats it `repeat` times.
struct Task {
  int first = 0;
  int repeat = 0;
  bool issue_token = false;  ///< Signals completion to the instruction stream's Sync.
};
inline constexpr int kMaxRepeat = 255;
inline constexpr int kQueueDepth = 4;  ///< Number of tasks that a channel's queue can hold (AM020).

/// Returns the word to write to the queue register. Errors: InvalidArgument. The message has the
/// field, the value and the limit.
Result<std::uint32_t> pack_task(const Task& task, TileKind kind, const ArrayModel& array);
Task unpack_task(std::uint32_t word, TileKind kind);

/// descriptor_register(), queue_register(), channel_control_register() and lock_register() return
/// register addresses within a tile (AM025). Transactions and the emulator's registers use these
/// addresses. queue_register() returns the address of the channel's "task" or "start" queue, 4
/// bytes after the channel's control register.
std::uint32_t descriptor_register(TileKind kind, int id);
std::uint32_t queue_register(TileKind kind, bool mm2s, int channel);
std::uint32_t channel_control_register(TileKind kind, bool mm2s, int channel);
std::uint32_t lock_register(TileKind kind, int lock);

/// Field of a channel's control register (AM025) that holds the controller id: the packet id of the
/// channel's task-complete tokens. The field has 8 bits, of which a packet id uses the lower 5.
inline constexpr std::uint32_t kControllerIdMask = 0x1f00;
inline constexpr int kControllerIdLsb = 8;

/// Returns the address of a tile's register in transactions: column << 25 | row << 20 | offset.
constexpr std::uint32_t tile_address(TileId tile, std::uint32_t offset) {
  return static_cast<std::uint32_t>(tile.column) << 25 |
         static_cast<std::uint32_t>(tile.row) << 20 | offset;
}

}  // namespace npuwhisper::npu

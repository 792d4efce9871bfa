// SPDX-License-Identifier: LGPL-2.1-or-later
// This file computes words for the task queues, and register addresses. AM025 defines both.
#include <string>

#include "array/buffer_descriptor.h"
#include "array/transaction.h"

namespace npuwhisper::npu {

Result<std::uint32_t> pack_task(const Task& task, TileKind kind, const ArrayModel& array) {
  const int most = array.limits(kind).n_descriptors - 1;
  if (task.first < 0 || task.first > most) {
    return fail(ErrorCode::InvalidArgument, "DMA task: descriptor is " +
                                                std::to_string(task.first) + ", expected 0.." +
                                                std::to_string(most));
  }
  if (task.repeat < 0 || task.repeat > kMaxRepeat) {
    return fail(ErrorCode::InvalidArgument, "DMA task: repeat is " + std::to_string(task.repeat) +
                                                ", expected 0.." + std::to_string(kMaxRepeat));
  }
  return static_cast<std::uint32_t>(task.first) | static_cast<std::uint32_t>(task.repeat) << 16 |
         (task.issue_token ? 1U << 31 : 0U);
}

Task unpack_task(std::uint32_t word, TileKind kind) {
  const std::uint32_t mask = kind == TileKind::Mem ? 0x3f : 0xf;
  return {.first = static_cast<int>(word & mask),
          .repeat = static_cast<int>(word >> 16 & 0xff),
          .issue_token = (word >> 31) != 0};
}

std::uint32_t descriptor_register(TileKind kind, int id) {
  const std::uint32_t base = kind == TileKind::Mem ? 0xa0000 : 0x1d000;
  return base + 0x20 * static_cast<std::uint32_t>(id);
}

std::uint32_t channel_control_register(TileKind kind, bool mm2s, int channel) {
  std::uint32_t base = 0x1de00;
  std::uint32_t to_mm2s = 0x10;
  if (kind == TileKind::Shim) base = 0x1d200;
  if (kind == TileKind::Mem) {
    base = 0xa0600;
    to_mm2s = 0x30;
  }
  return base + (mm2s ? to_mm2s : 0) + 8 * static_cast<std::uint32_t>(channel);
}

std::uint32_t queue_register(TileKind kind, bool mm2s, int channel) {
  return channel_control_register(kind, mm2s, channel) + 4;
}

MaskWrite controller_id_write(TileId tile, TileKind kind, bool mm2s, int channel, int id) {
  return {.address = tile_address(tile, channel_control_register(kind, mm2s, channel)),
          .value = static_cast<std::uint32_t>(id) << kControllerIdLsb,
          .mask = kControllerIdMask};
}

std::uint32_t lock_register(TileKind kind, int lock) {
  std::uint32_t base = 0x1f000;
  if (kind == TileKind::Shim) base = 0x14000;
  if (kind == TileKind::Mem) base = 0xc0000;
  return base + 0x10 * static_cast<std::uint32_t>(lock);
}

}  // namespace npuwhisper::npu

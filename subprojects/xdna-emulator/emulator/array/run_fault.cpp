// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/run_fault.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "array/buffer_descriptor.h"

namespace npuwhisper::emu {
namespace {

using Stream = std::vector<npu::Instruction>;

/// A task of a shim's channel, as a stream starts it.
struct ShimTask {
  std::size_t start = 0;  ///< Index of the instruction that starts the task.
  npu::TileId shim;
  int descriptor = 0;
};

/// Returns the task that an instruction starts on a shim's channel of this direction.
std::optional<ShimTask> task_of(const Stream& stream, std::size_t i, bool mm2s,
                                const npu::ArrayModel& array) {
  const auto* write = std::get_if<npu::Write32>(&stream[i]);
  if (write == nullptr) return std::nullopt;
  const npu::TileId tile{static_cast<int>(write->address >> 25),
                         static_cast<int>(write->address >> 20 & 0x1f)};
  if (!array.contains(tile) || array.kind(tile) != npu::TileKind::Shim) return std::nullopt;
  const int n_channels = mm2s ? array.shim.n_mm2s_channels : array.shim.n_s2mm_channels;
  for (int channel = 0; channel < n_channels; ++channel) {
    const auto queue = npu::queue_register(npu::TileKind::Shim, mm2s, channel);
    if (write->address != npu::tile_address(tile, queue)) continue;
    return ShimTask{i, tile, npu::unpack_task(write->value, npu::TileKind::Shim).first};
  }
  return std::nullopt;
}

/// Returns the last task of a shim in this direction.
std::optional<ShimTask> last_task(const Stream& stream, bool mm2s, const npu::ArrayModel& array) {
  for (std::size_t i = stream.size(); i-- > 0;) {
    if (const auto task = task_of(stream, i, mm2s, array)) return task;
  }
  return std::nullopt;
}

/// Returns the index of the instruction that wrote the task's descriptor.
std::optional<std::size_t> descriptor_write(const Stream& stream, const ShimTask& task) {
  const auto address =
      npu::tile_address(task.shim, npu::descriptor_register(npu::TileKind::Shim, task.descriptor));
  for (std::size_t i = task.start; i-- > 0;) {
    const auto* block = std::get_if<npu::BlockWrite>(&stream[i]);
    if (block != nullptr && block->address == address) return i;
  }
  return std::nullopt;
}

/// Removes the instructions that wrote the task's descriptor: the block write, and the address
/// patch that may follow it.
void forget_descriptor(Stream& stream, const ShimTask& task) {
  const auto first = descriptor_write(stream, task);
  if (!first) return;
  const bool is_patched =
      *first + 1 < stream.size() && std::holds_alternative<npu::PatchAddress>(stream[*first + 1]);
  const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(*first);
  stream.erase(begin, begin + (is_patched ? 2 : 1));
}

void halve_length(Stream& stream, const ShimTask& task, const npu::ArrayModel& array) {
  const auto i = descriptor_write(stream, task);
  if (!i) return;
  auto& words = std::get<npu::BlockWrite>(stream[*i]).values;
  auto descriptor = npu::unpack(words, npu::TileKind::Shim, array);
  if (!descriptor) return;
  descriptor->length /= 2;
  const auto packed = npu::pack(*descriptor, npu::TileKind::Shim, array);
  if (packed) std::copy_n(packed->begin(), words.size(), words.begin());
}

}  // namespace

void inject(RunFault fault, Stream& stream, const npu::ArrayModel& array) {
  if (fault == RunFault::None) return;
  const auto task = last_task(stream, fault == RunFault::StaleDescriptor, array);
  switch (fault) {
    case RunFault::DroppedTask:
      if (task) stream.erase(stream.begin() + static_cast<std::ptrdiff_t>(task->start));
      return;
    case RunFault::SkippedSync:
      while (!stream.empty() && std::holds_alternative<npu::Sync>(stream.back())) stream.pop_back();
      return;
    case RunFault::StaleDescriptor:
      if (task) forget_descriptor(stream, *task);
      return;
    case RunFault::ShortTransfer:
      if (task) halve_length(stream, *task, array);
      return;
    case RunFault::None:
    case RunFault::StackOverflow:
      return;
  }
}

}  // namespace npuwhisper::emu

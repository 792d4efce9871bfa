// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/instruction_writer.h"

#include <cassert>

#include "design/design_spec.h"

namespace npuwhisper::npu {

void InstructionWriter::descriptor(TileId tile, int id, const BufferDescriptor& descriptor) {
  if (!result_) return;
  const TileKind kind = array_.kind(tile);
  const auto words = pack(descriptor, kind, array_);
  // An error of pack() means that the strides or lengths of the shape do not fit a descriptor.
  if (!words) return refuse({ErrorCode::Unsupported, words.error().message}, tile);
  const auto n_words = static_cast<std::size_t>(descriptor_words(kind));
  out_.emplace_back(BlockWrite{tile_address(tile, descriptor_register(kind, id)),
                               {words->begin(), words->begin() + static_cast<long>(n_words)}});
  ++n_descriptors_;
}

void InstructionWriter::host_descriptor(int column, int id, const BufferDescriptor& descriptor_in,
                                        int argument, std::uint64_t offset) {
  const TileId shim{column, 0};
  if (result_ && offset % 4 != 0) {
    return refuse({ErrorCode::InvalidArgument, "host address: offset is " + std::to_string(offset) +
                                                   ", expected a multiple of 4 bytes"},
                  shim);
  }
  descriptor(shim, id, descriptor_in);
  if (!result_) return;
  out_.emplace_back(PatchAddress{tile_address(shim, descriptor_register(TileKind::Shim, id) + 4),
                                 argument, offset});
}

void InstructionWriter::push(TileId tile, bool mm2s, int channel, const Task& task) {
  if (!result_) return;
  const TileKind kind = array_.kind(tile);
  const auto word = pack_task(task, kind, array_);
  if (!word) return refuse(word.error(), tile);
  if (task.issue_token) {
    assert(kind == TileKind::Shim);
    out_.emplace_back(controller_id_write(tile, kind, mm2s, channel, layout::kShimControllerId));
  }
  out_.emplace_back(Write32{tile_address(tile, queue_register(kind, mm2s, channel)), *word});
}

void InstructionWriter::sync(int channel, int n_columns) {
  if (!result_) return;
  out_.emplace_back(Sync{{0, 0}, false, channel, 1, n_columns});
  ++n_syncs_;
}

Result<void> InstructionWriter::result() const {
  return result_;
}

void InstructionWriter::refuse(const Error& error, TileId tile) {
  result_ = fail(error.code, "tile (" + std::to_string(tile.column) + ", " +
                                 std::to_string(tile.row) + "): " + error.message);
}

}  // namespace npuwhisper::npu

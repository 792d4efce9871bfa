// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

// The structures below describe object FIFOs and their links as they are in the MLIR text.

struct FifoConsumer {
  npu::TileId tile{};
  std::vector<BlockDim> dims{};  ///< Entry of the attribute dimensionsFromStreamPerConsumer.
  /// Depth of this consumer; empty unless the text lists the depth of each end.
  std::optional<int> depth{};
  int pinned_channel = -1;
};

struct Fifo {
  std::string name{};
  npu::TileId producer{};
  std::vector<FifoConsumer> consumers{};
  int depth = 0;                              ///< Depth of the producer's end.
  bool depth_list = false;                    ///< Whether the text lists the depth of each end.
  const mlir::Type* type = nullptr;           ///< Type of the producer's object, a memref.
  const mlir::Type* consumer_type = nullptr;  ///< Type of the consumers' object; `type` by default.
  std::vector<BlockDim> dims{};               ///< Value of the attribute dimensionsToStream.
  std::vector<BlockPadding> padding{};
  std::uint32_t pad_value = 0;
  bool via_dma = false;
  bool synchronised = true;
  std::optional<int> repeat{};
  std::optional<int> iterations{};  ///< Value of the attribute iter_count.
  /// Ends that use a stream port (aie_stream): 0 producer, 1 consumer, 2 both; -1 if none.
  int stream_end = -1;
  int stream_port = 0;
  int pinned_channel = -1;
  std::vector<std::vector<std::byte>> initial{};
  std::optional<npu::TileId> delegate{};  ///< Tile that aie.objectfifo.allocate names.
  int line = 0;
  const mlir::Operation* op = nullptr;
};

struct FifoLink {
  std::vector<int> ins{};  ///< Indices of the input FIFOs.
  std::vector<int> outs{};
  /// Offset of each input in the whole object, in elements.
  std::vector<std::int64_t> in_offsets{};
  std::vector<std::int64_t> out_offsets{};
  npu::TileId tile{};  ///< The tile that the FIFOs share.
  const mlir::Operation* op = nullptr;

  bool is_join() const { return ins.size() > 1; }
  bool is_distribute() const { return outs.size() > 1; }
};

/// Reads and checks aie.objectfifo and aie.objectfifo.allocate. Throws Refusal.
std::vector<Fifo> read_fifos(const DeviceDraft& draft);
/// Returns the index of the FIFO `name`, to which `op` refers. Throws Refusal if there is none.
int find_fifo(const std::vector<Fifo>& fifos, const std::string& name, const mlir::Operation& op);
/// Reads and checks aie.objectfifo.link (in fifo_links.cpp). Throws Refusal.
std::vector<FifoLink> read_links(const DeviceDraft& draft, const std::vector<Fifo>& fifos);

}  // namespace npuwhisper::emu::lowering

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

// Object FIFOs and their links, as the MLIR text describes them.

struct FifoConsumer {
  npu::TileId tile{};
  std::vector<BlockDim> dims{};  ///< Attribute dimensionsFromStream.
  std::optional<int> depth{};    ///< Set by a depth list.
  int pinned_channel = -1;
};

struct Fifo {
  std::string name{};
  npu::TileId producer{};
  std::vector<FifoConsumer> consumers{};
  int depth = 0;                              ///< The producer's depth.
  bool depth_list = false;                    ///< Whether the text lists the depth of each end.
  const mlir::Type* type = nullptr;           ///< The producer's object, a memref.
  const mlir::Type* consumer_type = nullptr;  ///< The consumers' object; `type` by default.
  std::vector<BlockDim> dims{};               ///< Attribute dimensionsToStream.
  std::vector<BlockPadding> padding{};
  std::uint32_t pad_value = 0;
  bool via_dma = false;
  bool synchronised = true;
  std::optional<int> repeat{};
  std::optional<int> iterations{};  ///< Attribute iter_count.
  int stream_end = -1;              ///< aie_stream: 0 producer, 1 consumer, 2 both; -1 if absent.
  int stream_port = 0;
  int pinned_channel = -1;
  std::vector<std::vector<std::byte>> initial{};
  std::optional<npu::TileId> delegate{};  ///< Tile of aie.objectfifo.allocate.
  int line = 0;
  const mlir::Operation* op = nullptr;
};

struct FifoLink {
  std::vector<int> ins{};  ///< Indices of FIFOs.
  std::vector<int> outs{};
  std::vector<std::int64_t> in_offsets{};  ///< In elements.
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

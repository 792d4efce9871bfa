// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "array/array_model.h"
#include "array/buffer_descriptor.h"
#include "emulator/core_program.h"

namespace npuwhisper::emu {

/// A buffer in the memory of a core tile or a memory tile.
struct Buffer {
  std::string name;
  npu::TileId tile;
  std::uint32_t address = 0;  ///< Offset in bytes from the start of the tile's memory.
  std::uint32_t bytes = 0;
  std::vector<std::byte> initial;  ///< Initial content; empty if the buffer is not initialised.
};

struct Lock {
  std::string name;
  npu::TileId tile;
  int id = 0;
  int initial = 0;
};

/// A task that the configuration queues on a DMA channel.
struct ChannelStart {
  int first_descriptor = 0;
  int repeat = 0;  ///< Number of runs after the first one.
  bool issue_token = false;
};

struct DmaChannel {
  npu::TileId tile;
  bool mm2s = false;
  int channel = 0;
  /// Word that the channel sends as padding (memory tiles, MM2S only).
  std::uint32_t pad_value = 0;
  /// Tasks in order. If empty, only instruction streams start the channel.
  std::vector<ChannelStart> starts;
};

struct TileDescriptor {
  npu::TileId tile;
  int id = 0;
  npu::BufferDescriptor descriptor;
};

/// Kind of a stream port. South is a shim's port to the host side, through which task-complete
/// tokens leave the array.
enum class PortKind : std::uint8_t { Dma, Core, Trace, Control, Fifo, Cascade, South };

struct Port {
  npu::TileId tile;
  PortKind kind = PortKind::Dma;
  int channel = 0;
  friend bool operator==(const Port&, const Port&) = default;
  friend auto operator<=>(const Port&, const Port&) = default;
};

/// A stream from one source to one or more destinations. A word moves when every destination
/// accepts it. The route is packet-switched if packet_id is set, otherwise circuit-switched.
/// Several packet-switched routes may share a source, where the id of a packet selects its route.
/// They may also share a destination, where packets are never interleaved. Destinations receive
/// packet headers only if keep_packet_header is set. A cascade is a route between two ports of kind
/// Cascade with channel 0.
struct Route {
  Port source;
  std::vector<Port> destinations;
  std::optional<int> packet_id;
  bool keep_packet_header = false;
};

struct Core {
  npu::TileId tile;
  CoreProgram program;
  std::uint32_t stack_bytes = 1024;
  std::vector<std::string> kernel_objects;  ///< Names of kernels in the image, from link_with.
};

/// Names a shim DMA channel for runtime sequences.
struct ShimAllocation {
  std::string symbol;
  npu::TileId tile;
  bool mm2s = false;
  int channel = 0;
  std::optional<int> packet_id;  ///< Id of the packets that the channel's descriptors send.
  int packet_type = 0;
};

/// A runtime sequence, compiled to an instruction stream.
struct RuntimeSequence {
  std::string name;
  int n_arguments = 0;
  std::vector<std::uint32_t> instructions;
};

/// A design after lowering: the registers, memories and programs that mlir-aie's aiecc would put
/// into a configuration. lower() creates a Design from MLIR-AIE text. Array executes it. Plain
/// data.
struct Design {
  std::string name;
  const npu::ArrayModel* array = nullptr;
  int n_columns = 0;
  std::vector<Buffer> buffers;
  std::vector<Lock> locks;
  std::vector<TileDescriptor> descriptors;
  std::vector<DmaChannel> channels;
  std::vector<Route> routes;
  std::vector<Core> cores;
  std::vector<ShimAllocation> shim_allocations;
  std::vector<RuntimeSequence> sequences;
};

}  // namespace npuwhisper::emu

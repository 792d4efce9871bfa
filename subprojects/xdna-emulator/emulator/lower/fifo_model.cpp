// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/fifo_model.h"

#include <algorithm>
#include <set>

#include "emulator/lower/initial_data.h"

namespace npuwhisper::emu::lowering {
namespace {

using mlir::Attribute;
using mlir::Operation;
using npu::TileId;
using npu::TileKind;

/// Limit far above the number of objects that fit in memory. Prevents overflows.
constexpr int kMaxDepth = 4096;

std::int64_t field(const Operation& op, const Attribute& of, std::string_view name) {
  const Attribute* value = of.field(name);
  if (value == nullptr || value->kind != mlir::AttributeKind::Integer || value->integer < 0 ||
      value->integer > 0x7fffffff) {
    refuse_op(op, "expects an integer '" + std::string(name) + "'");
  }
  return value->integer;
}

std::vector<BlockDim> dims(const Operation& op, const Attribute* array) {
  std::vector<BlockDim> result;
  if (array != nullptr) {
    for (const Attribute* dim : array->elements) {
      result.push_back({field(op, *dim, "size"), field(op, *dim, "stride")});
    }
  }
  return result;
}

const mlir::Type* element_type(const Operation& op, std::string_view name) {
  const mlir::Type& fifo = type(op, name);
  if (fifo.kind != mlir::TypeKind::ObjectFifo) {
    refuse_op(op, "expected an !aie.objectfifo<memref<...>> type, found " + fifo.text);
  }
  byte_size(*fifo.element, op.line);  // The call refuses dynamic shapes and unsupported elements.
  return fifo.element;
}

void read_depths(const Operation& op, Fifo& fifo) {
  const Attribute* depth = op.attribute("elemNumber");
  if (depth == nullptr) {
    refuse_op(op, "requires attribute 'elemNumber'");
  }
  if (depth->kind != mlir::AttributeKind::Array) {
    fifo.depth = static_cast<int>(integer(op, "elemNumber", 0, kMaxDepth));
    return;
  }
  const std::vector<std::int64_t> depths = integers(op, "elemNumber");
  if (depths.size() != fifo.consumers.size() + 1) {
    refuse_op(op, "does not have enough depths specified for producer and for each consumer.");
  }
  for (const std::int64_t one : depths) {
    if (one < 0 || one > kMaxDepth) {
      refuse_op(op, "depth " + std::to_string(one) + " must be between 0 and " +
                        std::to_string(kMaxDepth));
    }
  }
  fifo.depth_list = true;
  fifo.depth = static_cast<int>(depths[0]);
  for (std::size_t i = 0; i < fifo.consumers.size(); ++i) {
    fifo.consumers[i].depth = static_cast<int>(depths[i + 1]);
  }
}

void read_streams(const DeviceDraft& draft, const Operation& op, Fifo& fifo) {
  const auto end = optional_integer(op, "aie_stream", 0, 2);
  const auto port = optional_integer(op, "aie_stream_port", 0, 0);
  if (end.has_value() != port.has_value()) {
    refuse_op(op, end ? "`aie_stream_port` must be defined" : "`aie_stream` must be defined");
  }
  if (!end) {
    return;
  }
  fifo.stream_end = static_cast<int>(*end);
  fifo.stream_port = static_cast<int>(*port);
  if (fifo.consumers.size() > 1) {
    refuse_op(op, "`aie_stream` can only be used in 1-to-1 object FIFOs");
  }
  const bool produces = fifo.stream_end != 1;
  const bool consumes = fifo.stream_end != 0;
  if ((produces && draft.array->kind(fifo.producer) != TileKind::Core) ||
      (consumes && draft.array->kind(fifo.consumers[0].tile) != TileKind::Core)) {
    refuse_op(op, "`aie_stream` is not available for shim and mem tiles");
  }
  if (produces && fifo.repeat) {
    refuse_op(op, "`repeat_count` unavailable on stream end");
  }
  if (produces && !fifo.initial.empty()) {
    refuse_op(op, "`init_values` unavailable on stream end");
  }
  if ((produces && !fifo.dims.empty()) || !fifo.consumers[0].dims.empty()) {
    refuse_op(op, "data layout transformations are unavailable on stream end");
  }
}

void check(const DeviceDraft& draft, const Operation& op, const Fifo& fifo) {
  const TileKind producer = draft.array->kind(fifo.producer);
  bool memory_tile = producer == TileKind::Mem;
  if (producer == TileKind::Shim) {
    if (!fifo.dims.empty()) {
      refuse_op(op,
                "`dimensionsToStream` data layout transformations are not supported on shim "
                "tile producers");
    }
    if (fifo.repeat) {
      refuse_op(op, "`repeat_count` unavailable for shim tiles");
    }
    if (!fifo.initial.empty()) {
      refuse_op(op, "`init_values` unavailable for shim tiles");
    }
  }
  for (const FifoConsumer& consumer : fifo.consumers) {
    memory_tile = memory_tile || draft.array->kind(consumer.tile) == TileKind::Mem;
    if (draft.array->kind(consumer.tile) == TileKind::Shim && !consumer.dims.empty()) {
      refuse_op(op,
                "`dimensionsFromStreamPerConsumer` data layout transformations are not "
                "supported on shim tile consumers");
    }
  }
  if (fifo.iterations && !memory_tile) {
    refuse_op(op, "`iter_count` is currently only supported on MemTiles");
  }
  if (fifo.pad_value != 0 && fifo.padding.empty()) {
    refuse_op(op, "`padValue` requires `padDimensions`");
  }
  if (fifo.consumer_type != fifo.type) {
    const std::int64_t produced = element_count(*fifo.type, op.line);
    const std::int64_t consumed = element_count(*fifo.consumer_type, op.line);
    if (fifo.type->element->text != fifo.consumer_type->element->text) {
      refuse_op(op, "producer and consumer must have the same scalar element type, but got " +
                        fifo.type->element->text + " vs " + fifo.consumer_type->element->text);
    }
    if (consumed <= 0 || produced % consumed != 0) {
      refuse_op(op, "producer element size (" + std::to_string(produced) +
                        ") must be an integer multiple of consumer element size (" +
                        std::to_string(consumed) + ")");
    }
  }
}

Fifo read_fifo(const DeviceDraft& draft, const Operation& op) {
  know_attributes(
      op, {"sym_name", "elemNumber", "elemType", "consumerElemType", "dimensionsToStream",
           "dimensionsFromStreamPerConsumer", "via_DMA", "plio", "disable_synchronization",
           "repeat_count", "aie_stream", "aie_stream_port", "prod_dma_channel", "cons_dma_channels",
           "initValues", "padDimensions", "padValue", "iter_count"});
  if (op.operands.size() < 2) {
    refuse_op(op, "expects a producer and consumers");
  }
  if (flag(op, "plio")) {
    refuse_unmodelled(op.line, "'plio' (these arrays have none)");
  }
  Fifo fifo{
      .name = text(op, "sym_name"), .producer = draft.tile_of(op, 0), .line = op.line, .op = &op};
  const Attribute* from_stream = op.attribute("dimensionsFromStreamPerConsumer");
  for (std::size_t i = 1; i < op.operands.size(); ++i) {
    FifoConsumer consumer{.tile = draft.tile_of(op, i)};
    if (from_stream != nullptr && i - 1 < from_stream->elements.size()) {
      consumer.dims = dims(op, from_stream->elements[i - 1]);
    }
    fifo.consumers.push_back(std::move(consumer));
  }
  const std::vector<std::int64_t> pins = integers(op, "cons_dma_channels");
  for (std::size_t i = 0; i < pins.size() && i < fifo.consumers.size(); ++i) {
    fifo.consumers[i].pinned_channel = static_cast<int>(std::clamp<std::int64_t>(pins[i], -1, 99));
  }
  fifo.pinned_channel = static_cast<int>(integer_or(op, "prod_dma_channel", -1, 0, 99));
  fifo.dims = dims(op, op.attribute("dimensionsToStream"));
  fifo.type = element_type(op, "elemType");
  fifo.consumer_type = op.attribute("consumerElemType") != nullptr
                           ? element_type(op, "consumerElemType")
                           : fifo.type;
  fifo.via_dma = flag(op, "via_DMA");
  fifo.synchronised = !flag(op, "disable_synchronization");
  if (const auto repeat = optional_integer(op, "repeat_count", 1, 256)) {
    fifo.repeat = static_cast<int>(*repeat);
  }
  if (const auto iterations = optional_integer(op, "iter_count", 1, 256)) {
    fifo.iterations = static_cast<int>(*iterations);
  }
  if (const Attribute* padding = op.attribute("padDimensions")) {
    for (const Attribute* pad : padding->elements) {
      fifo.padding.push_back(
          {field(op, *pad, "const_pad_before"), field(op, *pad, "const_pad_after")});
    }
  }
  fifo.pad_value = static_cast<std::uint32_t>(
      integer_or(op, "padValue", 0, -std::int64_t{0x80000000}, 0xffffffff));
  read_depths(op, fifo);
  if (const Attribute* initial = op.attribute("initValues")) {
    for (const Attribute* one : initial->elements) {
      fifo.initial.push_back(initial_data(*one, *fifo.type, op.line));
    }
    if (static_cast<int>(fifo.initial.size()) != fifo.depth) {
      refuse_op(op, "`init_values` does not initialize all objects");
    }
  }
  read_streams(draft, op, fifo);
  check(draft, op, fifo);
  return fifo;
}

}  // namespace

int find_fifo(const std::vector<Fifo>& fifos, const std::string& name, const Operation& op) {
  for (std::size_t i = 0; i < fifos.size(); ++i) {
    if (fifos[i].name == name) {
      return static_cast<int>(i);
    }
  }
  refuse_op(op, "cannot retrieve associated object FIFO '@" + name + "'");
}

std::vector<Fifo> read_fifos(const DeviceDraft& draft) {
  std::vector<Fifo> fifos;
  std::set<std::string> names;
  std::vector<const Operation*> allocations;
  for (const mlir::Region& region : draft.op->regions) {
    for (const mlir::Block* block : region.blocks) {
      for (const Operation* op : block->operations) {
        if (op->name == "aie.objectfifo") {
          fifos.push_back(read_fifo(draft, *op));
          if (!names.insert(fifos.back().name).second) {
            refuse_op(*op, "redefinition of symbol named '" + fifos.back().name + "'");
          }
        } else if (op->name == "aie.objectfifo.allocate") {
          allocations.push_back(op);
        } else if (op->name == "aie.objectfifo.register_external_buffers") {
          refuse_unmodelled(op->line, "'aie.objectfifo.register_external_buffers'");
        }
      }
    }
  }
  for (const Operation* op : allocations) {
    Fifo& fifo = fifos[static_cast<std::size_t>(find_fifo(fifos, text(*op, "objFifo_name"), *op))];
    if (fifo.consumers.size() != 1) {
      refuse_op(*op, "can only be used in 1-to-1 object FIFOs");
    }
    if (fifo.via_dma || fifo.repeat || !fifo.dims.empty() || fifo.stream_end >= 0) {
      refuse_op(*op, "cannot allocate a shared memory module to an objectfifo that needs a DMA");
    }
    if (fifo.delegate) {
      refuse_op(*op, "objectfifo has more than one allocate operation");
    }
    fifo.delegate = draft.tile_of(*op, 0);
  }
  return fifos;
}

}  // namespace npuwhisper::emu::lowering

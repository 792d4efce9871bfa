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

constexpr int kMaxDepth = 4096;  ///< Memory ends long before; this keeps the sums small.

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
  byte_size(*fifo.element, op.line);  // Refuses dynamic shapes and odd elements.
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

void read_streams(const DevicePlan& plan, const Operation& op, Fifo& fifo) {
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
  if ((produces && plan.array->kind(fifo.producer) != TileKind::Core) ||
      (consumes && plan.array->kind(fifo.consumers[0].tile) != TileKind::Core)) {
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

void check(const DevicePlan& plan, const Operation& op, const Fifo& fifo) {
  const TileKind producer = plan.array->kind(fifo.producer);
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
    memory_tile = memory_tile || plan.array->kind(consumer.tile) == TileKind::Mem;
    if (plan.array->kind(consumer.tile) == TileKind::Shim && !consumer.dims.empty()) {
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

Fifo read_fifo(const DevicePlan& plan, const Operation& op) {
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
      .name = text(op, "sym_name"), .producer = plan.tile_of(op, 0), .line = op.line, .op = &op};
  const Attribute* from_stream = op.attribute("dimensionsFromStreamPerConsumer");
  for (std::size_t i = 1; i < op.operands.size(); ++i) {
    FifoConsumer consumer{.tile = plan.tile_of(op, i)};
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
  read_streams(plan, op, fifo);
  check(plan, op, fifo);
  return fifo;
}

int find_fifo(const std::vector<Fifo>& fifos, const std::string& name, const Operation& op) {
  for (std::size_t i = 0; i < fifos.size(); ++i) {
    if (fifos[i].name == name) {
      return static_cast<int>(i);
    }
  }
  refuse_op(op, "cannot retrieve associated object FIFO '@" + name + "'");
}

/// The tile at which all ins end and all outs begin.
TileId shared_tile(const std::vector<Fifo>& fifos, const FifoLink& link) {
  const auto fifo = [&](int index) -> const Fifo& {
    return fifos[static_cast<std::size_t>(index)];
  };
  const TileId tile = fifo(link.outs[0]).producer;
  bool shared = true;
  for (const int out : link.outs) {
    shared = shared && fifo(out).producer == tile;
  }
  for (const int in : link.ins) {
    const auto& consumers = fifo(in).consumers;
    shared = shared && std::any_of(consumers.begin(), consumers.end(),
                                   [&](const FifoConsumer& c) { return c.tile == tile; });
  }
  if (!shared) {
    refuse_op(*link.op,
              "ObjectFifoLinkOp must have a link point, i.e., a shared tile between "
              "objectFifos");
  }
  return tile;
}

/// Older texts give no offsets: the pieces follow each other.
void set_implicit_offsets(const std::vector<Fifo>& fifos, FifoLink& link) {
  const std::vector<int>& parts = link.is_join() ? link.ins : link.outs;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < parts.size() && (link.is_join() || link.is_distribute()); ++i) {
    (link.is_join() ? link.in_offsets : link.out_offsets).push_back(offset);
    offset += element_count(*fifos[static_cast<std::size_t>(parts[i])].type, link.op->line);
  }
}

/// Offsets in order within the whole object, each leaving a piece behind it.
void check_offsets(const Operation& op, const std::vector<std::int64_t>& offsets,
                   std::int64_t whole) {
  std::int64_t last = -1;
  for (const std::int64_t offset : offsets) {
    if (offset <= last || offset >= whole) {
      refuse_op(op, "offset " + std::to_string(offset) +
                        " must be larger than the one before it and smaller than the object (" +
                        std::to_string(whole) + ")");
    }
    last = offset;
  }
}

}  // namespace

std::vector<Fifo> read_fifos(const DevicePlan& plan) {
  std::vector<Fifo> fifos;
  std::set<std::string> names;
  std::vector<const Operation*> allocations;
  for (const mlir::Region& region : plan.op->regions) {
    for (const mlir::Block* block : region.blocks) {
      for (const Operation* op : block->operations) {
        if (op->name == "aie.objectfifo") {
          fifos.push_back(read_fifo(plan, *op));
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
    fifo.delegate = plan.tile_of(*op, 0);
  }
  return fifos;
}

std::vector<FifoLink> read_links(const DevicePlan& plan, const std::vector<Fifo>& fifos) {
  std::vector<FifoLink> links;
  std::set<int> linked;
  for (const mlir::Region& region : plan.op->regions) {
    for (const mlir::Block* block : region.blocks) {
      for (const Operation* op : block->operations) {
        if (op->name != "aie.objectfifo.link") {
          continue;
        }
        know_attributes(*op, {"fifoIns", "fifoOuts", "src_offsets", "dst_offsets"});
        FifoLink link{.op = op};
        for (const std::string& name : symbols(*op, "fifoIns")) {
          link.ins.push_back(find_fifo(fifos, name, *op));
        }
        for (const std::string& name : symbols(*op, "fifoOuts")) {
          link.outs.push_back(find_fifo(fifos, name, *op));
        }
        if (link.ins.empty() || link.outs.empty()) {
          refuse_op(*op, "expects objectFifos on both sides");
        }
        for (const auto* side : {&link.ins, &link.outs}) {
          for (const int fifo : *side) {
            if (!linked.insert(fifo).second) {
              refuse_op(*op, "objectfifo cannot be in more than one ObjectFifoLinkOp");
            }
          }
        }
        link.in_offsets = integers(*op, "src_offsets");
        link.out_offsets = integers(*op, "dst_offsets");
        if (link.in_offsets.empty() && link.out_offsets.empty()) {
          set_implicit_offsets(fifos, link);
        }
        if (link.is_join() && link.is_distribute()) {
          refuse_op(*op,
                    "ObjectFifoLinkOp does not support 'join' and 'distribute' at the same "
                    "time");
        }
        link.tile = shared_tile(fifos, link);
        const TileKind kind = plan.array->kind(link.tile);
        if ((link.is_join() || link.is_distribute()) && kind != TileKind::Mem) {
          refuse_op(*op,
                    "ObjectFifoLinkOp join and distribute are unavailable on compute or "
                    "shim tiles");
        }
        if (kind == TileKind::Shim) {
          refuse_unmodelled(op->line, "a link on a shim tile");
        }
        const auto fifo = [&](int index) -> const Fifo& {
          return fifos[static_cast<std::size_t>(index)];
        };
        if (link.is_join()) {
          if (link.ins.size() != link.in_offsets.size()) {
            refuse_op(*op,
                      "number of provided src offsets must be equal to the number of input "
                      "objectFifos");
          }
          if (!link.out_offsets.empty()) {
            refuse_op(*op, "dst offsets should be empty for join");
          }
          check_offsets(*op, link.in_offsets, element_count(*fifo(link.outs[0]).type, op->line));
        } else if (link.is_distribute()) {
          if (link.outs.size() != link.out_offsets.size()) {
            refuse_op(*op,
                      "number of provided dst offsets must be equal to the number of output "
                      "objectFifos");
          }
          if (!link.in_offsets.empty()) {
            refuse_op(*op, "src offsets should be empty for distribute");
          }
          check_offsets(*op, link.out_offsets,
                        element_count(*fifo(link.ins[0]).consumer_type, op->line));
          for (const int out : link.outs) {
            if (fifo(out).repeat != fifo(link.outs[0]).repeat) {
              refuse_op(*op, "repeat counts of output object FIFOs must be equal");
            }
          }
        } else if (!link.in_offsets.empty() && !link.out_offsets.empty()) {
          refuse_op(*op, "all offsets should be empty if there is no join or distribute");
        }
        links.push_back(std::move(link));
      }
    }
  }
  return links;
}

}  // namespace npuwhisper::emu::lowering

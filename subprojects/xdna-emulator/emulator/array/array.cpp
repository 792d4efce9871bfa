// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/array.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <utility>

#include "emulator/array/names.h"
#include "emulator/array/occupancy.h"
#include "emulator/array/run_fault.h"
#include "emulator/array/tile.h"
#include "emulator/array/wait_report.h"

namespace npuwhisper::emu {
namespace {

Result<void> check_buffer(const Buffer& buffer, Tile* tile) {
  const std::string name = "buffer '" + buffer.name + "' of " + name_of(buffer.tile);
  if (!tile) return fail(ErrorCode::InvalidArgument, name + ": there is no such tile");
  const std::uint64_t end = std::uint64_t{buffer.address} + buffer.bytes;
  if (end > tile->memory().size()) {
    return fail(ErrorCode::InvalidArgument, name + " ends at " + std::to_string(end) +
                                                ", the tile's memory at " +
                                                std::to_string(tile->memory().size()));
  }
  if (buffer.initial.size() > buffer.bytes) {
    return fail(ErrorCode::InvalidArgument, name + ": " + std::to_string(buffer.initial.size()) +
                                                " initial bytes for " +
                                                std::to_string(buffer.bytes));
  }
  return {};
}

/// Checks that the tile of a stream's port exists and, for a DMA port, that the channel exists.
Result<void> check_port(const Port& port, bool is_source, const Fabric& fabric) {
  Tile* tile = fabric.tile(port.tile);
  if (!tile) {
    return fail(ErrorCode::InvalidArgument, "a stream at " + name_of(port) + ": no such tile");
  }
  if (port.kind == PortKind::Dma && !tile->channel(is_source, port.channel)) {
    return fail(ErrorCode::InvalidArgument,
                "a stream at " + name_of(port.tile, is_source, port.channel) + ": no such channel");
  }
  return {};
}

}  // namespace

Array::Array(const Design& design, const Options& options)
    : options_(options),
      fabric_(*design.array,
              options.clock ? *options.clock
                            : npu::clock_of(design.array->generation, npu::Basis::OpenKernels),
              design.n_columns, options.trace),
      registers_(fabric_),
      controller_(fabric_, registers_) {
  if (!options.is_dirty) return;
  std::minstd_rand random(1);
  for (const auto& tile : fabric_.tiles) {
    for (std::byte& byte : tile->memory()) byte = static_cast<std::byte>(random());
  }
}

Result<std::unique_ptr<Array>> Array::create(const Design& design,
                                             std::span<const Image::Kernel> kernels,
                                             const Options& options) {
  if (!design.array) return fail(ErrorCode::InvalidArgument, "the design names no array");
  if (design.n_columns < 1 || design.n_columns > design.array->n_columns) {
    return fail(ErrorCode::InvalidArgument, "the design has " + std::to_string(design.n_columns) +
                                                " columns, " + std::string(design.array->name) +
                                                " 1 to " + std::to_string(design.array->n_columns));
  }
  std::unique_ptr<Array> array(new Array(design, options));
  auto configured = array->configure(design, kernels);
  if (!configured) return fail(configured.error());
  return array;
}

Result<void> Array::configure(const Design& design, std::span<const Image::Kernel> kernels) {
  auto tiles = configure_tiles(design);
  if (!tiles) return tiles;
  auto connected = connect(design);
  if (!connected) return connected;
  for (const Core& core : design.cores) {
    auto processor = CoreProcessor::create(core, kernels, fabric_);
    if (!processor) return fail(processor.error());
    fabric_.tile(core.tile)->set_core(processor->get());
    cores_.push_back(std::move(*processor));
  }
  return start_channels(design);
}

Result<void> Array::connect(const Design& design) {
  std::set<npu::TileId> with_control;
  for (const Route& route : design.routes) {
    auto good = check_port(route.source, true, fabric_);
    for (const Port& port : route.destinations) {
      if (good) good = check_port(port, false, fabric_);
      if (port.kind == PortKind::Control) with_control.insert(port.tile);
    }
    if (!good) return good;
    if (TokenBox::is_route(route)) {
      fabric_.tokens.add_route(route);
      continue;
    }
    good = fabric_.streams.add(route);
    if (!good) return good;
  }
  for (const npu::TileId tile : with_control) {
    control_ports_.push_back(std::make_unique<ControlPort>(tile, fabric_, registers_));
  }
  return {};
}

Result<void> Array::configure_tiles(const Design& design) {
  for (const Buffer& buffer : design.buffers) {
    Tile* tile = fabric_.tile(buffer.tile);
    auto checked = check_buffer(buffer, tile);
    if (!checked) return checked;
    if (!buffer.initial.empty()) {
      std::memcpy(tile->memory().data() + buffer.address, buffer.initial.data(),
                  buffer.initial.size());
    }
  }
  for (const Lock& lock : design.locks) {
    Tile* tile = fabric_.tile(lock.tile);
    if (!tile) {
      return fail(ErrorCode::InvalidArgument,
                  "lock '" + lock.name + "' of " + name_of(lock.tile) + ": there is no such tile");
    }
    auto declared = tile->locks().declare(lock.id, lock.name, lock.initial);
    if (!declared) return declared;
  }
  for (const TileDescriptor& descriptor : design.descriptors) {
    Tile* tile = fabric_.tile(descriptor.tile);
    if (!tile) {
      return fail(ErrorCode::InvalidArgument,
                  "a descriptor of " + name_of(descriptor.tile) + ": there is no such tile");
    }
    auto declared = tile->descriptors().declare(descriptor.id, descriptor.descriptor);
    if (!declared) return declared;
  }
  return {};
}

Result<void> Array::start_channels(const Design& design) {
  for (const DmaChannel& channel : design.channels) {
    const std::string name = name_of(channel.tile, channel.mm2s, channel.channel);
    Tile* tile = fabric_.tile(channel.tile);
    ChannelProcessor* processor = tile ? tile->channel(channel.mm2s, channel.channel) : nullptr;
    if (!processor) return fail(ErrorCode::InvalidArgument, name + ": there is no such channel");
    processor->set_pad_value(channel.pad_value);
    for (const ChannelStart& start : channel.starts) {
      auto pushed = processor->push({start.first_descriptor, start.repeat, start.issue_token});
      if (!pushed) return fail(ErrorCode::InvalidArgument, pushed.error().message);
    }
  }
  return {};
}

RunOutcome Array::run(std::span<const std::uint32_t> instructions,
                      std::span<const std::uint64_t> arguments, DeviceMemory& memory,
                      RunFault fault) {
  if (!failure_.empty()) {
    return {RunState::Error, "an earlier run failed, and no new context was created: " + failure_,
            0};
  }
  ++fabric_.counters.n_runs;
  auto decoded = npu::decode(instructions);
  // No instruction was executed, so later runs can succeed.
  if (!decoded) return {RunState::Error, decoded.error().message, 0};
  inject(fault, *decoded, model());
  fabric_.stacks_overflow = fault == RunFault::StackOverflow;
  const auto dispatch = static_cast<Cycles>(npu::kDispatchSeconds * fabric_.clock.hertz);
  const Cycles began = controller_.time();
  fabric_.trace.begin_run(began);
  controller_.start(*decoded, arguments, began + dispatch);
  fabric_.host = &memory;
  RunOutcome outcome = simulate();
  fabric_.host = nullptr;
  outcome.seconds = static_cast<double>(controller_.time() - began) / fabric_.clock.hertz;
  fabric_.counters.seconds += outcome.seconds;
  return outcome;
}

RunOutcome Array::simulate() {
  Scheduler& scheduler = fabric_.scheduler;
  std::size_t position = controller_.position();
  std::uint64_t n_acts = 0;
  std::uint64_t n_before = 0;
  const auto n_executed = [&] {
    std::uint64_t n = 0;
    for (const auto& core : cores_) n += core->n_instructions();
    return n;
  };
  while (!controller_.done()) {
    if (scheduler.next() == Scheduler::kNever) {
      return stop(RunState::Hung, describe_hang(fabric_, controller_, cores_));
    }
    auto acted = scheduler.step();
    if (!acted) return stop(RunState::Error, acted.error().message);
    if (!fabric_.fault.empty()) return stop(RunState::Error, fabric_.fault);
    if (controller_.position() != position) {
      position = controller_.position();
      n_acts = 0;
      n_before = n_executed();
    }
    const bool look = ++n_acts % 64 == 0;
    if (n_acts > options_.max_acts ||
        (look && n_executed() - n_before > options_.max_instructions)) {
      return stop(RunState::Hung, describe_endless(fabric_, controller_, cores_));
    }
  }
  return {};
}

RunOutcome Array::stop(RunState state, std::string message) {
  failure_ = message;
  return {state, std::move(message), 0};
}

Result<void> Array::check_trace() const {
  if (fabric_.trace.on()) return {};
  return fail(ErrorCode::Unavailable,
              "no trace was recorded: tracing was off when the image was loaded");
}

Result<void> Array::write_trace(const std::string& file, std::string_view device,
                                int context) const {
  if (auto recorded = check_trace(); !recorded) return recorded;
  return fabric_.trace.write(file, device, context, fabric_.clock.hertz);
}

Result<void> Array::write_occupancy(const std::string& file, std::string_view device) const {
  if (auto recorded = check_trace(); !recorded) return recorded;
  return emu::write_occupancy(fabric_.trace, file, device, fabric_.clock.hertz);
}

}  // namespace npuwhisper::emu

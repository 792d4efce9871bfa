// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/core_kernels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "emulator/array/fabric.h"
#include "emulator/array/kernel_cycles.h"
#include "emulator/array/names.h"
#include "emulator/array/program_size.h"

namespace npuwhisper::emu {
namespace {

/// Size in bytes of the part of the host's stack that a kernel without a fiber may use.
constexpr std::uintptr_t kHostStackBytes = 1 << 20;

bool streams_at(npu::TileId tile, const Fabric& fabric) {
  const auto is_here = [&](const auto& end) {
    const Port& port = end.first;
    return port.tile == tile && port.kind != PortKind::Dma;
  };
  const auto& inlets = fabric.streams.inlets();
  const auto& outlets = fabric.streams.outlets();
  return std::any_of(inlets.begin(), inlets.end(), is_here) ||
         std::any_of(outlets.begin(), outlets.end(), is_here);
}

}  // namespace

Result<std::unique_ptr<CoreKernels>> CoreKernels::load(const Core& core,
                                                       std::span<const Image::Kernel> kernels,
                                                       const CoreMemory& memory, Fabric& fabric,
                                                       KernelHost& host) {
  std::unique_ptr<CoreKernels> loaded(new CoreKernels(core, memory, fabric, host));
  if (streams_at(core.tile, fabric)) loaded->fiber_ = std::make_unique<Fiber>();
  auto linked = loaded->link(core, kernels);
  if (!linked) return fail(linked.error());
  return loaded;
}

Result<void> CoreKernels::link(const Core& core, std::span<const Image::Kernel> kernels) {
  std::size_t host_bytes = 0;
  for (const std::string& name : core.kernel_objects) {
    const auto kernel = std::find_if(kernels.begin(), kernels.end(),
                                     [&](const Image::Kernel& k) { return k.name == name; });
    if (kernel == kernels.end()) {
      return fail(ErrorCode::InvalidArgument, "the core of " + name_of(tile_) +
                                                  " links kernel object '" + name +
                                                  "', which the image does not have");
    }
    auto object = KernelObject::load(name, kernel->shared_object);
    if (!object) return fail(object.error());
    prepare(**object);
    objects_.push_back(std::move(*object));
    host_bytes += host_code_bytes(kernel->shared_object);
  }
  if (auto fits = check_program_size(core, host_bytes, fabric_.model); !fits) return fits;
  sites_.resize(core.program.code.size());
  for (std::size_t i = 0; i < core.program.code.size(); ++i) {
    const CoreInstruction& instruction = core.program.code[i];
    if (instruction.op != CoreOp::Call) continue;
    auto site = site_of(instruction);
    if (!site) return fail(site.error());
    sites_[i] = std::move(*site);
  }
  return {};
}

void CoreKernels::prepare(KernelObject& object) {
  NpuWhisperCoreState& state = object.state();
  state.trap = &CoreKernels::trap;
  state.check_access = &CoreKernels::check_access;
  if (fiber_) {
    state.put_cascade = &CoreKernels::put_cascade;
    state.get_cascade = &CoreKernels::get_cascade;
    state.put_stream = &CoreKernels::put_stream;
    state.get_stream = &CoreKernels::get_stream;
  }
  state.core = this;
  state.core_id =
      static_cast<std::uint32_t>(tile_.column) << 16 | static_cast<std::uint32_t>(tile_.row);
  state.load_bytes = fabric_.model.generation == npu::Generation::Aie2 ? 32 : 64;
  state.memory = memory_.own_window();
  state.neighbour = memory_.neighbour_window();
}

Result<KernelCall> CoreKernels::site_of(const CoreInstruction& call) const {
  std::string looked_in;
  for (const auto& object : objects_) {
    if (!call.object.empty() && call.object != object->name()) continue;
    if (void* function = object->find(call.callee)) {
      return KernelCall::prepare(call, *object, function);
    }
    looked_in += (looked_in.empty() ? "'" : ", '") + object->name() + "'";
  }
  return fail(ErrorCode::InvalidArgument,
              "the core of " + name_of(tile_) + ", line " + std::to_string(call.line) +
                  ", calls '" + call.callee + "', which " +
                  (looked_in.empty() ? "no kernel object defines: the core links none"
                                     : "is not in its kernel objects " + looked_in));
}

Result<bool> CoreKernels::run(std::size_t index, std::span<const std::int64_t> arguments,
                              Cycles began) {
  if (current_) return fiber_->resume() ? finish() : false;
  arguments_.assign(arguments.begin(), arguments.end());
  begin(*sites_[index], began);
  const auto body = [this] { outcome_ = current_->run(arguments_); };
  if (!fiber_) {
    body();
    return finish();
  }
  return fiber_->start(body) ? finish() : false;
}

void CoreKernels::begin(const KernelCall& site, Cycles began) {
  current_ = &site;
  spent_ = 0;
  NpuWhisperCoreState& state = site.object().state();
  clear_counters(state);
  state.rounding = rounding_;
  state.saturation = saturation_;
  state.cycles = began;
  if (fiber_) {
    state.stack = {fiber_->stack_begin(), fiber_->stack_begin() + Fiber::kStackBytes};
  } else {
    const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    state.stack = {frame - kHostStackBytes, frame};
  }
}

Result<bool> CoreKernels::finish() {
  const NpuWhisperCoreState& state = current_->object().state();
  current_ = nullptr;
  if (!outcome_) return fail(outcome_.error());
  result_ = *outcome_;
  rounding_ = state.rounding;
  saturation_ = state.saturation;
  host_.spend(kernel_cycles(state, fabric_.clock) - spent_);
  fabric_.counters.multiply_accumulates += multiply_accumulates(state);
  ++fabric_.counters.n_kernel_calls;
  return true;
}

/// Reports to the core the cycles that the kernel has spent since the last report, so that words
/// leave and arrive at the correct times.
void CoreKernels::settle() {
  const Cycles cycles = kernel_cycles(current_->object().state(), fabric_.clock);
  const Cycles more = cycles - spent_;
  spent_ = cycles;
  if (!host_.spend(more)) fiber_->suspend();
}

template <typename Act>
void CoreKernels::until_done(Act act) {
  settle();
  for (;;) {
    auto done = act();
    if (!done) throw KernelTrap{done.error().message};
    if (*done) return;
    fiber_->suspend();
  }
}

void CoreKernels::trap(void* /*core*/, const char* message) {
  throw KernelTrap{message};
}

void CoreKernels::check_access(void* core, const void* address, std::size_t bytes, bool is_write) {
  const auto& self = *static_cast<const CoreKernels*>(core);
  std::string refusal = self.memory_.refusal(address, bytes, is_write);
  if (!refusal.empty()) throw KernelTrap{std::move(refusal)};
}

void CoreKernels::put_cascade(void* core, const void* value, std::size_t bytes) {
  auto& self = *static_cast<CoreKernels*>(core);
  std::array<std::uint32_t, npu::kCascadeWords> words{};
  std::memcpy(words.data(), value, std::min(bytes, sizeof words));
  self.until_done([&] { return self.host_.put({self.tile_, PortKind::Cascade, 0}, words); });
}

void CoreKernels::get_cascade(void* core, void* value, std::size_t bytes) {
  auto& self = *static_cast<CoreKernels*>(core);
  std::array<std::uint32_t, npu::kCascadeWords> words{};
  self.until_done([&] { return self.host_.get({self.tile_, PortKind::Cascade, 0}, words); });
  std::memcpy(value, words.data(), std::min(bytes, sizeof words));
}

void CoreKernels::put_stream(void* core, int port, std::uint32_t word, bool /*last*/) {
  auto& self = *static_cast<CoreKernels*>(core);
  self.until_done([&] {
    return self.host_.put({self.tile_, PortKind::Core, port}, std::span(&word, 1));
  });
}

std::uint32_t CoreKernels::get_stream(void* core, int port) {
  auto& self = *static_cast<CoreKernels*>(core);
  std::uint32_t word = 0;
  self.until_done([&] {
    return self.host_.get({self.tile_, PortKind::Core, port}, std::span(&word, 1));
  });
  return word;
}

}  // namespace npuwhisper::emu

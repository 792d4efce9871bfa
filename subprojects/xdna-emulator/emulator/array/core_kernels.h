// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "array/clock_constants.h"
#include "emulator/array/core_memory.h"
#include "emulator/array/cycles.h"
#include "emulator/array/fiber.h"
#include "emulator/array/kernel_call.h"
#include "emulator/array/kernel_object.h"
#include "emulator/design.h"
#include "emulator/image.h"

namespace npuwhisper::emu {

struct Fabric;

/// Services that a core provides to a running kernel.
class KernelHost {
 public:
  virtual ~KernelHost() = default;
  /// Reports that the kernel has worked for `cycles` more cycles. Returns false if other actors
  /// must act first; the kernel is then suspended until the core acts again.
  virtual bool spend(Cycles cycles) = 0;
  /// Sends words to a stream or cascade. Returns false if there is no room; the kernel is then
  /// suspended until the core acts again.
  virtual Result<bool> put(const Port& port, std::span<const std::uint32_t> words) = 0;
  /// Receives words from a stream or cascade. Returns false if they have not arrived; the kernel is
  /// then suspended until the core acts again.
  virtual Result<bool> get(const Port& port, std::span<std::uint32_t> words) = 0;
};

/// The kernels of one core: its copies of the kernel objects, its call sites, and the call in
/// progress. If streams or cascades begin or end at the core, its kernels run in a fiber, so that
/// they can wait for words or room. Other kernels run to their end without a pause. load() refuses
/// code that cannot fit a core's program memory (program_size.h).
class CoreKernels {
 public:
  /// Loads the kernel objects that the core links and resolves the calls of its program. Errors:
  /// InvalidArgument (an object or a function is missing or invalid), Unsupported, Unavailable.
  static Result<std::unique_ptr<CoreKernels>> load(const Core& core,
                                                   std::span<const Image::Kernel> kernels,
                                                   const CoreMemory& memory, Fabric& fabric,
                                                   KernelHost& host);

  /// Begins or continues the call at the program's instruction `index`. `arguments` and `began` are
  /// used only when the call begins. Returns true if the kernel has returned and its cycles are
  /// reported to the core. Returns false if the kernel is suspended. Errors: DeviceError (the
  /// kernel trapped).
  Result<bool> run(std::size_t index, std::span<const std::int64_t> arguments, Cycles began);
  bool under_way() const { return current_ != nullptr; }
  std::int64_t result() const { return result_; }
  /// Abandons a call in progress when the core is reset.
  void drop() { current_ = nullptr; }

 private:
  CoreKernels(const Core& core, const CoreMemory& memory, Fabric& fabric, KernelHost& host)
      : tile_(core.tile), memory_(memory), fabric_(fabric), host_(host) {}
  Result<void> link(const Core& core, std::span<const Image::Kernel> kernels);
  void prepare(KernelObject& object);
  Result<KernelCall> site_of(const CoreInstruction& call) const;
  void begin(const KernelCall& site, Cycles began);
  Result<bool> finish();
  void settle();
  template <typename Act>
  void until_done(Act act);

  // The hooks below are set in the objects' states. `core` points to the CoreKernels.
  [[noreturn]] static void trap(void* core, const char* message);
  static void check_access(void* core, const void* address, std::size_t bytes, bool is_write);
  static void put_cascade(void* core, const void* value, std::size_t bytes);
  static void get_cascade(void* core, void* value, std::size_t bytes);
  static void put_stream(void* core, int port, std::uint32_t word, bool last);
  static std::uint32_t get_stream(void* core, int port);

  npu::TileId tile_;
  const CoreMemory& memory_;
  Fabric& fabric_;
  KernelHost& host_;
  std::vector<std::unique_ptr<KernelObject>> objects_;
  std::vector<std::optional<KernelCall>> sites_;  ///< Call sites, indexed by instruction.
  /// Fiber of the kernels; null if the core has no stream or cascade.
  std::unique_ptr<Fiber> fiber_;

  const KernelCall* current_ = nullptr;
  std::vector<std::int64_t> arguments_;
  Result<std::int64_t> outcome_ = std::int64_t{0};
  std::int64_t result_ = 0;
  /// Cycles of the current call that have been reported to the core.
  Cycles spent_ = 0;
  std::uint32_t rounding_ = 0;    ///< Control register, shared by the core's objects.
  std::uint32_t saturation_ = 0;  ///< Control register, shared by the core's objects.
};

}  // namespace npuwhisper::emu

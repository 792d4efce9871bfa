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

/// What a kernel asks of its core while it runs.
class KernelHost {
 public:
  virtual ~KernelHost() = default;
  /// The kernel has worked for so many cycles more. False: others come first; it stops until the
  /// core acts again.
  virtual bool spend(Cycles cycles) = 0;
  /// Words to or from a stream or cascade. False: it stops until the core acts again.
  virtual Result<bool> put(const Port& port, std::span<const std::uint32_t> words) = 0;
  virtual Result<bool> get(const Port& port, std::span<std::uint32_t> words) = 0;
};

/// One core's kernels: its copies of the kernel objects, its call sites, and the call that is under
/// way. Kernels of a core at which streams or cascades begin or end may use them, and then stop and
/// go on as the core does; other kernels run through. Code that surely does not fit a core's
/// program memory is refused (program_size.h).
class CoreKernels {
 public:
  /// Errors: InvalidArgument (an object or a function is missing, or not good), Unsupported.
  static Result<std::unique_ptr<CoreKernels>> load(const Core& core,
                                                   std::span<const Image::Kernel> kernels,
                                                   const CoreMemory& memory, Fabric& fabric,
                                                   KernelHost& host);

  /// Begins the call of the program's instruction `index`, or goes on with it. `arguments` and
  /// `began` count when it begins. True: it has returned; its cycles were spent. Errors:
  /// DeviceError (the kernel trapped).
  Result<bool> run(std::size_t index, std::span<const std::int64_t> arguments, Cycles began);
  bool under_way() const { return current_ != nullptr; }
  std::int64_t result() const { return result_; }
  /// A call that is under way is never finished: the core was reset.
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

  // What the objects' states point to; `core` is the CoreKernels.
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
  std::vector<std::optional<KernelCall>> sites_;  ///< By instruction.
  std::unique_ptr<Fiber> fiber_;                  ///< None: the kernels use no streams.

  const KernelCall* current_ = nullptr;
  std::vector<std::int64_t> arguments_;
  Result<std::int64_t> outcome_ = std::int64_t{0};
  std::int64_t result_ = 0;
  Cycles spent_ = 0;            ///< Of the call under way.
  std::uint32_t rounding_ = 0;  ///< The core's control registers, whichever object sets them.
  std::uint32_t saturation_ = 0;
};

}  // namespace npuwhisper::emu

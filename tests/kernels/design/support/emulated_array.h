// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "design/plan.h"
#include "emulator/npu.h"

namespace npuwhisper::npu {

/// An emulated array that is loaded with one design and the project's kernels, and can access host
/// buffers. It replaces the runtime, XRT and the driver of a real machine.
class EmulatedArray {
 public:
  /// Writes the design for `spec` and loads it. `object` is the path of the kernel object, compiled
  /// natively for the array's generation; the design links it as `name`.
  /// `clock`: see emu::Npu::LoadOptions.
  static Result<std::unique_ptr<EmulatedArray>> create(const DesignSpec& spec, const char* object,
                                                       const char* name = core::kObject,
                                                       const ArrayClock* clock = nullptr);
  /// Loads the design `text` instead of the design for `spec`.
  static Result<std::unique_ptr<EmulatedArray>> load(const DesignSpec& spec,
                                                     const std::string& text, const char* object,
                                                     const char* name = core::kObject,
                                                     const ArrayClock* clock = nullptr);

  /// Runs the plan's instruction stream. `buffers[i]` is argument i.
  emu::RunOutcome run(const Plan& plan, std::span<const std::span<std::byte>> buffers);
  emu::RunOutcome run(std::span<const std::uint32_t> stream,
                      std::span<const std::span<std::byte>> buffers);
  emu::Counters counters() const { return npu_->counters(); }

 private:
  explicit EmulatedArray(std::unique_ptr<emu::Npu> npu) : npu_(std::move(npu)) {}
  std::unique_ptr<emu::Npu> npu_;
};

}  // namespace npuwhisper::npu

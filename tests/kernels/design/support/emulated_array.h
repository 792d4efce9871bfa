// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "design/plan.h"
#include "emulator/npu.h"

namespace npuwhisper::npu {

/// An emulated array with the one design and the project's kernels on it, and host buffers
/// that it reaches: what the runtime, XRT and the driver are on a machine.
class EmulatedArray {
 public:
  /// `object`: the natively compiled kernel object of the array's generation, which the design
  /// links as `name`.
  static Result<std::unique_ptr<EmulatedArray>> create(const DesignSpec& spec, const char* object,
                                                       const char* name = core::kObject);

  /// Runs the plan's stream on these buffers, in the order of its arguments.
  emu::RunOutcome run(const Plan& plan, std::span<const std::span<std::byte>> buffers);
  emu::RunOutcome run(std::span<const std::uint32_t> stream,
                      std::span<const std::span<std::byte>> buffers);
  emu::Counters counters() const { return npu_->counters(); }

 private:
  explicit EmulatedArray(std::unique_ptr<emu::Npu> npu) : npu_(std::move(npu)) {}
  std::unique_ptr<emu::Npu> npu_;
};

}  // namespace npuwhisper::npu

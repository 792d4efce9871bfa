// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/array/control_port.h"
#include "emulator/array/controller.h"
#include "emulator/array/core_processor.h"
#include "emulator/array/fabric.h"
#include "emulator/array/registers.h"
#include "emulator/design.h"
#include "emulator/image.h"
#include "emulator/npu.h"

namespace npuwhisper::emu {

/// A configured array. Executes instruction streams as a discrete-event simulation with a
/// deterministic order of events. Activity in flight at the end of a stream continues with the next
/// stream. After a hang, or after an error in a stream that has begun, every further run fails. A
/// new context must then be created, as on silicon. Reentrant.
class Array {
 public:
  struct Options {
    /// Timing of the array. Null: the clock of the array's generation that rests on open kernels.
    const npu::ArrayClock* clock = nullptr;
    bool trace = false;
    bool is_dirty = false;  ///< See Npu::load().
    /// Limit on the number of acts of all actors while a stream stays at one instruction. A run
    /// that exceeds the limit ends as Hung. A polling core, or channels that loop without locks,
    /// can keep the array busy for ever. On silicon, the run would hang as well. The runs of
    /// Whisper models stay far below the default.
    std::uint64_t max_acts = 50'000'000;
    /// Limit on the number of instructions of all cores while a stream stays at one instruction.
    std::uint64_t max_instructions = 2'000'000'000;
  };

  /// Creates an array and configures it with `design`. Errors: InvalidArgument, Unsupported,
  /// Unavailable (the memory file for a kernel cannot be created).
  static Result<std::unique_ptr<Array>> create(const Design& design,
                                               std::span<const Image::Kernel> kernels,
                                               const Options& options);
  static Result<std::unique_ptr<Array>> create(const Design& design,
                                               std::span<const Image::Kernel> kernels) {
    return create(design, kernels, Options{});
  }

  const npu::ArrayModel& model() const { return fabric_.model; }
  RunOutcome run(std::span<const std::uint32_t> instructions,
                 std::span<const std::uint64_t> arguments, DeviceMemory& memory,
                 RunFault fault = RunFault::None);
  const Counters& counters() const { return fabric_.counters; }
  Result<void> write_trace(const std::string& file, std::string_view device, int context) const;
  Result<void> write_occupancy(const std::string& file, std::string_view device) const;

 private:
  Array(const Design& design, const Options& options);
  Result<void> configure(const Design& design, std::span<const Image::Kernel> kernels);
  Result<void> configure_tiles(const Design& design);
  Result<void> connect(const Design& design);
  Result<void> start_channels(const Design& design);
  RunOutcome simulate();
  RunOutcome stop(RunState state, std::string message);
  Result<void> check_trace() const;

  const Options options_;
  Fabric fabric_;
  Registers registers_;
  Controller controller_;
  std::vector<std::unique_ptr<CoreProcessor>> cores_;
  std::vector<std::unique_ptr<ControlPort>> control_ports_;
  std::string failure_;  ///< Message of an earlier run that failed; empty if no run failed.
};

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "array/clock_constants.h"

namespace npuwhisper::emu {

/// Host memory that the array can access: the device's copies of the context's buffers.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  /// Returns the memory of `bytes` bytes at a device address; empty unless one buffer of the
  /// context contains all bytes.
  virtual std::span<std::byte> at(std::uint64_t address, std::size_t bytes) = 0;
};

enum class RunState : std::uint8_t {
  Completed,
  Error,  ///< The array or a kernel caused an error that silicon traps or the emulator refuses.
          ///< RunOutcome::message describes the error.
  Hung,   ///< The stream waits for an array that is deadlocked or busy for ever. On silicon the
          ///< command would never complete.
};

/// A fault that a run is asked to have. "Last" is by the order of the stream's instructions.
enum class RunFault : std::uint8_t {
  None,
  DroppedTask,      ///< The last task that writes to host memory does not start.
  SkippedSync,      ///< The stream does not wait for the tokens that it ends with.
  StaleDescriptor,  ///< The last task that reads host memory has the descriptor of an earlier one.
  ShortTransfer,    ///< The last task that writes to host memory ends at half of its length.
  StackOverflow,    ///< Each call of a kernel overwrites 64 bytes behind its core's stack.
};

/// Counters since the image was loaded.
struct Counters {
  std::uint64_t n_runs = 0;
  std::uint64_t n_instructions = 0;
  std::uint64_t n_syncs = 0;          ///< Task-complete tokens that streams waited for.
  std::uint64_t n_descriptors = 0;    ///< Descriptors executed by all tiles.
  std::uint64_t bytes_from_host = 0;  ///< Bytes that shim DMA reads from host memory.
  std::uint64_t bytes_to_host = 0;
  std::uint64_t multiply_accumulates = 0;  ///< Multiply-accumulates inside aie_api's operations.
  std::uint64_t n_kernel_calls = 0;
  std::uint64_t core_busy_cycles = 0;  ///< Busy cycles, summed over all cores.
  std::uint64_t core_stall_cycles = 0;
  double seconds = 0;  ///< Predicted time of all runs, including dispatch.
};

struct RunOutcome {
  RunState state = RunState::Completed;
  std::string message;
  double seconds = 0;  ///< Predicted time of this run.
};

/// One context's array, loaded with an image. It executes instruction streams. A run ends when the
/// stream's last instruction is done. Transfers that are still in flight continue in the next run,
/// and access the next run's memory. After Hung, or after an Error in a stream that has begun, the
/// array stops: every further run is an Error until the image is loaded again. Different threads
/// may use different instances at the same time.
class Npu {
 public:
  struct LoadOptions {
    /// The memories of the tiles have arbitrary content outside of initialised buffers. Otherwise,
    /// they are zero, as the firmware leaves them.
    bool is_dirty = false;
    /// Timing of the array. Null: the clock that NPUWHISPER_EMULATOR_CLOCK names ("open-kernels",
    /// the default, or "best-published"; see array/clock_constants.h). The clock must outlive the
    /// array.
    const npu::ArrayClock* clock = nullptr;
  };

  /// Loads an image (see image.h). Errors: InvalidArgument, NotFound (the design has no such
  /// device), Unsupported, Unavailable (the memory file for a kernel cannot be created).
  static Result<std::unique_ptr<Npu>> load(std::span<const std::byte> image,
                                           const LoadOptions& options);
  static Result<std::unique_ptr<Npu>> load(std::span<const std::byte> image) {
    return load(image, LoadOptions{});
  }
  virtual ~Npu() = default;

  virtual const npu::ArrayModel& array() const = 0;
  virtual RunOutcome run(std::span<const std::uint32_t> instructions,
                         std::span<const std::uint64_t> arguments, DeviceMemory& memory,
                         RunFault fault) = 0;
  RunOutcome run(std::span<const std::uint32_t> instructions,
                 std::span<const std::uint64_t> arguments, DeviceMemory& memory) {
    return run(instructions, arguments, memory, RunFault::None);
  }
  virtual Counters counters() const = 0;
  /// Adds the activity since the image was loaded (cores, DMA channels and stalls of each tile)
  /// to a file of Chrome trace events (see array/trace.h). The activity is recorded if
  /// NPUWHISPER_EMULATOR_TRACE or NPUWHISPER_EMULATOR_OCCUPANCY is set when the image is loaded.
  /// Errors: Unavailable (also if no activity was recorded), InvalidArgument (the file exists and
  /// is not such a trace).
  virtual Result<void> write_trace(const std::string& file, std::string_view device,
                                   int context) = 0;
  /// Writes a picture (SVG) of the activity that write_trace() writes (see array/occupancy.h).
  /// Errors: Unavailable (also if no activity was recorded).
  virtual Result<void> write_occupancy(const std::string& file, std::string_view device) = 0;
};

}  // namespace npuwhisper::emu

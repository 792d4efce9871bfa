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

namespace npuwhisper::emu {

/// What the host side gives the array to reach: the device's copies of the context's buffers.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  /// `bytes` bytes at a device address; empty where they are not all inside one buffer of the
  /// context.
  virtual std::span<std::byte> at(std::uint64_t address, std::size_t bytes) = 0;
};

enum class RunState : std::uint8_t {
  Completed,
  Error,  ///< The array or a kernel did something that silicon traps on, or that we refuse; see
          ///< message.
  Hung,   ///< Nothing can move any more, and the stream waits: on silicon the command would never
          ///< complete.
};

/// Counted since the image was loaded.
struct Counters {
  std::uint64_t n_runs = 0;
  std::uint64_t n_instructions = 0;
  std::uint64_t n_syncs = 0;          ///< Task-complete tokens that streams waited for.
  std::uint64_t n_descriptors = 0;    ///< Descriptors executed, of all tiles.
  std::uint64_t bytes_from_host = 0;  ///< Through shim DMA.
  std::uint64_t bytes_to_host = 0;
  std::uint64_t multiply_accumulates = 0;  ///< Counted inside aie_api's operations.
  std::uint64_t n_kernel_calls = 0;
  std::uint64_t core_busy_cycles = 0;  ///< Summed over cores.
  std::uint64_t core_stall_cycles = 0;
  double seconds = 0;  ///< Predicted by the clock, dispatch included.
};

struct RunOutcome {
  RunState state = RunState::Completed;
  std::string message;
  double seconds = 0;  ///< Predicted time of this run.
};

/// One context's array with an image in it: executes instruction streams. A run ends when the
/// stream's last instruction is done; what is still under way goes on in the next run, and finds
/// that run's memory. After Hung, or Error once a stream has begun, the array stands still: every
/// further run is an Error until the image is loaded anew. Reentrant.
class Npu {
 public:
  /// Loads an image (see image.h). Errors: InvalidArgument, Unsupported.
  static Result<std::unique_ptr<Npu>> load(std::span<const std::byte> image);
  virtual ~Npu() = default;

  virtual const npu::ArrayModel& array() const = 0;
  virtual RunOutcome run(std::span<const std::uint32_t> instructions,
                         std::span<const std::uint64_t> arguments, DeviceMemory& memory) = 0;
  virtual Counters counters() const = 0;
  /// Adds what happened since the image was loaded (cores, DMA channels and stalls of each tile) to
  /// a file of Chrome trace events, see array/trace.h. It is recorded if NPUWHISPER_EMULATOR_TRACE or
  /// NPUWHISPER_EMULATOR_OCCUPANCY is set when the image is loaded. Errors: Unavailable.
  virtual Result<void> write_trace(const std::string& file, std::string_view device,
                                   int context) = 0;
  /// Draws the same as a picture, see array/occupancy.h. Errors: Unavailable.
  virtual Result<void> write_occupancy(const std::string& file, std::string_view device) = 0;
};

}  // namespace npuwhisper::emu

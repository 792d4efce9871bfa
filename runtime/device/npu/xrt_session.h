// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include <npuwhisper/result.h>

#include "device/device_counters.h"

namespace npuwhisper::npu_device {

/// A part of a buffer; by default the whole buffer.
struct ByteRange {
  std::size_t offset = 0;
  std::size_t bytes = SIZE_MAX;
};

/// Name of an image's main kernel, which belongs to the image's only or first design.
inline constexpr const char* kMainKernel = "MLIR_AIE";

/// Accesses one NPU through XRT. Holds an array configuration, buffers and runs. A run is an
/// instruction stream that works on some of the buffers. All runs share one context, so that no run
/// waits for the array to be configured again. Only one run is in flight at a time. Only this class
/// calls XRT. Every call is guarded, so XRT's exceptions become Errors. Not thread-safe.
class XrtSession {
 public:
  /// Opens the first of XRT's devices that is a supported NPU by its ids on the PCI bus, or by its
  /// name if /sys has no ids. Sessions of one device may share `counters`. Errors: NotFound, with
  /// the devices found and the reasons why none can be used.
  static Result<std::unique_ptr<XrtSession>> open(
      std::shared_ptr<DeviceCounters> counters = std::make_shared<DeviceCounters>());
  ~XrtSession();
  XrtSession(const XrtSession&) = delete;
  XrtSession& operator=(const XrtSession&) = delete;

  const std::string& name() const;   ///< XRT's name of the device: "NPU Strix".
  const std::string& array() const;  ///< "npu1" or "npu2".

  /// Loads the array configuration of `kernel`, one of the image's kernels. Must be called once,
  /// before buffers and runs are added. Errors: NotFound (file), DeviceError.
  Result<void> load(const std::filesystem::path& image, const std::string& kernel = kMainKernel);
  /// Creates a zeroed buffer and returns its number. Errors: DeviceError.
  Result<std::size_t> add_buffer(std::uint64_t bytes);
  /// Releases buffer `i`, which may have been an argument of bind() but not of add_run(). Other
  /// buffers keep their numbers, and a new buffer reuses the released number.
  void remove_buffer(std::size_t i);
  /// Creates a run of `stream` and returns the run's number. Argument i of the run is buffer number
  /// buffers[i]. Errors: DeviceError.
  Result<std::size_t> add_run(std::span<const std::uint32_t> stream,
                              std::span<const std::size_t> buffers);
  /// Makes part of a buffer the value of a run's argument until the argument is bound again. The
  /// part must begin at a multiple of 4 bytes. Errors: DeviceError.
  Result<void> bind(std::size_t run, std::size_t argument, std::size_t buffer,
                    const ByteRange& range);
  /// Sets up a session of one run: loads the image, creates a buffer for each entry of
  /// `buffer_bytes`, and creates the run. Errors: as for load(), add_buffer() and add_run().
  Result<void> load(const std::filesystem::path& image, std::span<const std::uint32_t> stream,
                    std::span<const std::uint64_t> buffer_bytes);

  /// Returns the host's view of a buffer; empty if it cannot be mapped.
  std::span<std::byte> buffer(std::size_t i);
  Result<void> sync_to_device(std::size_t i, const ByteRange& range = {});
  Result<void> sync_from_device(std::size_t i, const ByteRange& range = {});

  /// Submits a run. If the context was closed after an error, first opens a new context with the
  /// same buffers and runs. Errors: DeviceError.
  Result<void> start(std::size_t run = 0);
  /// Waits until the run has completed and the buffers hold its results. After any error, closes
  /// the context, which ends all work in the context. Errors: Timeout, DeviceError.
  Result<void> wait(std::chrono::milliseconds timeout);
  /// Opens the context unless it is open. start() and add_run() do so, too. Errors: DeviceError.
  Result<void> open_context();
  /// Closes the context, which ends all work in it.
  void close_context();

  /// Returns the counters: submissions, syncs, bytes synced, and time with a run in flight.
  std::shared_ptr<DeviceCounters> counters() const;
  std::uint64_t n_submissions() const;
  std::uint64_t n_syncs() const;

 private:
  struct State;
  explicit XrtSession(std::unique_ptr<State> state);
  void note_end();
  std::unique_ptr<State> state_;
};

}  // namespace npuwhisper::npu_device

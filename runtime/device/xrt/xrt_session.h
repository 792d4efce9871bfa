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

namespace npuwhisper::xdna {

/// Part of a buffer; all of it, unless it is told otherwise.
struct ByteRange {
  std::size_t offset = 0;
  std::size_t bytes = SIZE_MAX;
};

/// The kernel of a design that is an image's only one, or its first.
inline constexpr const char* kMainKernel = "MLIR_AIE";

/// One NPU through XRT: an array configuration, buffers, and runs: instruction streams that work on
/// some of the buffers. All runs share one context, so that none has to wait for the array to be
/// configured again; one is in flight at a time. The only place that calls XRT; every call is
/// guarded, so what XRT throws is an Error here. Not thread-safe.
class XrtSession {
 public:
  /// Opens the first NPU among XRT's devices, by its name. Sessions of one device may count
  /// together. Errors: NotFound, with what was found instead.
  static Result<std::unique_ptr<XrtSession>> open(
      std::shared_ptr<DeviceCounters> counters = std::make_shared<DeviceCounters>());
  ~XrtSession();
  XrtSession(const XrtSession&) = delete;
  XrtSession& operator=(const XrtSession&) = delete;

  const std::string& name() const;   ///< As XRT says it: "NPU Strix".
  const std::string& array() const;  ///< "npu1", "npu2".
  bool is_emulated() const;

  /// Loads the array configuration of one of the image's kernels, each of which has its own: once,
  /// before all else. Errors: NotFound (file), DeviceError.
  Result<void> load(const std::filesystem::path& image, const std::string& kernel = kMainKernel);
  /// Makes a buffer, all zero; its number. Errors: DeviceError.
  Result<std::size_t> add_buffer(std::uint64_t bytes);
  /// Gives a buffer back that no run has but by bind(). The others keep their numbers; the next
  /// one that is made takes its.
  void remove_buffer(std::size_t i);
  /// Makes a run of `stream`, whose argument i is buffer number buffers[i]; its number. Errors:
  /// DeviceError.
  Result<std::size_t> add_run(std::span<const std::uint32_t> stream,
                              std::span<const std::size_t> buffers);
  /// Makes part of a buffer, from a multiple of 4 bytes on, a run's argument until the next time.
  /// Errors: DeviceError.
  Result<void> bind(std::size_t run, std::size_t argument, std::size_t buffer,
                    const ByteRange& range);
  /// A session of one run: all three, with a buffer for each entry of `buffer_bytes`.
  Result<void> load(const std::filesystem::path& image, std::span<const std::uint32_t> stream,
                    std::span<const std::uint64_t> buffer_bytes);

  /// What the host sees of a buffer.
  std::span<std::byte> buffer(std::size_t i);
  Result<void> sync_to_device(std::size_t i, const ByteRange& range = {});
  Result<void> sync_from_device(std::size_t i, const ByteRange& range = {});

  /// Submits a run, as one submission; in a new context with the same buffers and runs, if the last
  /// one was given up. Errors: DeviceError.
  Result<void> start(std::size_t run = 0);
  /// Waits until the run has completed: only then the buffers hold its results. After any error the
  /// context is given up, with whatever runs in it. Errors: Timeout, DeviceError.
  Result<void> wait(std::chrono::milliseconds timeout);

  /// What was counted: submissions, syncs and their bytes, time with a run in flight.
  std::shared_ptr<DeviceCounters> counters() const;
  std::uint64_t n_submissions() const;
  std::uint64_t n_syncs() const;

 private:
  struct State;
  explicit XrtSession(std::unique_ptr<State> state);
  Result<void> require_context();
  void note_end();
  void give_up();
  std::unique_ptr<State> state_;
};

}  // namespace npuwhisper::xdna

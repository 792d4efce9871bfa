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

/// One NPU through XRT: an array configuration, an instruction stream and the buffers that it works
/// on. The only place that calls XRT; every call is guarded, so what XRT throws is an Error here.
/// Not thread-safe.
class XrtSession {
 public:
  /// Opens the first NPU among XRT's devices, by its name; it counts in `counters`. Errors:
  /// NotFound, with what was found instead.
  static Result<std::unique_ptr<XrtSession>> open(
      std::shared_ptr<DeviceCounters> counters = std::make_shared<DeviceCounters>());
  ~XrtSession();
  XrtSession(const XrtSession&) = delete;
  XrtSession& operator=(const XrtSession&) = delete;

  const std::string& name() const;   ///< As XRT says it: "NPU Strix".
  const std::string& array() const;  ///< "npu1", "npu2".
  bool is_emulated() const;

  /// Loads the configuration and makes the run: `stream` on one buffer for each entry of
  /// `buffer_bytes`, all zero. Once. Errors: NotFound (file), DeviceError.
  Result<void> load(const std::filesystem::path& image, std::span<const std::uint32_t> stream,
                    std::span<const std::uint64_t> buffer_bytes);
  /// What the host sees of a buffer.
  std::span<std::byte> buffer(std::size_t i);
  Result<void> sync_to_device(std::size_t i);
  Result<void> sync_from_device(std::size_t i);

  /// Submits the stream, as one submission; in a new context with the same buffers, if the last
  /// one was given up. Errors: DeviceError.
  Result<void> start();
  /// Waits until the run has completed: only then the buffers hold its results. After any error the
  /// context is given up, with whatever runs in it. Errors: Timeout, DeviceError.
  Result<void> wait(std::chrono::milliseconds timeout);

  std::uint64_t n_submissions() const;
  std::uint64_t n_syncs() const;

 private:
  struct State;
  explicit XrtSession(std::unique_ptr<State> state);
  void note_end();
  void give_up();
  std::unique_ptr<State> state_;
};

}  // namespace npuwhisper::xdna

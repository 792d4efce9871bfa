// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/driver/buffer.h"
#include "emulator/driver/context_registry.h"
#include "emulator/driver/device_model.h"
#include "emulator/driver/fault_script.h"
#include "emulator/driver/statistics.h"
#include "emulator/driver/timeline.h"
#include "emulator/npu.h"

namespace npuwhisper::emu {

/// The emulated device in this process: its identity, its faults, its counters, and the objects
/// that its clients pass to each other. Created once, from the device tree and the environment.
/// Lives until the process ends. Thread-safe.
class Device {
 public:
  /// Opens the device. `tree` is the folder that npuwhisper-emulate has created. Errors:
  /// InvalidArgument (an environment variable is malformed), NotFound (the file `array` of the tree
  /// names no emulated array), Unavailable (the file `state` of the tree cannot be opened).
  static Result<std::unique_ptr<Device>> open(const std::string& tree);

  const DeviceModel& model() const { return *model_; }
  const npu::ArrayModel& array() const { return *array_; }
  FaultScript& faults() { return faults_; }
  Statistics& statistics() { return statistics_; }
  ContextRegistry& registry() { return registry_; }

  /// Returns the watchdog's timeout, after which the driver ends a stuck run. The variable
  /// NPUWHISPER_EMULATOR_WATCHDOG_MS sets the timeout. The default is 2000 ms, as in xdna-driver.
  /// Empty if the variable is 0: the watchdog then ends no run.
  std::optional<std::chrono::milliseconds> watchdog() const { return watchdog_; }

  /// Returns whether contexts have a timeline (DRM synchronisation object) for their commands, as
  /// in xdna-driver. Off by default, because AMD's user-mode driver 2.25 ignores the result of a
  /// wait for a timeline: when such a wait times out, XRT throws an exception ("unexpected command
  /// state"). Without timelines, that driver waits with WAIT_CMD and reports a timeout correctly.
  /// NPUWHISPER_EMULATOR_TIMELINES=1 enables timelines, to show how a program behaves on a machine
  /// that has them.
  bool has_timelines() const { return has_timelines_; }

  void lose() { lost_ = true; }
  bool is_lost() const { return lost_; }

  Result<std::unique_ptr<Npu>> load(std::span<const std::byte> image, bool is_dirty) const;

  // The functions below store and find objects that clients export as file descriptors. The inode
  // of the file identifies the object.
  void exported(int fd, const std::shared_ptr<Buffer>& buffer);
  void exported(int fd, const std::shared_ptr<Timeline>& timeline);
  std::shared_ptr<Buffer> imported_buffer(int fd);
  std::shared_ptr<Timeline> imported_timeline(int fd);

  /// Writes the statistics to the file that NPUWHISPER_EMULATOR_STATS names. Does nothing if the
  /// variable is not set. "%p" in the name is replaced by the process ID.
  void write_statistics();
  /// Adds an array's trace to the file that NPUWHISPER_EMULATOR_TRACE names, and draws its picture
  /// in the file that NPUWHISPER_EMULATOR_OCCUPANCY names. The first picture of this process has
  /// that name. The n-th picture has the name with ".n" appended. Skips arrays that ran nothing.
  void write_trace(Npu& npu);

 private:
  Device(const DeviceModel& model, const npu::ArrayModel& array, ContextRegistry registry,
         FaultScript faults, std::optional<std::chrono::milliseconds> watchdog);

  const DeviceModel* model_;
  const npu::ArrayModel* array_;
  ContextRegistry registry_;
  FaultScript faults_;
  Statistics statistics_;
  const std::optional<std::chrono::milliseconds> watchdog_;
  const bool has_timelines_;
  std::atomic<bool> lost_ = false;
  std::atomic<int> n_traces_ = 0;
  std::mutex mutex_;  ///< Guards exported_buffers_ and exported_timelines_.
  std::map<std::uint64_t, std::weak_ptr<Buffer>> exported_buffers_;
  std::map<std::uint64_t, std::weak_ptr<Timeline>> exported_timelines_;
};

}  // namespace npuwhisper::emu

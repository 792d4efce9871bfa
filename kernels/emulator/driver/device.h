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

/// The emulated device in this process: who it is, what has gone wrong, what it has counted, and
/// what its clients pass to each other. Made once, from the device tree and the environment; lives
/// until the process ends. Thread-safe.
class Device {
 public:
  /// tree: the folder that npuwhisper-emulate has made. Errors: InvalidArgument (a malformed
  /// variable), NotFound (no such array), Unavailable (the tree is broken).
  static Result<std::unique_ptr<Device>> open(const std::string& tree);

  const DeviceModel& model() const { return *model_; }
  const npu::ArrayModel& array() const { return *array_; }
  FaultScript& faults() { return faults_; }
  Statistics& statistics() { return statistics_; }
  ContextRegistry& registry() { return registry_; }

  /// How long a run may be stuck until the driver ends it (NPUWHISPER_EMULATOR_WATCHDOG_MS, 2000 as
  /// in xdna-driver); nothing: for ever (0).
  std::optional<std::chrono::milliseconds> watchdog() const { return watchdog_; }

  /// Whether contexts have a timeline (DRM synchronisation object) for their commands, as those of
  /// xdna-driver have. By default not, because AMD's user-mode driver 2.25 does not look at what a
  /// wait for one returns: a wait that times out then is an exception in XRT ("unexpected command
  /// state"). Without a timeline it waits by WAIT_CMD, and a timeout is a timeout.
  /// NPUWHISPER_EMULATOR_TIMELINES=1 gives them, to see what a program does on such a machine.
  bool has_timelines() const { return has_timelines_; }

  void lose() { lost_ = true; }
  bool is_lost() const { return lost_; }

  Result<std::unique_ptr<Npu>> load(std::span<const std::byte> image) const;

  /// What file descriptors that clients export stand for, by the file's inode.
  void exported(int fd, const std::shared_ptr<Buffer>& buffer);
  void exported(int fd, const std::shared_ptr<Timeline>& timeline);
  std::shared_ptr<Buffer> imported_buffer(int fd);
  std::shared_ptr<Timeline> imported_timeline(int fd);

  /// Writes the statistics where NPUWHISPER_EMULATOR_STATS says, if it does and if a program has
  /// used the device; "%p" there is replaced by the process's number.
  void write_statistics();
  /// Adds a context's trace to the file that NPUWHISPER_EMULATOR_TRACE names, and draws its picture
  /// where NPUWHISPER_EMULATOR_OCCUPANCY says: the first context's of this process in that file, the
  /// n-th's in the file's name with ".n". Contexts that ran nothing do not count.
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
  std::mutex mutex_;  ///< Guards the two maps.
  std::map<std::uint64_t, std::weak_ptr<Buffer>> exported_buffers_;
  std::map<std::uint64_t, std::weak_ptr<Timeline>> exported_timelines_;
};

}  // namespace npuwhisper::emu

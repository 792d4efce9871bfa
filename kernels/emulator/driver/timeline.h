// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

namespace npuwhisper::emu {

/// A DRM synchronisation object with a timeline: points are submitted in order and signaled in
/// order. A context's points are its commands' sequence numbers. Thread-safe.
class Timeline {
 public:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;  ///< Nothing: never.

  void submit(std::uint64_t point);
  void signal(std::uint64_t point);
  /// The last point that is signaled; 0 if none is.
  std::uint64_t signaled() const;

  struct Wait {
    std::shared_ptr<Timeline> timeline;
    std::uint64_t point = 0;  ///< As in the kernel, 0 stands for the last one that is submitted.
  };
  /// Waits for all (or any: then `first` is which). 0; ETIME at the deadline; EINVAL if a point is
  /// not submitted and for_submit is false.
  static int wait(std::span<const Wait> waits, bool all, bool for_submit, Deadline deadline,
                  std::uint32_t& first);

 private:
  bool is_submitted(std::uint64_t point) const;  ///< Under the lock, as is the next.
  bool is_signaled(std::uint64_t point) const;

  std::optional<std::uint64_t> submitted_;
  std::optional<std::uint64_t> signaled_;
};

/// A client's timelines, by handle. Thread-safe.
class TimelineTable {
 public:
  std::uint32_t insert(std::shared_ptr<Timeline> timeline);
  std::shared_ptr<Timeline> find(std::uint32_t handle) const;
  /// 0, or EINVAL.
  int close(std::uint32_t handle);

 private:
  mutable std::mutex mutex_;  ///< Guards what follows.
  std::map<std::uint32_t, std::shared_ptr<Timeline>> entries_;
  std::uint32_t next_handle_ = 1;
};

}  // namespace npuwhisper::emu

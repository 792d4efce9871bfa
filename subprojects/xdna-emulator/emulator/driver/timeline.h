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

/// A DRM synchronisation object with a timeline. Points are submitted in order and signaled in
/// order. A context's points are its commands' sequence numbers. Thread-safe.
class Timeline {
 public:
  /// Time at which a wait ends; empty for a wait without a limit.
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  void submit(std::uint64_t point);
  void signal(std::uint64_t point);
  /// Returns the last signaled point; 0 if there is none.
  std::uint64_t signaled() const;

  struct Wait {
    std::shared_ptr<Timeline> timeline;
    std::uint64_t point = 0;  ///< 0 means the last submitted point, as in the kernel.
  };
  /// Waits until all points are signaled or, if `all` is false, until any point is signaled. Sets
  /// `first` to the index of the first wait whose point is signaled. Returns 0, ETIME at the
  /// deadline, or EINVAL if a point is not yet submitted and `for_submit` is false.
  static int wait(std::span<const Wait> waits, bool all, bool for_submit, Deadline deadline,
                  std::uint32_t& first);

 private:
  bool is_submitted(std::uint64_t point) const;  ///< The caller must hold the lock.
  bool is_signaled(std::uint64_t point) const;   ///< The caller must hold the lock.

  std::optional<std::uint64_t> submitted_;
  std::optional<std::uint64_t> signaled_;
};

/// A client's timelines, by handle. Thread-safe.
class TimelineTable {
 public:
  std::uint32_t insert(std::shared_ptr<Timeline> timeline);
  std::shared_ptr<Timeline> find(std::uint32_t handle) const;
  /// Returns 0 or EINVAL.
  int close(std::uint32_t handle);

 private:
  mutable std::mutex mutex_;  ///< Guards the members below.
  std::map<std::uint32_t, std::shared_ptr<Timeline>> entries_;
  std::uint32_t next_handle_ = 1;
};

}  // namespace npuwhisper::emu

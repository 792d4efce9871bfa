// SPDX-License-Identifier: LGPL-2.1-or-later
//
// This file implements the ioctls about synchronisation objects.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <string>

#include "emulator/driver/client.h"
#include "emulator/driver/log.h"

namespace npuwhisper::emu {

int Client::create_timeline(drm_syncobj_create& arguments) {
  if ((arguments.flags & ~std::uint32_t{DRM_SYNCOBJ_CREATE_SIGNALED}) != 0) return EINVAL;
  auto timeline = std::make_shared<Timeline>();
  if ((arguments.flags & DRM_SYNCOBJ_CREATE_SIGNALED) != 0) timeline->signal(0);
  arguments.handle = timelines_.insert(std::move(timeline));
  return 0;
}

int Client::export_timeline(drm_syncobj_handle& arguments) {
  if (arguments.flags != 0) return EINVAL;
  const auto timeline = timelines_.find(arguments.handle);
  if (!timeline) return EINVAL;
  const int fd = memfd_create("amdxdna-syncobj (emulated)", MFD_CLOEXEC);
  if (fd < 0) return errno;
  device_.exported(fd, timeline);
  arguments.fd = fd;
  return 0;
}

int Client::import_timeline(drm_syncobj_handle& arguments) {
  if (arguments.flags != 0) return EINVAL;
  auto timeline = device_.imported_timeline(arguments.fd);
  if (!timeline) {
    log("only synchronisation objects that this process has exported can be imported");
    return EOPNOTSUPP;
  }
  arguments.handle = timelines_.insert(std::move(timeline));
  return 0;
}

int Client::wait_timelines(drm_syncobj_timeline_wait& arguments) const {
  constexpr std::uint32_t kFlags =
      DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
  if (arguments.count_handles == 0) return EINVAL;
  if ((arguments.flags & ~kFlags) != 0) {
    log("a wait for synchronisation objects with flags " + std::to_string(arguments.flags) +
        " is not emulated");
    return EOPNOTSUPP;
  }
  const auto* handles = reinterpret_cast<const std::uint32_t*>(arguments.handles);
  const auto* points = reinterpret_cast<const std::uint64_t*>(arguments.points);
  std::vector<Timeline::Wait> waits;
  for (std::uint32_t i = 0; i < arguments.count_handles; ++i) {
    waits.push_back({.timeline = timelines_.find(handles[i]), .point = points[i]});
    if (!waits.back().timeline) return ENOENT;
  }
  // The timeout is an absolute time of CLOCK_MONOTONIC, which steady_clock uses on Linux.
  Timeline::Deadline deadline;
  if (arguments.timeout_nsec < std::numeric_limits<std::int64_t>::max()) {
    deadline =
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds(arguments.timeout_nsec));
  }
  return Timeline::wait(waits, (arguments.flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL) != 0,
                        (arguments.flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT) != 0, deadline,
                        arguments.first_signaled);
}

int Client::signal_timelines(const drm_syncobj_timeline_array& arguments) const {
  if (arguments.flags != 0 || arguments.count_handles == 0) return EINVAL;
  const auto* handles = reinterpret_cast<const std::uint32_t*>(arguments.handles);
  const auto* points = reinterpret_cast<const std::uint64_t*>(arguments.points);
  for (std::uint32_t i = 0; i < arguments.count_handles; ++i) {
    const auto timeline = timelines_.find(handles[i]);
    if (!timeline) return ENOENT;
    timeline->signal(points[i]);
  }
  return 0;
}

int Client::query_timelines(const drm_syncobj_timeline_array& arguments) const {
  if (arguments.flags != 0 || arguments.count_handles == 0) return EINVAL;
  const auto* handles = reinterpret_cast<const std::uint32_t*>(arguments.handles);
  auto* points = reinterpret_cast<std::uint64_t*>(arguments.points);
  for (std::uint32_t i = 0; i < arguments.count_handles; ++i) {
    const auto timeline = timelines_.find(handles[i]);
    if (!timeline) return ENOENT;
    points[i] = timeline->signaled();
  }
  return 0;
}

}  // namespace npuwhisper::emu

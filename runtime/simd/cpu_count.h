// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::cpu {

/// Returns the number of physical cores that this process may use, at least 1: the cores of its
/// affinity mask, regardless of their number of hardware threads, but no more than its cgroup's CPU
/// quota (rounded up). Sources: sched_getaffinity(2), /sys/devices/system/cpu/cpu*/topology, cgroup
/// v2 cpu.max and v1 cpu.cfs_quota_us.
unsigned count_usable_cores();

}  // namespace npuwhisper::cpu

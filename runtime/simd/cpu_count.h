// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::cpu {

/// Returns the number of physical cores that this process may use, at least 1. Counts the cores in
/// the process's affinity mask, regardless of the number of hardware threads per core. The CPU
/// quota of the process's cgroup, rounded up, limits the result. Sources: sched_getaffinity(2),
/// /sys/devices/system/cpu/cpu*/topology, cgroup v2 cpu.max and v1 cpu.cfs_quota_us.
unsigned count_usable_cores();

}  // namespace npuwhisper::cpu

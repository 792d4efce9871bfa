// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::cpu {

/// Physical cores that this process may use: those of its affinity mask, each core counted once however many hardware
/// threads it has, and no more than its cgroup's CPU quota (rounded up). At least 1. Sources: sched_getaffinity(2),
/// /sys/devices/system/cpu/cpu*/topology, cgroup v2 cpu.max and v1 cpu.cfs_quota_us.
unsigned count_usable_cores();

}  // namespace npuwhisper::cpu

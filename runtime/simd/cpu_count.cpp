// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace npuwhisper::cpu {
namespace {

std::optional<int> read_int(const std::string& path) {
  std::ifstream file(path);
  int value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

unsigned count_cores_in_affinity() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return 1;
  std::set<std::pair<int, int>> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mask)) continue;
    const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    // If the topology cannot be read, each processor counts as a core.
    cores.emplace(read_int(topology + "physical_package_id").value_or(-1),
                  read_int(topology + "core_id").value_or(1000000 + cpu));
  }
  return static_cast<unsigned>(cores.size());
}

std::optional<double> quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return std::nullopt;
  return std::strtod(quota.c_str(), nullptr) / period;
}

std::optional<double> quota_v1(const std::string& folder) {
  const auto quota = read_int(folder + "/cpu.cfs_quota_us");
  const auto period = read_int(folder + "/cpu.cfs_period_us");
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / *period;
}

/// Returns the smallest CPU quota of this process's cgroup and its ancestors, in CPUs. Returns
/// nullopt if there is no quota.
std::optional<double> cgroup_quota() {
  std::optional<double> tightest;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool v2 = controllers.empty();
    if (!v2 && ("," + controllers + ",").find(",cpu,") == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      const auto quota = v2 ? quota_v2(root + path) : quota_v1(root + path);
      if (quota) tightest = std::min(tightest.value_or(*quota), *quota);
      if (path.empty() || path.rfind('/') == std::string::npos) break;
    }
  }
  return tightest;
}

}  // namespace

unsigned count_usable_cores() {
  unsigned cores = std::max(1U, count_cores_in_affinity());
  if (const auto quota = cgroup_quota()) {
    cores = std::min(cores, std::max(1U, static_cast<unsigned>(std::ceil(*quota))));
  }
  return cores;
}

}  // namespace npuwhisper::cpu

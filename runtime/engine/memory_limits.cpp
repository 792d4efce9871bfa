// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/memory_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;

/// Parses the number of bytes at the beginning of `text`. Returns nullopt if `text` does not begin
/// with a number (for example "max"), or if the number is too large.
std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  text.remove_prefix(first);
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> read_bytes(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  return std::getline(stream, line) ? parse_bytes(line) : std::nullopt;
}

/// Returns the number after `key` in the first line of `file` that begins with `key`. Returns
/// nullopt if there is no such line, or no valid number after `key`.
std::optional<std::uint64_t> read_field(const fs::path& file, std::string_view key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(key)) return parse_bytes(std::string_view(line).substr(key.size()));
  }
  return std::nullopt;
}

/// Reads the value of `key` in `file`, a file of /proc that has this value in kB. Returns the value
/// in bytes; nullopt if there is no valid value.
std::optional<std::uint64_t> read_kilobytes(const fs::path& file, std::string_view key) {
  const auto value = read_field(file, key);
  if (!value || *value > UINT64_MAX / 1024) return std::nullopt;
  return *value * 1024;
}

/// Sets `smallest` to `bytes` and `source` if `smallest` is empty or has more bytes.
void take_smaller(std::optional<MemoryLimit>& smallest, std::uint64_t bytes,
                  const std::string& source) {
  if (!smallest || bytes < smallest->bytes) smallest = MemoryLimit{bytes, source};
}

/// The names of a cgroup's files, which depend on the version of cgroups.
struct CgroupFiles {
  const char* limit;
  const char* usage;
  const char* inactive;  ///< Key of the inactive file cache in memory.stat.
};
constexpr CgroupFiles kV1 = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                             "total_inactive_file "};
constexpr CgroupFiles kV2 = {"memory.max", "memory.current", "inactive_file "};

/// Lowers `limits` to the memory limit of the cgroup in the folder `root / folder`, and to the
/// memory that this limit still allows. Messages show the path without `root`.
void add_group(const fs::path& root, const fs::path& folder, const CgroupFiles& files,
               MemoryLimits& limits) {
  const auto limit = read_bytes(root / folder / files.limit);
  if (!limit || *limit == 0) return;
  const std::string file = ("/" / folder / files.limit).string();
  take_smaller(limits.possible, *limit, "the limit in " + file);
  const auto usage = read_bytes(root / folder / files.usage);
  if (!usage) return;
  // The kernel frees the inactive file cache before it refuses memory.
  const std::uint64_t dropped =
      read_field(root / folder / "memory.stat", files.inactive).value_or(0);
  const std::uint64_t used = *usage - std::min(*usage, dropped);
  take_smaller(limits.available, *limit - std::min(*limit, used),
               "what the limit in " + file + " leaves");
}

/// Lowers `limits` to the limits of the cgroup `group` and of its parents. `mount`: the folder at
/// which the hierarchy of cgroups is mounted, relative to `root`.
void add_groups(const fs::path& root, const fs::path& mount, const std::string& group,
                const CgroupFiles& files, MemoryLimits& limits) {
  // In a container, the path may lead out of the mounted hierarchy ("/../x"), or it may be the path
  // on the host, which does not exist here. In both cases, the folder of the mount is the
  // container's group.
  fs::path path = fs::path("/" + group).lexically_normal().relative_path();
  for (;; path = path.parent_path()) {
    add_group(root, mount / path, files, limits);
    if (path.empty()) return;
  }
}

void add_cgroups(const fs::path& root, MemoryLimits& limits) {
  std::ifstream groups(root / "proc/self/cgroup");
  // A line is "ID:controllers:path". Version 2 has no controllers.
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      add_groups(root, "sys/fs/cgroup", path, kV2, limits);
      add_groups(root, "sys/fs/cgroup/unified", path, kV2, limits);  // if version 1 is mounted too
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      add_groups(root, "sys/fs/cgroup/memory", path, kV1, limits);
    }
  }
}

/// Lowers `limits.possible` to the memory that the resource limit `limit` still allows. `used_key`:
/// key in /proc/self/status. Its value is the memory that counts towards the limit.
void add_resource_limit(const fs::path& root, std::optional<std::uint64_t> limit,
                        std::string_view used_key, const char* source, MemoryLimits& limits) {
  if (!limit) return;
  const auto used = read_kilobytes(root / "proc/self/status", used_key);
  if (!used) return;
  take_smaller(limits.possible, *limit - std::min(*limit, *used), source);
}

std::optional<std::uint64_t> read_resource_limit(__rlimit_resource resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

}  // namespace

ResourceLimits read_resource_limits() {
  return {.address_space = read_resource_limit(RLIMIT_AS),
          .data = read_resource_limit(RLIMIT_DATA)};
}

MemoryLimits read_memory_limits(const fs::path& root, const ResourceLimits& limits) {
  MemoryLimits found;
  const fs::path meminfo = root / "proc/meminfo";
  if (const auto total = read_kilobytes(meminfo, "MemTotal:"); total && *total > 0) {
    take_smaller(found.possible, *total, "the memory of this machine");
  }
  if (const auto free = read_kilobytes(meminfo, "MemAvailable:")) {
    take_smaller(found.available, *free, "the memory of this machine that is free now");
  }
  add_cgroups(root, found);
  add_resource_limit(root, limits.address_space, "VmSize:", "what ulimit -v leaves", found);
  add_resource_limit(root, limits.data, "VmData:", "what ulimit -d leaves", found);
  return found;
}

}  // namespace npuwhisper

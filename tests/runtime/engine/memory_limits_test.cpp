// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/memory_limits.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "temporary_folder.h"

namespace npuwhisper {
namespace {

constexpr std::uint64_t kKiB = 1024, kMiB = 1024 * kKiB;

/// Reads memory limits from a temporary folder that imitates /proc and /sys.
class MemoryLimitsOf : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = root_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void write_machine(std::uint64_t total_mib, std::uint64_t available_mib) const {
    write("proc/meminfo",
          "MemTotal:       " + std::to_string(total_mib * 1024) +
              " kB\nMemFree:  100 kB\nMemAvailable:   " + std::to_string(available_mib * 1024) +
              " kB\nSwapTotal: 9999999 kB\n");
  }
  MemoryLimits read(const ResourceLimits& limits = {}) const {
    return read_memory_limits(root_.path(), limits);
  }
  static void expect(const std::optional<MemoryLimit>& found, std::uint64_t bytes,
                     const std::string& source) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->bytes, bytes);
    EXPECT_EQ(found->source, source);
  }

  test::TemporaryFolder root_;
};

TEST_F(MemoryLimitsOf, TheMachine) {
  write_machine(4000, 1000);
  const MemoryLimits limits = read();
  expect(limits.possible, 4000 * kMiB, "the memory of this machine");
  expect(limits.available, 1000 * kMiB, "the memory of this machine that is free now");
}

TEST_F(MemoryLimitsOf, NoFiles) {
  const MemoryLimits limits = read();
  EXPECT_FALSE(limits.possible);
  EXPECT_FALSE(limits.available);
}

TEST_F(MemoryLimitsOf, AGroupOfVersion2) {
  write_machine(4000, 2000);
  write("proc/self/cgroup", "0::/user.slice/app\n");
  const std::string folder = "sys/fs/cgroup/user.slice/app/";
  write(folder + "memory.max", std::to_string(500 * kMiB) + "\n");
  write(folder + "memory.current", std::to_string(400 * kMiB) + "\n");
  write(folder + "memory.stat",
        "anon 1\nactive_file 7\ninactive_file " + std::to_string(150 * kMiB) + "\nunevictable 3\n");
  write(folder + "memory.swap.max", "0\n");
  const MemoryLimits limits = read();
  expect(limits.possible, 500 * kMiB, "the limit in /sys/fs/cgroup/user.slice/app/memory.max");
  expect(limits.available, 250 * kMiB,
         "what the limit in /sys/fs/cgroup/user.slice/app/memory.max leaves");
}

TEST_F(MemoryLimitsOf, TheSmallestLimitOfNestedGroups) {
  write_machine(4000, 2000);
  write("proc/self/cgroup", "0::/a/b/c\n");
  write("sys/fs/cgroup/a/memory.max", std::to_string(300 * kMiB));
  write("sys/fs/cgroup/a/memory.current", std::to_string(100 * kMiB));
  write("sys/fs/cgroup/a/b/memory.max", "max\n");
  write("sys/fs/cgroup/a/b/c/memory.max", std::to_string(310 * kMiB));
  write("sys/fs/cgroup/a/b/c/memory.current", std::to_string(200 * kMiB));
  const MemoryLimits limits = read();
  expect(limits.possible, 300 * kMiB, "the limit in /sys/fs/cgroup/a/memory.max");
  expect(limits.available, 110 * kMiB, "what the limit in /sys/fs/cgroup/a/b/c/memory.max leaves");
}

// In a container with version 1 of cgroups, the path in /proc/self/cgroup does not exist, because
// the container's group is mounted at the top.
TEST_F(MemoryLimitsOf, TheTopOfTheMount) {
  write("proc/self/cgroup", "12:cpu,cpuacct:/x\n7:memory:/docker/1234\n0::/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(200 * kMiB));
  const MemoryLimits limits = read();
  expect(limits.possible, 200 * kMiB, "the limit in /sys/fs/cgroup/memory/memory.limit_in_bytes");
  EXPECT_FALSE(limits.available);
}

TEST_F(MemoryLimitsOf, AGroupOfVersion1) {
  write_machine(4000, 2000);
  write("proc/self/cgroup", "5:hugetlb,memory:/app\n");
  const std::string folder = "sys/fs/cgroup/memory/app/";
  write(folder + "memory.limit_in_bytes", std::to_string(100 * kMiB));
  write(folder + "memory.usage_in_bytes", std::to_string(90 * kMiB));
  write(folder + "memory.stat",
        "inactive_file 1\ntotal_inactive_file " + std::to_string(20 * kMiB) + "\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  const MemoryLimits limits = read();
  expect(limits.possible, 100 * kMiB,
         "the limit in /sys/fs/cgroup/memory/app/memory.limit_in_bytes");
  expect(limits.available, 30 * kMiB,
         "what the limit in /sys/fs/cgroup/memory/app/memory.limit_in_bytes leaves");
}

TEST_F(MemoryLimitsOf, Version2BesideVersion1) {
  write("proc/self/cgroup", "0::/app\n");
  write("sys/fs/cgroup/unified/app/memory.max", std::to_string(kMiB));
  expect(read().possible, kMiB, "the limit in /sys/fs/cgroup/unified/app/memory.max");
}

TEST_F(MemoryLimitsOf, APathToAnotherGroup) {
  write("proc/self/cgroup", "0::/../../app\n");
  write("sys/fs/cgroup/app/memory.max", std::to_string(kMiB));
  write("app/memory.max", "1");
  expect(read().possible, kMiB, "the limit in /sys/fs/cgroup/app/memory.max");
}

TEST_F(MemoryLimitsOf, OddFiles) {
  write_machine(4000, 2000);
  write("proc/self/cgroup", "\n:\n0:\nnothing\n0::\n0::/a\n3:memory:/a\n");
  for (const char* text : {"", "\n", "max", "-1", "0", "x12", "99999999999999999999999999"}) {
    write("sys/fs/cgroup/a/memory.max", text);
    write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", text);
    write("sys/fs/cgroup/memory.max", text);
    const MemoryLimits limits = read();
    expect(limits.possible, 4000 * kMiB, "the memory of this machine");
    expect(limits.available, 2000 * kMiB, "the memory of this machine that is free now");
  }
  for (const char* text : {"", "MemTotal:\nMemAvailable:", "MemTotal: x kB\nMemAvailable: -1 kB",
                           "MemTotal: 0 kB", "MemTotal: 18446744073709551615 kB\n"}) {
    write("proc/meminfo", text);
    EXPECT_FALSE(read().possible) << text;
    EXPECT_FALSE(read().available) << text;
  }
}

// A group may use more memory than its limit for a moment after the limit was lowered.
TEST_F(MemoryLimitsOf, MoreInUseThanAllowed) {
  write("proc/self/cgroup", "0::/a\n");
  write("sys/fs/cgroup/a/memory.max", std::to_string(kMiB));
  write("sys/fs/cgroup/a/memory.current", std::to_string(3 * kMiB));
  write("sys/fs/cgroup/a/memory.stat", "inactive_file " + std::to_string(9 * kMiB) + "\n");
  EXPECT_EQ(read().available->bytes, kMiB);
  write("sys/fs/cgroup/a/memory.stat", "inactive_file 0\n");
  EXPECT_EQ(read().available->bytes, 0U);
}

TEST_F(MemoryLimitsOf, ResourceLimitsWithoutWhatIsMapped) {
  write_machine(4000, 2000);
  write("proc/self/status",
        "Name:\tx\nVmPeak:\t 999999999 kB\nVmSize:\t  102400 kB\n"
        "VmData:\t   51200 kB\n");
  expect(read({.address_space = 300 * kMiB, .data = {}}).possible, 200 * kMiB,
         "what ulimit -v leaves");
  expect(read({.address_space = 300 * kMiB, .data = 60 * kMiB}).possible, 10 * kMiB,
         "what ulimit -d leaves");
  EXPECT_EQ(read({.address_space = 10 * kMiB, .data = {}}).possible->bytes, 0U);
  EXPECT_EQ(read({.address_space = 9000 * kMiB, .data = {}}).possible->bytes, 4000 * kMiB);
  EXPECT_EQ(read({.address_space = 300 * kMiB, .data = {}}).available->bytes, 2000 * kMiB);
  write("proc/self/status", "VmSize: unknown\n");
  EXPECT_EQ(read({.address_space = 300 * kMiB, .data = {}}).possible->bytes, 4000 * kMiB);
}

TEST(MemoryLimits, OfThisMachine) {
  const MemoryLimits limits = read_memory_limits("/", read_resource_limits());
  ASSERT_TRUE(limits.possible);
  ASSERT_TRUE(limits.available);
  EXPECT_GT(limits.possible->bytes, 100 * kMiB) << limits.possible->source;
}

}  // namespace
}  // namespace npuwhisper

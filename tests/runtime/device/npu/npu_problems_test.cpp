// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the reports on why an NPU cannot be used. Uses folders that imitate the kernel's files.
#include "device/npu/npu_problems.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "temporary_folder.h"

namespace npuwhisper::npu_device {
namespace {

namespace fs = std::filesystem;

constexpr char kAddress[] = "0000:c5:00.1";

/// Gives up the rights of root, which may open every file, until the end of the scope.
class WithoutRoot {
 public:
  WithoutRoot() {
    if (is_root_) {
      EXPECT_EQ(setresuid(1, 1, 0), 0);
    }
  }
  ~WithoutRoot() {
    if (is_root_) {
      EXPECT_EQ(setresuid(0, 0, 0), 0);
    }
  }
  WithoutRoot(const WithoutRoot&) = delete;
  WithoutRoot& operator=(const WithoutRoot&) = delete;

 private:
  const bool is_root_ = geteuid() == 0;
};

/// The files of a laptop with a working NPU of Gorgon Point. A test changes some of them.
class NpuProblems : public testing::Test {
 protected:
  void SetUp() override {
    put_device(kAddress, "0x1022", "0x17f0", "0x20");
    put_device("0000:00:01.0", "0x1022", "0x1483", "0x00");
    bind_driver("amdxdna");
    fs::create_directories(device() / "accel/accel0");
    put("power/runtime_status", "active");
    put_at("dev/accel/accel0", "");
    put_at("sys/module/amdxdna/version", "1");
    fs::create_directories(root() / "sys/class/iommu/ivhd0");
    put_at("lib/firmware/amdnpu/17f0_20/npu_7.sbin", "firmware");
    put_at("proc/sys/kernel/osrelease", "7.0.3-laptop\n");
    put_at("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/nvme0n1p2 quiet\n");
    put_at("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme svm avx512f\n");
    put_at("proc/self/status", "Name:\ttest\nPid:\t100\nCapEff:\t0000000000000000\n");
    put_locked_memory("unlimited");
    put_at("etc/group", "games:x:60:\nrender:x:" + std::to_string(getgid()) + ":\n");
  }

  const fs::path& root() const { return folder_.path(); }
  fs::path device() const { return root() / "sys/bus/pci/devices" / kAddress; }
  SystemFiles files() const { return SystemFiles(root()); }

  void put_at(const fs::path& name, std::string_view text) {
    fs::create_directories((root() / name).parent_path());
    std::ofstream(root() / name) << text;
  }
  void put(const fs::path& name, std::string_view text) {
    put_at(device().lexically_relative(root()) / name, text);
  }
  void put_device(const fs::path& address, const char* vendor, const char* id,
                  const char* revision) {
    const fs::path folder = fs::path("sys/bus/pci/devices") / address;
    put_at(folder / "vendor", vendor);
    put_at(folder / "device", id);
    put_at(folder / "revision", revision);
  }
  void bind_driver(const char* name) {
    fs::create_directories(root() / "sys/bus/pci/drivers" / name);
    fs::create_directory_symlink(fs::path("../../drivers") / name, device() / "driver");
  }
  void put_locked_memory(const char* limit) {
    put_at("proc/self/limits",
           std::string("Limit                     Soft Limit   Hard Limit   Units\n"
                       "Max locked memory         ") +
               limit + "      " + limit + "      bytes\n");
  }
  void put_process(int process, const char* name, const char* opened) {
    const fs::path folder = fs::path("proc") / std::to_string(process);
    put_at(folder / "comm", std::string(name) + "\n");
    fs::create_directories(root() / folder / "fd");
    fs::create_symlink(opened, root() / folder / "fd/7");
  }
  void remove(const fs::path& name) { fs::remove_all(root() / name); }

  /// Expects one problem, whose parts contain `found` and `remedy`.
  static void expect_one(const std::vector<NpuProblem>& problems, std::string_view found,
                         std::string_view remedy) {
    ASSERT_EQ(problems.size(), 1u) << describe(problems);
    EXPECT_NE(problems[0].found.find(found), std::string::npos) << problems[0].found;
    EXPECT_NE(problems[0].remedy.find(remedy), std::string::npos) << problems[0].remedy;
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(NpuProblems, AWorkingNpuHasNone) {
  EXPECT_EQ(describe(problems_of_finding(files())), "");
  EXPECT_EQ(describe(problems_of_use(files())), "");
}

TEST_F(NpuProblems, NoNpuOnTheBus) {
  fs::remove_all(device());
  expect_one(problems_of_finding(files()), "no AMD NPU", "firmware setup");
}

TEST_F(NpuProblems, AnNpuOfALaterGeneration) {
  put("device", "0x17f1");
  expect_one(problems_of_finding(files()),
             "1022:17f1 (revision 0x20) at 0000:c5:00.1 is of a generation", "device cpu");
}

TEST_F(NpuProblems, AKernelWithoutTheDriver) {
  fs::remove(device() / "driver");
  remove("sys/module/amdxdna");
  put_at("proc/sys/kernel/osrelease", "6.12.48-laptop\n");
  expect_one(problems_of_finding(files()), "Linux 6.12.48-laptop has no amdxdna",
             "Linux 6.14 or later, or the package amdxdna-dkms");
}

TEST_F(NpuProblems, AModuleThatIsNotLoaded) {
  fs::remove(device() / "driver");
  remove("sys/module/amdxdna");
  put_at("proc/sys/kernel/osrelease", "6.14.0\n");
  expect_one(problems_of_finding(files()), "amdxdna is not loaded", "modprobe amdxdna");
}

TEST_F(NpuProblems, MissingFirmware) {
  fs::remove(device() / "driver");
  remove("lib/firmware/amdnpu/17f0_20");
  put_at("lib/firmware/amdnpu/17f0_10/npu.sbin", "of another NPU");
  expect_one(problems_of_finding(files()), "no firmware", "linux-firmware");
}

TEST_F(NpuProblems, FirmwareOfAnotherProtocol) {
  fs::remove(device() / "driver");
  put_at("proc/sys/kernel/osrelease", "6.19.2\n");
  expect_one(problems_of_finding(files()), "amdxdna of Linux 6.19.2 could not start it",
             "Incompatible firmware protocol");
}

TEST_F(NpuProblems, AVirtualMachine) {
  fs::remove(device() / "driver");
  put_at("proc/cpuinfo", "flags\t\t: fpu hypervisor avx2\n");
  expect_one(problems_of_finding(files()), "virtual machine", "computer itself");
}

TEST_F(NpuProblems, AnIommuThatAnOptionDisables) {
  put_at("proc/cmdline", "quiet amd_iommu=off\n");
  expect_one(problems_of_finding(files()), "started with amd_iommu=off", "boot loader");
}

TEST_F(NpuProblems, NoIommu) {
  remove("sys/class/iommu");
  expect_one(problems_of_finding(files()), "no IOMMU", "firmware setup");
}

TEST_F(NpuProblems, ADriverWithoutADevice) {
  fs::remove_all(device() / "accel");
  expect_one(problems_of_finding(files()), "no accel device", "dmesg");
}

TEST_F(NpuProblems, AContainerWithoutTheDeviceFile) {
  remove("dev/accel/accel0");
  expect_one(problems_of_finding(files()), "no /dev/accel/accel0", "container");
}

TEST_F(NpuProblems, AUserOutsideTheGroup) {
  fs::permissions(root(), fs::perms{0755});
  fs::permissions(root() / "dev/accel/accel0", fs::perms::none);
  const WithoutRoot user;
  expect_one(problems_of_finding(files()),
             "may not open /dev/accel/accel0, which belongs to group render", "usermod -aG render");
}

TEST_F(NpuProblems, GroupsHaveNamesOrNumbers) {
  EXPECT_EQ(files().group_of(root() / "dev/accel/accel0"), "render");
  put_at("etc/group", "other:x:" + std::to_string(getgid() + 1) + ":\n");
  EXPECT_EQ(files().group_of(root() / "dev/accel/accel0"), std::to_string(getgid()));
}

TEST_F(NpuProblems, TooLittleLockableMemory) {
  put_locked_memory("8388608");
  expect_one(problems_of_finding(files()), "may lock 8192 KiB", "memlock unlimited");
  expect_one(problems_of_use(files()), "needs at least 65536 KiB", "LimitMEMLOCK");
  put_locked_memory("67108864");
  EXPECT_EQ(describe(problems_of_use(files())), "");
  expect_one(problems_of_use(files(), kNpuHeapBytes + 1024), "needs at least 65537 KiB", "memlock");
}

TEST_F(NpuProblems, TheCapabilityToLockMemoryLiftsTheLimit) {
  put_locked_memory("8388608");
  put_at("proc/self/status", "Pid:\t100\nCapEff:\t0000000000004000\n");
  EXPECT_EQ(describe(problems_of_use(files())), "");
}

TEST_F(NpuProblems, OtherProcessesThatUseTheNpu) {
  put_process(100, "test", "/dev/accel/accel0");
  put_process(101, "editor", "/dev/null");
  put_process(4711, "flm", "/dev/accel/accel0");
  expect_one(problems_of_use(files()), "process 4711 (flm) also uses /dev/accel/accel0", "wait");
}

TEST_F(NpuProblems, AnNpuThatDidNotResume) {
  put("power/runtime_status", "error");
  expect_one(problems_of_use(files()), "did not resume", "modprobe -r amdxdna");
}

TEST_F(NpuProblems, AnIommuThatPassesAddressesThrough) {
  put("iommu_group/type", "DMA-FQ");
  EXPECT_EQ(describe(problems_of_use(files())), "");
  put("iommu_group/type", "identity");
  expect_one(problems_of_use(files()), "passes addresses of the NPU 1022:17f0",
             "iommu.passthrough=0");
}

TEST_F(NpuProblems, SeveralProblemsAreJoined) {
  put_at("proc/cmdline", "iommu=off\n");
  put_locked_memory("8388608");
  EXPECT_EQ(problems_of_finding(files()).size(), 2u);
  EXPECT_EQ(describe({{"a", "b"}, {"c", "d"}}), "; a (b); c (d)");
}

TEST(SystemFiles, ThisComputersFilesCanBeRead) {
  const SystemFiles files;
  EXPECT_FALSE(files.kernel_release().empty());
  EXPECT_EQ(files.pci_ids("no such address").vendor, 0u);
  EXPECT_NO_THROW(problems_of_use(files));
}

}  // namespace
}  // namespace npuwhisper::npu_device

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/npu_problems.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace npuwhisper::npu_device {
namespace {

std::string named(const PciNpu& npu) {
  return "the NPU " + to_string(npu.ids) + " at " + npu.address;
}

/// Returns whether a release such as "6.12.48" is at least `major`.`minor`.
bool is_at_least(const std::string& release, int major, int minor) {
  int found_major = 0;
  int found_minor = 0;
  if (std::sscanf(release.c_str(), "%d.%d", &found_major, &found_minor) != 2) return true;
  return found_major != major ? found_major > major : found_minor >= minor;
}

/// Returns the reason why no driver is bound to an NPU. amdxdna does not bind without firmware,
/// under a hypervisor, or if the firmware has another protocol (aie2_init() and
/// aie2_check_protocol() in amd/xdna-driver, drivers/accel/amdxdna).
NpuProblem problem_of_driver(const SystemFiles& files, const PciNpu& npu) {
  const std::string release = files.kernel_release();
  if (files.is_virtual_machine()) {
    return {named(npu) + " has no driver, and this is a virtual machine",
            "amdxdna works only on the computer itself"};
  }
  if (!files.has_module() && !is_at_least(release, 6, 14)) {
    return {named(npu) + " has no driver: Linux " + release + " has no amdxdna",
            "install Linux 6.14 or later, or the package amdxdna-dkms"};
  }
  if (!files.has_module()) {
    return {
        named(npu) + " has no driver: the module amdxdna is not loaded",
        "run `modprobe amdxdna` as root; without such a module, install the kernel's package of "
        "extra modules, or amdxdna-dkms"};
  }
  if (!files.has_firmware(npu)) {
    return {named(npu) + " has no driver: /lib/firmware/amdnpu has no firmware for it",
            "install your system's firmware package (linux-firmware), and restart the computer"};
  }
  return {named(npu) + " has no driver: amdxdna of Linux " + release + " could not start it",
          "`dmesg | grep amdxdna` has the reason; after 'Incompatible firmware protocol major 7', "
          "install Linux 7.0 or later, or amdxdna-dkms, and restart the computer"};
}

std::optional<NpuProblem> problem_of_iommu(const SystemFiles& files) {
  if (const std::string option = files.iommu_option(); !option.empty()) {
    return NpuProblem{"the kernel was started with " + option +
                          ", and amdxdna needs the IOMMU to share memory with the NPU",
                      "remove this option from the boot loader's settings and restart"};
  }
  if (!files.has_iommu()) {
    return NpuProblem{"the kernel uses no IOMMU, which amdxdna needs to share memory with the NPU",
                      "enable IOMMU (AMD-Vi, SVM) in the firmware setup"};
  }
  return std::nullopt;
}

std::optional<NpuProblem> problem_of_device_file(const SystemFiles& files, const PciNpu& npu) {
  const std::filesystem::path file = files.device_file(npu);
  if (file.empty()) {
    return NpuProblem{named(npu) + " has the driver " + npu.driver + ", but no accel device",
                      "`dmesg | grep amdxdna` has the reason"};
  }
  const std::string name = "/dev/accel/" + file.filename().string();
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return NpuProblem{"there is no " + name + " for " + named(npu),
                      "in a container, pass this device file; elsewhere, restart udev"};
  }
  if (files.may_open(file)) return std::nullopt;
  const std::string group = files.group_of(file);
  return NpuProblem{"this user may not open " + name + ", which belongs to group " + group,
                    "run `sudo usermod -aG " + group + " $USER`, log out and log in again"};
}

std::optional<NpuProblem> problem_of_locked_memory(const SystemFiles& files, std::uint64_t wanted) {
  const auto bytes = files.lockable_bytes();
  if (!bytes || *bytes >= wanted) return std::nullopt;
  return NpuProblem{"this process may lock " + std::to_string(*bytes >> 10) +
                        " KiB of memory (`ulimit -l`), and the NPU needs at least " +
                        std::to_string(wanted >> 10) + " KiB",
                    "add the line '* - memlock unlimited' to /etc/security/limits.conf, log out "
                    "and log in again; "
                    "for services of systemd, set LimitMEMLOCK=infinity"};
}

void add(std::vector<NpuProblem>& problems, std::optional<NpuProblem> problem) {
  if (problem) problems.push_back(*std::move(problem));
}

NpuProblem no_npu() {
  return {"no AMD NPU (1022:1502, 1022:17f0) is on the PCI bus",
          "if the processor has an NPU, enable it (IPU, NPU) in the firmware setup"};
}

}  // namespace

std::vector<NpuProblem> problems_of_finding(const SystemFiles& files) {
  std::vector<NpuProblem> problems;
  const std::vector<PciNpu> npus = files.npus();
  if (npus.empty()) return {no_npu()};
  for (const PciNpu& npu : npus) {
    if (array_of(npu.ids).empty()) {
      problems.push_back(
          {named(npu) + " is of a generation that npuwhisper does not support", "use device cpu"});
    } else if (npu.driver != "amdxdna") {
      add(problems, problem_of_iommu(files));
      problems.push_back(problem_of_driver(files, npu));
    } else {
      add(problems, problem_of_device_file(files, npu));
      add(problems, problem_of_iommu(files));
      add(problems, problem_of_locked_memory(files, kNpuHeapBytes));
    }
  }
  return problems;
}

std::vector<NpuProblem> problems_of_use(const SystemFiles& files, std::uint64_t bytes) {
  std::vector<NpuProblem> problems;
  add(problems, problem_of_locked_memory(files, bytes));
  for (const PciNpu& npu : files.npus()) {
    if (const std::string state = files.power_state(npu); state == "error") {
      problems.push_back({named(npu) + " did not resume (power state 'error')",
                          "run `modprobe -r amdxdna && modprobe amdxdna` as root, or restart"});
    }
    if (files.iommu_type(npu) == "identity") {
      problems.push_back({"the IOMMU passes addresses of " + named(npu) +
                              " through, and amdxdna before June 2026 cannot work this way",
                          "start the kernel with iommu.passthrough=0, or update amdxdna"});
    }
    const std::filesystem::path file = files.device_file(npu);
    if (file.empty()) continue;
    for (const Holder& holder : files.holders(file)) {
      problems.push_back({"process " + std::to_string(holder.process) + " (" + holder.name +
                              ") also uses /dev/accel/" + file.filename().string(),
                          "end it, or wait until it ends"});
    }
  }
  return problems;
}

std::string describe(const std::vector<NpuProblem>& problems) {
  std::string text;
  for (const NpuProblem& problem : problems) {
    text += "; " + problem.found + " (" + problem.remedy + ")";
  }
  return text;
}

}  // namespace npuwhisper::npu_device

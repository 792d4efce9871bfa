// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "device/npu/npu_identity.h"

namespace npuwhisper::npu_device {

/// An NPU in /sys/bus/pci/devices.
struct PciNpu {
  std::string address;  ///< For example "0000:c5:00.1".
  PciIds ids{};
  std::string driver;  ///< "amdxdna"; empty if no driver is bound.
};

/// Another process that has the NPU's device file open.
struct Holder {
  int process = 0;
  std::string name;
};

/// Reads information about NPUs from files in /sys, /proc, /dev, /lib and /etc. Files that are
/// missing or not readable give empty results, never errors. Reentrant.
class SystemFiles {
 public:
  /// `root`: folder that holds sys, proc, dev, lib and etc. Only tests pass a folder other than /.
  explicit SystemFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

  /// Returns the ids of the PCI device at `address`; all 0 if there is no such device.
  PciIds pci_ids(const std::string& address) const;
  /// Returns all NPUs, in the order of their addresses.
  std::vector<PciNpu> npus() const;
  /// Returns the path of an NPU's device file in /dev/accel, which need not exist. Returns an empty
  /// path if the driver has created no device.
  std::filesystem::path device_file(const PciNpu& npu) const;
  /// Returns whether this process may open a device file for reading and writing.
  bool may_open(const std::filesystem::path& file) const;
  /// Returns the name of the group that owns a file, or its number.
  std::string group_of(const std::filesystem::path& file) const;
  /// Returns the processes that have a device file open, except this one. Only processes of the
  /// same user are visible, unless this process runs as root.
  std::vector<Holder> holders(const std::filesystem::path& device_file) const;
  /// Returns the state of a device's power management, such as "active", "suspended" or "error".
  std::string power_state(const PciNpu& npu) const;
  /// Returns how the IOMMU translates a device's addresses, such as "DMA", "DMA-FQ" or "identity".
  std::string iommu_type(const PciNpu& npu) const;

  /// Returns the kernel's release, such as "6.12.48+deb13-amd64".
  std::string kernel_release() const;
  /// Returns the kernel's option that disables the IOMMU, such as "amd_iommu=off". Returns an empty
  /// text if there is no such option.
  std::string iommu_option() const;
  bool has_iommu() const;
  bool has_module() const;  ///< Returns whether the module amdxdna is loaded.
  bool is_virtual_machine() const;
  bool has_firmware(const PciNpu& npu) const;
  /// Returns the number of bytes that this process may lock in memory. Returns nullopt if there is
  /// no limit or the limit cannot be read.
  std::optional<std::uint64_t> lockable_bytes() const;

 private:
  std::filesystem::path at(std::string_view path) const { return root_ / path; }
  std::string line_with(std::string_view file, std::string_view prefix) const;

  std::filesystem::path root_;
};

}  // namespace npuwhisper::npu_device

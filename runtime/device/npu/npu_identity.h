// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace npuwhisper::npu_device {

inline constexpr std::uint32_t kPciVendorAmd = 0x1022;

/// The ids of a device on the PCI bus. The device's files in /sys contain them.
struct PciIds {
  std::uint32_t vendor = 0;
  std::uint32_t device = 0;
  std::uint32_t revision = 0;
};

/// Returns whether the device is an NPU of any generation that the kernel's driver amdxdna
/// supports.
bool is_npu(const PciIds& ids);
/// Returns the array of an NPU, "npu1" or "npu2". Returns an empty text for other devices and for
/// NPUs of later generations, whose arrays npuwhisper does not support.
std::string_view array_of(const PciIds& ids);
/// Returns the array, "npu1" or "npu2", of the device that the driver names `name`. Returns an
/// empty text for unknown names. The ids are more reliable, because drivers rename devices.
std::string_view array_of(std::string_view name);
/// Returns the ids as lspci writes them: "1022:17f0 (revision 0x20)".
std::string to_string(const PciIds& ids);

}  // namespace npuwhisper::npu_device

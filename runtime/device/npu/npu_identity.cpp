// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/npu_identity.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace npuwhisper::npu_device {
namespace {

struct KnownDevice {
  std::uint32_t device;
  std::string_view array;  ///< Empty if npuwhisper does not support the array.
};

/// The devices of amdxdna: pci_ids in amd/xdna-driver, drivers/accel/amdxdna/amdxdna_pci_drv.c.
/// 0x17f0 is Strix (revision 0x10), Strix Halo (0x11), Krackan (0x20) or Gorgon Point. Gorgon
/// Point shares revisions with the other three, so the driver asks the firmware for the name
/// (npu4_rev_vbnv_tbl in npu4_regs.c). All four have an array of 8 columns.
constexpr std::array<KnownDevice, 8> kDevices{{
    {0x1502, "npu1"},
    {0x17f0, "npu2"},
    {0x17f1, {}},
    {0x17f2, {}},
    {0x17f3, {}},
    {0x1b0a, {}},
    {0x1b0b, {}},
    {0x1b0c, {}},
}};

struct KnownName {
  std::string_view part;
  std::string_view array;
};

/// Parts of the names that amdxdna gives to devices. If the firmware does not report a name,
/// amdxdna uses names such as "RyzenAI-npu4".
constexpr std::array<KnownName, 9> kNames{{
    {"Phoenix", "npu1"},
    {"Hawk", "npu1"},
    {"npu1", "npu1"},
    {"Strix", "npu2"},
    {"Krackan", "npu2"},
    {"Gorgon", "npu2"},
    {"npu4", "npu2"},
    {"npu5", "npu2"},
    {"npu6", "npu2"},
}};

const KnownDevice* find_known(const PciIds& ids) {
  if (ids.vendor != kPciVendorAmd) return nullptr;
  const auto found = std::find_if(kDevices.begin(), kDevices.end(), [&](const KnownDevice& known) {
    return known.device == ids.device;
  });
  return found == kDevices.end() ? nullptr : &*found;
}

}  // namespace

bool is_npu(const PciIds& ids) {
  return find_known(ids) != nullptr;
}

std::string_view array_of(const PciIds& ids) {
  const KnownDevice* known = find_known(ids);
  return known == nullptr ? std::string_view() : known->array;
}

std::string_view array_of(std::string_view name) {
  for (const KnownName& known : kNames) {
    if (name.find(known.part) != std::string_view::npos) return known.array;
  }
  return {};
}

std::string to_string(const PciIds& ids) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%04x:%04x (revision 0x%02x)", ids.vendor, ids.device,
                ids.revision);
  return text.data();
}

}  // namespace npuwhisper::npu_device

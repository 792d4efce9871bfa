// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/device_tree.h"

#include <cstdio>
#include <fstream>
#include <string>

namespace npuwhisper::emu {
namespace {

namespace fs = std::filesystem;

constexpr char kBus[] = "pci0000:00";

std::string hexadecimal(unsigned value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%04x", value);
  return text;
}

bool write(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text << '\n';
  return file.flush().good();
}

bool fill(const fs::path& tree, const DeviceModel& device) {
  const fs::path sys = tree / "sys";
  const fs::path node = sys / "devices" / kBus / kPciAddress;
  const fs::path drivers = sys / "bus/pci/drivers/amdxdna";
  const fs::path devices = sys / "bus/pci/devices";
  for (const fs::path& folder :
       {node / "accel/accel0", drivers, devices, sys / "module/amdxdna", tree / "dev/accel"}) {
    fs::create_directories(folder);
  }
  fs::create_directory_symlink(fs::path("../../../../devices") / kBus / kPciAddress,
                               drivers / kPciAddress);
  fs::create_directory_symlink(fs::path("../../../devices") / kBus / kPciAddress,
                               devices / kPciAddress);
  std::string version;
  for (const std::uint32_t part : device.firmware_version) {
    version += (version.empty() ? "" : ".") + std::to_string(part);
  }
  std::ofstream(tree / "state");
  std::ofstream(tree / "dev/accel/accel0");
  return write(tree / "array", std::string(device.array)) &&
         write(node / "vendor", hexadecimal(kPciVendor)) &&
         write(node / "device", hexadecimal(device.pci_device)) &&
         write(node / "revision", hexadecimal(device.pci_revision)) &&
         write(node / "vbnv", std::string(device.name)) && write(node / "fw_version", version) &&
         write(node / "device_type", "0") &&
         write(sys / "module/amdxdna/version", "emulated,npuwhisper");
}

}  // namespace

Result<void> make_device_tree(const fs::path& folder, const DeviceModel& device) {
  try {
    if (fill(folder, device)) return {};
    return fail(ErrorCode::Unavailable, "cannot write the device tree in " + folder.string());
  } catch (const fs::filesystem_error& failure) {
    return fail(ErrorCode::Unavailable,
                std::string("cannot make the device tree: ") + failure.what());
  }
}

}  // namespace npuwhisper::emu

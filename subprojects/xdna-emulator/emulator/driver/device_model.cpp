// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/device_model.h"

#include <string>

namespace npuwhisper::emu {
namespace {

constexpr std::array kDevices = {DeviceModel{.array = "npu1",
                                             .name = "NPU Phoenix (emulated)",
                                             .pci_device = 0x1502,
                                             .pci_revision = 0x00,
                                             .n_reported_columns = 5,
                                             .first_column = 1,
                                             .firmware_version = {1, 5, 8, 0},
                                             .operations_per_cycle = 2048,
                                             .clocks = {{{400, 800},
                                                         {600, 1024},
                                                         {600, 1024},
                                                         {600, 1024},
                                                         {600, 1024},
                                                         {720, 1309},
                                                         {720, 1309},
                                                         {847, 1600}}}},
                                 DeviceModel{.array = "npu2",
                                             .name = "NPU Strix (emulated)",
                                             .pci_device = 0x17f0,
                                             .pci_revision = 0x10,
                                             .n_reported_columns = 8,
                                             .first_column = 0,
                                             .firmware_version = {1, 6, 15, 0},
                                             .operations_per_cycle = 4096,
                                             .clocks = {{{396, 792},
                                                         {600, 1056},
                                                         {792, 1152},
                                                         {975, 1267},
                                                         {975, 1267},
                                                         {1056, 1408},
                                                         {1152, 1584},
                                                         {1267, 1800}}}}};

}  // namespace

Result<const DeviceModel*> find_device(std::string_view array) {
  for (const DeviceModel& device : kDevices) {
    if (device.array == array) return &device;
  }
  return fail(ErrorCode::NotFound,
              "there is no emulated NPU '" + std::string(array) + "'; there are npu1 and npu2");
}

}  // namespace npuwhisper::emu

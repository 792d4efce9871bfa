// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <npuwhisper/result.h>

#include "array/array_model.h"

namespace npuwhisper::emu {

struct ClockLevel {
  std::uint32_t npu_mhz;    ///< MP-NPU clock: the firmware's processor.
  std::uint32_t array_mhz;  ///< H clock: the array.
};

/// How an NPU presents itself to the driver's users. Source: amd/xdna-driver, npu1_regs.c and
/// npu4_regs.c; versions that programs see are the least that have all that is emulated.
struct DeviceModel {
  std::string_view array;  ///< "npu1", "npu2": see npu::find_array().
  std::string_view name;   ///< What XRT shows; says "emulated".
  std::uint16_t pci_device;
  std::uint8_t pci_revision;
  std::uint16_t n_reported_columns;  ///< npu1 counts a column that has no shim and is never given.
  std::uint32_t first_column;        ///< Of those that contexts get.
  std::array<std::uint32_t, 4> firmware_version;
  std::uint32_t operations_per_cycle;  ///< Of a column.
  std::array<ClockLevel, 8> clocks;    ///< By power level, slowest first.
};

inline constexpr std::uint16_t kPciVendor = 0x1022;
inline constexpr std::string_view kPciAddress = "0000:c5:00.1";

/// "npu1" or "npu2". Errors: NotFound.
Result<const DeviceModel*> find_device(std::string_view array);

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <npuwhisper/result.h>

#include "array/array_model.h"

namespace npuwhisper::emu {

struct ClockLevel {
  std::uint32_t npu_mhz;    ///< Clock of the firmware's processor (MP-NPU clock).
  std::uint32_t array_mhz;  ///< Clock of the array (H clock).
};

/// Properties of an NPU that the driver reports to its users. Source: amd/xdna-driver, npu1_regs.c
/// and npu4_regs.c. The reported versions are the lowest that have all emulated features.
struct DeviceModel {
  std::string_view array;  ///< Name for npu::find_array(): "npu1" or "npu2".
  std::string_view name;   ///< Name that XRT shows; contains "emulated".
  std::uint16_t pci_device;
  std::uint8_t pci_revision;
  /// Number of columns that the driver reports. Unlike ArrayModel, it includes npu1's column
  /// without a shim.
  std::uint16_t n_reported_columns;
  std::uint32_t first_column;  ///< First column that contexts can get.
  std::array<std::uint32_t, 4> firmware_version;
  std::uint32_t operations_per_cycle;  ///< Operations per cycle of one column.
  std::array<ClockLevel, 8> clocks;    ///< Clocks for each power level, slowest first.
};

inline constexpr std::uint16_t kPciVendor = 0x1022;
inline constexpr std::string_view kPciAddress = "0000:c5:00.1";

/// Finds the model of "npu1" or "npu2". Errors: NotFound.
Result<const DeviceModel*> find_device(std::string_view array);

}  // namespace npuwhisper::emu

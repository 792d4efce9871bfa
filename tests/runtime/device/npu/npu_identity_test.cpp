// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/npu_identity.h"

#include <gtest/gtest.h>

namespace npuwhisper::npu_device {
namespace {

TEST(NpuIdentity, IdsDecideTheArray) {
  EXPECT_EQ(array_of(PciIds{kPciVendorAmd, 0x1502, 0x00}), "npu1");
  for (const std::uint32_t revision : {0x10u, 0x11u, 0x20u}) {
    EXPECT_EQ(array_of(PciIds{kPciVendorAmd, 0x17f0, revision}), "npu2") << revision;
  }
}

TEST(NpuIdentity, LaterGenerationsAreNpusWithoutASupportedArray) {
  for (const std::uint32_t device : {0x17f1u, 0x17f2u, 0x17f3u, 0x1b0au, 0x1b0bu, 0x1b0cu}) {
    const PciIds ids{kPciVendorAmd, device, 0x10};
    EXPECT_TRUE(is_npu(ids)) << device;
    EXPECT_EQ(array_of(ids), "") << device;
  }
}

TEST(NpuIdentity, OtherDevicesAreNoNpus) {
  EXPECT_FALSE(is_npu(PciIds{0x8086, 0x17f0, 0x10}));
  EXPECT_FALSE(is_npu(PciIds{kPciVendorAmd, 0x150e, 0x00}));
  EXPECT_EQ(array_of(PciIds{0x8086, 0x17f0, 0x10}), "");
}

// The device names in npu1_regs.c, npu4_regs.c, npu5_regs.c and npu6_regs.c of amd/xdna-driver.
TEST(NpuIdentity, NamesOfTheDriverHaveArrays) {
  for (const char* name : {"NPU Phoenix", "NPU Hawk Point", "RyzenAI-npu1"}) {
    EXPECT_EQ(array_of(std::string_view(name)), "npu1") << name;
  }
  for (const char* name : {"NPU Strix", "NPU Strix Halo", "NPU Krackan 1", "NPU Krackan 2",
                           "NPU Gorgon Point 1", "NPU Gorgon Point 2", "NPU Gorgon Point 3",
                           "RyzenAI-npu4", "RyzenAI-npu5", "RyzenAI-npu6"}) {
    EXPECT_EQ(array_of(std::string_view(name)), "npu2") << name;
  }
  EXPECT_EQ(array_of(std::string_view("Alveo U50")), "");
}

TEST(NpuIdentity, IdsAreWrittenAsByLspci) {
  EXPECT_EQ(to_string(PciIds{kPciVendorAmd, 0x17f0, 0x20}), "1022:17f0 (revision 0x20)");
  EXPECT_EQ(to_string(PciIds{kPciVendorAmd, 0x1502, 0x00}), "1022:1502 (revision 0x00)");
}

}  // namespace
}  // namespace npuwhisper::npu_device

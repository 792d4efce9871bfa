// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/program_size.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace npuwhisper::emu {
namespace {

const npu::ArrayModel& npu1() {
  return **npu::find_array("npu1");
}

Core core_of(std::size_t n_instructions) {
  Core core;
  core.tile = {1, 2};
  core.program.code.resize(n_instructions);
  return core;
}

TEST(ProgramSize, KernelsAndTheCoresOwnProgramShareTheMemory) {
  EXPECT_TRUE(check_program_size(core_of(8192), 0, npu1()));
  EXPECT_FALSE(check_program_size(core_of(8193), 0, npu1()));
  EXPECT_TRUE(check_program_size(core_of(192), 64 * 16000, npu1()));
  const auto refused = check_program_size(core_of(193), 64 * 16000, npu1());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "the program of the core of tile (1, 2) exceeds its program memory (16384 bytes): by "
            "estimate at least 16000 bytes of kernels (1024000 on the host) and 386 of its own");
}

TEST(ProgramSize, HostCodeIsWhatCanBeExecuted) {
  // This program's own file serves as an object.
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto bytes = std::as_bytes(std::span(text));
  const std::size_t found = host_code_bytes(bytes);
  EXPECT_GT(found, 10'000U);
  EXPECT_LT(found, bytes.size());
  EXPECT_EQ(host_code_bytes(bytes.first(bytes.size() / 2)), 0U) << "the section table is cut off";
  EXPECT_EQ(host_code_bytes({}), 0U);
}

}  // namespace
}  // namespace npuwhisper::emu

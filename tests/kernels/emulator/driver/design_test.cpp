// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A design in MLIR-AIE text and its kernel, built by npuwhisper-emulate --build, run by real XRT on
// the emulated array. NPUWHISPER_TEST_XCLBIN names the container, its instructions lie beside it.
#include <gtest/gtest.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr int kN = 1024;

class DesignTest : public testing::Test {
 protected:
  DesignTest() {
    auto file = path_;
    std::ifstream text(file.replace_extension("insts.txt"));
    for (std::string line; std::getline(text, line);) {
      words_.push_back(static_cast<std::uint32_t>(std::stoul(line, nullptr, 16)));
    }
  }

  xrt::bo buffer() {
    return {device_, kN * 4, XRT_BO_FLAGS_HOST_ONLY,
            static_cast<xrt::memory_group>(kernel_.group_id(3))};
  }

  const std::filesystem::path path_ = std::getenv("NPUWHISPER_TEST_XCLBIN");
  std::vector<std::uint32_t> words_;
  xrt::device device_{0};
  xrt::xclbin xclbin_{path_.string()};
  xrt::hw_context context_{device_, device_.register_xclbin(xclbin_)};
  xrt::kernel kernel_{context_, "MLIR_AIE"};
};

TEST_F(DesignTest, BothFormsOfTheStreamAreTheSame) {
  auto file = path_;
  std::ifstream binary(file.replace_extension("insts.bin"), std::ios::binary);
  std::vector<std::uint32_t> words;
  for (char bytes[4]; binary.read(bytes, 4);) {
    std::uint32_t word = 0;
    for (int i = 0; i < 4; ++i) {
      word |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    words.push_back(word);
  }
  EXPECT_EQ(words, words_);
  ASSERT_GE(words.size(), 4u);
  EXPECT_EQ(words[3], words.size() * 4) << "the header's length";
}

TEST_F(DesignTest, TheArrayComputes) {
  ASSERT_FALSE(words_.empty());
  xrt::bo stream(device_, words_.size() * 4, XCL_BO_FLAGS_CACHEABLE,
                 static_cast<xrt::memory_group>(kernel_.group_id(1)));
  stream.write(words_.data());
  stream.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  auto from = buffer();
  auto to = buffer();
  for (int i = 0; i < kN; ++i) from.map<std::int32_t*>()[i] = i - 500;
  from.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  for (int repeat = 0; repeat < 2; ++repeat) {
    auto run =
        kernel_(std::uint64_t{3}, stream, static_cast<std::uint32_t>(words_.size()), from, to);
    ASSERT_EQ(run.wait(60s), ERT_CMD_STATE_COMPLETED);
    to.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    for (int i = 0; i < kN; ++i) ASSERT_EQ(to.map<std::int32_t*>()[i], 3 * (i - 500)) << i;
    std::fill_n(to.map<std::int32_t*>(), kN, 0);
  }
}

}  // namespace

// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs designs with real XRT on the emulated array. npuwhisper-emulate --build builds the designs
// from MLIR-AIE text and a kernel.
#include <gtest/gtest.h>
#include <xrt/experimental/xrt_elf.h>
#include <xrt/experimental/xrt_ext.h>
#include <xrt/experimental/xrt_kernel.h>
#include <xrt/experimental/xrt_module.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

#include <algorithm>
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

/// A context with the xclbin that NPUWHISPER_TEST_XCLBIN names.
class DesignTest : public testing::Test {
 protected:
  /// Reads an instruction stream next to the xclbin: OUT.insts.txt or, with `name` ".NAME",
  /// OUT.NAME.insts.txt.
  std::vector<std::uint32_t> words(const std::string& name = "") const {
    auto file = path_;
    std::ifstream text(file.replace_extension(name + ".insts.txt"));
    std::vector<std::uint32_t> words;
    for (std::string line; std::getline(text, line);) {
      words.push_back(static_cast<std::uint32_t>(std::stoul(line, nullptr, 16)));
    }
    return words;
  }

  xrt::bo instructions(const xrt::kernel& kernel, const std::vector<std::uint32_t>& words) {
    xrt::bo stream(device_, words.size() * 4, XCL_BO_FLAGS_CACHEABLE,
                   static_cast<xrt::memory_group>(kernel.group_id(1)));
    stream.write(words.data());
    stream.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    return stream;
  }

  xrt::bo buffer(const xrt::kernel& kernel) {
    return {device_, kN * 4, XRT_BO_FLAGS_HOST_ONLY,
            static_cast<xrt::memory_group>(kernel.group_id(3))};
  }

  static xrt::run run(xrt::kernel& kernel, xrt::bo& stream, std::size_t n_words, xrt::bo& from,
                      xrt::bo& to) {
    xrt::run run(kernel);
    run.set_arg(0, std::uint64_t{3});
    run.set_arg(1, stream);
    run.set_arg(2, static_cast<std::uint32_t>(n_words));
    run.set_arg(3, from);
    run.set_arg(4, to);
    return run;
  }

  const std::filesystem::path path_ = std::getenv("NPUWHISPER_TEST_XCLBIN");
  xrt::device device_{0};
  xrt::xclbin xclbin_{path_.string()};
  xrt::hw_context context_{device_, device_.register_xclbin(xclbin_)};
};

TEST_F(DesignTest, BothFormsOfTheStreamAreTheSame) {
  auto file = path_;
  std::ifstream binary(file.replace_extension("insts.bin"), std::ios::binary);
  std::vector<std::uint32_t> read;
  for (char bytes[4]; binary.read(bytes, 4);) {
    std::uint32_t word = 0;
    for (int i = 0; i < 4; ++i) {
      word |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    read.push_back(word);
  }
  EXPECT_EQ(read, words());
  ASSERT_GE(read.size(), 4u);
  EXPECT_EQ(read[3], read.size() * 4) << "the header's length";
}

TEST_F(DesignTest, TheArrayComputes) {
  xrt::kernel kernel(context_, "MLIR_AIE");
  auto stream = instructions(kernel, words());
  auto from = buffer(kernel);
  auto to = buffer(kernel);
  for (int i = 0; i < kN; ++i) from.map<std::int32_t*>()[i] = i - 500;
  from.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  auto execution = run(kernel, stream, words().size(), from, to);
  for (int repeat = 0; repeat < 2; ++repeat) {
    execution.start();
    ASSERT_EQ(execution.wait(60s), ERT_CMD_STATE_COMPLETED);
    to.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    for (int i = 0; i < kN; ++i) ASSERT_EQ(to.map<std::int32_t*>()[i], 3 * (i - 500)) << i;
    std::fill_n(to.map<std::int32_t*>(), kN, 0);
    to.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  }
}

TEST_F(DesignTest, AnElfFileHoldsTheStream) {
  auto file = path_;
  const xrt::elf elf(file.replace_extension("insts.elf").string());
  const xrt::kernel kernel = xrt::ext::kernel(context_, xrt::module(elf), "MLIR_AIE");
  for (int first : {0, 700}) {  // XRT patches each run's addresses into the stream.
    xrt::bo from = xrt::ext::bo(device_, kN * 4);
    xrt::bo to = xrt::ext::bo(device_, kN * 4);
    for (int i = 0; i < kN; ++i) from.map<std::int32_t*>()[i] = first + i;
    from.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    xrt::run run(kernel);
    run.set_arg(0, std::uint64_t{3});
    run.set_arg(1, 0);
    run.set_arg(2, 0);
    run.set_arg(3, from);
    run.set_arg(4, to);
    run.start();
    ASSERT_EQ(run.wait(60s), ERT_CMD_STATE_COMPLETED);
    to.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    for (int i = 0; i < kN; ++i) ASSERT_EQ(to.map<std::int32_t*>()[i], 3 * (first + i)) << i;
  }
}

TEST_F(DesignTest, TwoDesignsTakeTurnsInARunlist) {
  xrt::kernel three(context_, "THREE");
  xrt::kernel five(context_, "FIVE");
  auto stream_of_three = instructions(three, words("THREE"));
  auto stream_of_five = instructions(five, words("FIVE"));
  auto first = buffer(three);
  auto second = buffer(three);
  auto third = buffer(five);
  for (int i = 0; i < kN; ++i) first.map<std::int32_t*>()[i] = i;
  first.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  xrt::runlist list(context_);
  list.add(run(three, stream_of_three, words("THREE").size(), first, second));
  list.add(run(five, stream_of_five, words("FIVE").size(), second, third));
  list.execute();
  ASSERT_EQ(list.wait(60s), std::cv_status::no_timeout);
  third.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  for (int i = 0; i < kN; ++i) ASSERT_EQ(third.map<std::int32_t*>()[i], 15 * i) << i;
}

}  // namespace

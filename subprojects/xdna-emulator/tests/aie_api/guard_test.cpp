// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "aie_api/emulation.h"

namespace {

/// A kernel object in the environment of an emulated core. The core's memory is one block. A kernel
/// may access this block, its stack and its own static data. Any other access throws an exception.
class GuardTest : public ::testing::Test {
 protected:
  GuardTest() : handle_(::dlopen(GUARDED_KERNEL, RTLD_NOW | RTLD_LOCAL)) {
    if (!handle_) throw std::runtime_error(::dlerror());
    state_ = static_cast<NpuWhisperCoreState*>(::dlsym(handle_, "npuwhisper_core_state"));
    const auto begin = reinterpret_cast<std::uintptr_t>(memory_);
    state_->memory = {begin, begin + sizeof memory_};
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    state_->stack = {here - 65536, here};
    state_->trap = [](void*, const char* message) { throw std::runtime_error(message); };
    state_->check_access = [](void*, const void*, std::size_t bytes, bool is_write) {
      throw std::runtime_error((is_write ? "write " : "read ") + std::to_string(bytes));
    };
  }
  ~GuardTest() override {
    *state_ = {};
    ::dlclose(handle_);
  }

  template <typename F>
  F* find(const char* name) {
    return reinterpret_cast<F*>(::dlsym(handle_, name));
  }

  template <typename F, typename... Args>
  static std::string trap_of(F* f, Args... args) {
    try {
      f(args...);
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return {};
  }

  void* handle_;
  NpuWhisperCoreState* state_;
  alignas(64) unsigned char memory_[4096] = {};
  alignas(64) unsigned char outside_[256] = {};
};

TEST_F(GuardTest, ScalarAccesses) {
  auto* scale =
      find<void(const std::int32_t*, std::int32_t*, std::int32_t, std::int32_t)>("scale_scalar");
  auto* in = reinterpret_cast<std::int32_t*>(memory_);
  auto* out = in + 512;
  for (int i = 0; i < 512; ++i) in[i] = i;
  EXPECT_EQ(trap_of(scale, in, out, 512, 3), "");
  EXPECT_EQ(out[511], 1533);
  EXPECT_GT(state_->scalar_ops, 0U);
  EXPECT_NE(trap_of(scale, in, out, 513, 3), "") << "one past the end";
  EXPECT_NE(trap_of(scale, in - 1, out, 4, 3), "") << "one before the beginning";
  auto* elsewhere = reinterpret_cast<std::int32_t*>(outside_);
  EXPECT_NE(trap_of(scale, in, elsewhere, 1, 3), "");
  EXPECT_EQ(elsewhere[0], 0) << "nothing is written before the check";
  EXPECT_NE(trap_of(scale, elsewhere, out, 1, 3), "");
}

TEST_F(GuardTest, BlockAndVectorAccesses) {
  auto* copy = find<void(const unsigned char*, unsigned char*, std::int32_t)>("copy_bytes");
  EXPECT_EQ(trap_of(copy, memory_, memory_ + 1000, 777), "");
  EXPECT_NE(trap_of(copy, memory_, memory_ + 4000, 100), "");
  EXPECT_NE(trap_of(copy, outside_, memory_, 1), "");
  EXPECT_NE(trap_of(copy, memory_, outside_, 1), "");
  auto* clear = find<void(unsigned char*, std::int32_t)>("clear_bytes");
  std::memset(memory_ + 4000, 5, 96);
  EXPECT_EQ(trap_of(clear, memory_ + 4000, 96), "");
  EXPECT_EQ(memory_[4095], 0);
  EXPECT_NE(trap_of(clear, memory_ + 4000, 97), "");
  auto* vectors = find<void(const std::int16_t*, std::int16_t*, std::int32_t)>("copy_vectors");
  auto* words = reinterpret_cast<std::int16_t*>(memory_);
  words[31] = 99;
  EXPECT_EQ(trap_of(vectors, words, words + 1024, 32), "");
  EXPECT_EQ(words[1024 + 31], 99);
  EXPECT_NE(trap_of(vectors, words, words + 1024, 33), "");
}

TEST_F(GuardTest, VectorsThroughPointersAreCountedInLoadWidths) {
  auto* vectors = find<void(const std::int16_t*, std::int16_t*, std::int32_t)>("copy_vectors");
  auto* words = reinterpret_cast<std::int16_t*>(memory_);
  for (const std::uint32_t width : {32U, 64U}) {
    state_->load_bytes = width;
    state_->loads = state_->stores = 0;
    EXPECT_EQ(trap_of(vectors, words, words + 1024, 10), "");
    EXPECT_EQ(state_->loads, 640U / width);
    EXPECT_EQ(state_->stores, 640U / width);
  }
}

TEST_F(GuardTest, OwnTablesStaticsAndStackAreAllowed) {
  EXPECT_EQ(find<std::int32_t(std::int32_t)>("look_up")(5), 32);
  auto* count = find<std::int32_t()>("count_calls");
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(count(), 2);
  auto* histogram = find<std::int32_t(const unsigned char*, std::int32_t)>("histogram");
  std::memset(memory_, 7, 100);
  EXPECT_EQ(histogram(memory_, 100), 7);
  EXPECT_NE(trap_of(histogram, memory_ + 4090, 100), "");
}

TEST_F(GuardTest, ScalarArgumentsAndModes) {
  // A bf16 argument or result is passed as a 16-bit integer with the same bits.
  EXPECT_EQ(find<std::uint16_t(std::uint16_t)>("half_of")(0x4040), 0x3fc0);
  EXPECT_EQ(state_->rounding, 0U);
  find<void()>("set_modes")();
  EXPECT_EQ(state_->rounding, 12U);
  EXPECT_EQ(state_->saturation, 1U);
}

}  // namespace

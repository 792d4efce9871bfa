// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the cost of a window on the host: one submission, three syncs, and no allocation by this
// project.
//
// XRT and the driver allocate objects for each call. Allocations are therefore attributed to the
// innermost caller outside of the C and C++ libraries. The emulated driver counts the buffers that
// are created.
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "emulator_counters.h"
#include "replaced_allocation.h"
#include "temporary_folder.h"
#include "tiny_encoder.h"
#include "tiny_model.h"

namespace {

/// The address range of a loaded program or library.
struct Object {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool contains(std::uintptr_t address) const { return address >= begin && address < end; }
};

Object program;
std::array<Object, 8> libraries;  // The C and C++ libraries.
std::size_t n_libraries = 0;

// The measured thread sets and increments these variables.
thread_local bool counting = false;
thread_local long ours = 0;
thread_local long theirs = 0;

int note(dl_phdr_info* info, std::size_t, void*) {
  Object object;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    if (object.begin == 0 || begin < object.begin) object.begin = begin;
    object.end = std::max(object.end, begin + segment.p_memsz);
  }
  const bool is_program = *info->dlpi_name == '\0';
  if (is_program && program.end == 0) program = object;
  for (const char* name : {"libc.so", "libstdc++.so", "libgcc_s.so", "libm.so", "ld-linux"}) {
    if (std::strstr(info->dlpi_name, name) != nullptr && n_libraries < libraries.size()) {
      libraries[n_libraries++] = object;
    }
  }
  return 0;
}

bool is_library(std::uintptr_t address) {
  return std::any_of(libraries.begin(), libraries.end(),
                     [&](const Object& object) { return object.contains(address); });
}

}  // namespace

namespace npuwhisper::test {

bool allows(Allocation /*function*/, const void* caller) {
  if (!counting) return true;
  counting = false;  // Allocations by the unwinder do not count.
  auto asking = reinterpret_cast<std::uintptr_t>(caller);
  if (is_library(asking)) {
    std::array<void*, 64> frames{};
    const int n = backtrace(frames.data(), static_cast<int>(frames.size()));
    bool seen = false;
    for (int i = 0; i < n; ++i) {
      const auto frame = reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(i)]);
      seen = seen || frame == asking;
      if (seen && !is_library(frame)) {
        asking = frame;
        break;
      }
    }
  }
  ++(program.contains(asking) ? ours : theirs);
  counting = true;
  return true;
}

void note_release(Allocation /*function*/, const void* /*memory*/) {}

namespace {

constexpr int kWindows = 3;

class Calls : public testing::Test {
 protected:
  void SetUp() override {
    write_tiny_model(folder_.path(), {.n_audio_ctx = 100, .n_audio_layer = 1});
    const auto prepared = encoder_.prepare(folder_.path());
    ASSERT_TRUE(prepared) << prepared.error().message;
    // Warms up: the array is configured, and threads allocate their permanent objects.
    ASSERT_TRUE(encoder_.run());
  }

  TemporaryFolder folder_;
  TinyEncoder encoder_;
};

TEST_F(Calls, AWindowIsOneSubmissionAndThreeSyncs) {
  const auto before = emulator_counters();
  for (int i = 0; i < kWindows; ++i) ASSERT_TRUE(encoder_.run());
  const auto after = emulator_counters();
  const auto grew = [&](const char* name) { return growth(before, after, "driver", name); };
  EXPECT_EQ(grew("n_submissions"), kWindows);
  EXPECT_EQ(grew("n_runs"), kWindows);
  // The input, and the marker in the output.
  EXPECT_EQ(grew("n_syncs_to_device"), 2 * kWindows);
  EXPECT_EQ(grew("n_syncs_from_device"), kWindows);
  EXPECT_EQ(grew("n_failed_runs"), 0);
  EXPECT_EQ(grew("n_buffers"), 0);
  EXPECT_EQ(grew("n_contexts"), 0);
  EXPECT_EQ(grew("n_loads"), 0);
  EXPECT_EQ(growth(before, after, "array", "n_runs"), kWindows);
}

TEST_F(Calls, AWindowAllocatesNoProjectMemory) {
  std::array<void*, 4> frames{};
  backtrace(frames.data(), static_cast<int>(frames.size()));  // The first call loads libraries.
  dl_iterate_phdr(note, nullptr);
  ASSERT_GE(n_libraries, 2U) << "the C and the C++ library are not found";
  bool fine = true;
  counting = true;
  for (int i = 0; i < kWindows; ++i) fine = fine && encoder_.run().has_value();
  counting = false;
  ASSERT_TRUE(fine);
  EXPECT_EQ(ours, 0) << "planning a window would show here, too";
  std::printf("XRT and the driver: %ld allocations in %d windows\n", theirs, kWindows);

  // Checks the counters themselves: direct calls, calls through the C++ library, and XRT's calls.
  EXPECT_GT(theirs, 0) << "XRT allocates no more: simplify this test";
  counting = true;
  void* plain = ::operator new(100);
  std::string text;
  text.append(100, 'x');
  counting = false;
  EXPECT_EQ(ours, 2);
  ::operator delete(plain);
}

}  // namespace
}  // namespace npuwhisper::test

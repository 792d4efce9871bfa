// SPDX-License-Identifier: LGPL-2.1-or-later
// A running stream allocates nothing, neither in the project's code nor in the C++ library.
//
// oneDNN is the unavoidable exception: its execute() builds a map of its arguments for each call.
// Allocations are therefore distinguished by caller. Allocations from inside libdnnl are counted
// separately and must all be freed before the call into the stream returns. There must be no other
// allocations.
#include <gtest/gtest.h>

#include <link.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <npuwhisper/trace.h>

#include "replaced_allocation.h"
#include "temporary_folder.h"
#include "tiny_engine.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<long> ours{0};
std::atomic<long> onednns{0};
std::atomic<long> freed{0};
// The address range of libdnnl. Allocations whose caller lies in this range are libdnnl's.
std::uintptr_t onednn_begin = 0;
std::uintptr_t onednn_end = 0;

int note_onednn(dl_phdr_info* info, std::size_t, void*) {
  if (std::strstr(info->dlpi_name, "libdnnl") == nullptr) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    if (onednn_begin == 0 || begin < onednn_begin) onednn_begin = begin;
    onednn_end = std::max(onednn_end, begin + segment.p_memsz);
  }
  return 1;
}

}  // namespace

namespace npuwhisper::test {

bool allows(Allocation /*function*/, const void* caller) {
  if (counting.load(std::memory_order_relaxed)) {
    const auto address = reinterpret_cast<std::uintptr_t>(caller);
    ++(address >= onednn_begin && address < onednn_end ? onednns : ours);
  }
  return true;
}

void note_release(Allocation /*function*/, const void* /*memory*/) {
  if (counting.load(std::memory_order_relaxed)) ++freed;
}

}  // namespace npuwhisper::test

namespace npuwhisper {
namespace {

class StreamAllocation : public testing::TestWithParam<Precision> {};

TEST_P(StreamAllocation, RunningStreamAllocatesNothing) {
  dl_iterate_phdr(note_onednn, nullptr);
  ASSERT_NE(onednn_begin, 0U) << "libdnnl is not among the loaded libraries";
  const test::TinyEngine tiny(GetParam(), {.n_audio_ctx = 400});
  const auto decoder = tiny.stream({.max_sequences = 5, .alignment = true});
  const std::vector<float> mel = tiny.mel(1);
  const std::vector<Token> prompt(70, 5);
  const std::vector<int> positions = {0, 69};
  const std::vector<int> parents = {0, 0, 0, 0, 0};
  const std::vector<Token> five = {1, 2, 3, 4, 5};
  std::vector<float> probabilities(prompt.size());
  bool fine = true;
  const auto hear = [&](int n_exact) {
    fine = fine && decoder->encode(mel, n_exact).has_value();
    fine = fine && decoder->prompt(prompt, positions).has_value();
    for (int i = 0; i < 5; ++i) fine = fine && decoder->step(std::span(five).first(1)).has_value();
    decoder->fork(parents);
    for (int i = 0; i < 5; ++i) fine = fine && decoder->step(five).has_value();
    fine = fine && decoder->align(prompt, probabilities).has_value();
  };
  // Decodes one full window, as in a file, and one short window, as in a live pass. The device may
  // thin the padding of the short window.
  const auto windows = [&] {
    hear(tiny.n_frames());
    hear(200);
  };
  // Recording a trace must not allocate either.
  const test::TemporaryFolder folder;
  ASSERT_TRUE(start_trace(folder.path() / "trace.json", 100));
  // Decodes before counting starts, because threads create state that they keep, such as OpenMP's
  // settings and the unwinder's tables.
  windows();
  counting = true;
  for (int i = 0; i < 3; ++i) windows();
  counting = false;
  EXPECT_TRUE(stop_trace());
  ASSERT_TRUE(fine);
  EXPECT_EQ(ours, 0);
  EXPECT_EQ(freed, onednns) << "oneDNN keeps memory, or somebody frees what was allocated before";
  RecordProperty("oneDNN allocations in six windows", static_cast<int>(onednns));

  // Checks that each counter works.
  EXPECT_GT(onednns, 0) << "oneDNN allocates no more: simplify this test";
  counting = true;
  void* kept = ::operator new(100);
  void* pages = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  counting = false;
  EXPECT_EQ(ours, 2);
  ::operator delete(kept);
  munmap(pages, 4096);
  ours = onednns = freed = 0;
}

INSTANTIATE_TEST_SUITE_P(Precisions, StreamAllocation,
                         testing::Values(Precision::F32, Precision::Auto),
                         [](const auto& instance) {
                           return std::string(to_string(instance.param));
                         });

}  // namespace
}  // namespace npuwhisper

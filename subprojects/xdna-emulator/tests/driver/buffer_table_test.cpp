// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/buffer_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace npuwhisper::emu {
namespace {

constexpr std::uint64_t kMappedAt = 0x7f0000000000;

/// A table with a mapped heap. AMD's user-mode driver also creates a heap before any other buffer.
class WithHeap : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(table_.create_heap(DeviceHeap::kUnit, heap_), 0);
    table_.find(heap_)->mapped_at(kMappedAt);
  }
  BufferTable table_;
  std::uint32_t heap_ = 0;
};

TEST(BufferTable, SizesAndTypesAreChecked) {
  BufferTable table;
  std::uint32_t handle = 0;
  EXPECT_EQ(table.create_shared(Buffer::Type::Share, 0, handle), EINVAL);
  EXPECT_EQ(table.create_shared(Buffer::Type::Share, ~std::uint64_t{0}, handle), EINVAL);
  EXPECT_EQ(table.create_heap(DeviceHeap::kUnit / 2, handle), EINVAL);
  EXPECT_EQ(table.create_device(4096, handle), EINVAL) << "there is no heap";
  EXPECT_EQ(table.create_heap(DeviceHeap::kUnit, handle), 0);
  EXPECT_EQ(table.create_heap(DeviceHeap::kUnit, handle), EBUSY);
  EXPECT_EQ(table.create_device(4096, handle), EINVAL) << "the heap is not mapped";
}

TEST_F(WithHeap, DeviceBuffersLieInTheHeap) {
  std::uint32_t first = 0, second = 0;
  ASSERT_EQ(table_.create_device(100, first), 0);
  ASSERT_EQ(table_.create_device(4096, second), 0);
  const auto buffer = table_.find(second);
  EXPECT_EQ(buffer->device_address(), DeviceHeap::kBase + DeviceHeap::kAlignment);
  EXPECT_EQ(buffer->user_address(), kMappedAt + DeviceHeap::kAlignment);
  EXPECT_EQ(table_.map_offset(second), Buffer::kNoAddress);
  // The buffer shares its memory with the heap's mapping.
  EXPECT_EQ(buffer->host().data(), table_.find(heap_)->host().data() + DeviceHeap::kAlignment);
  EXPECT_EQ(table_.find(first)->bytes(), 100u);
}

TEST_F(WithHeap, TheHeapEnds) {
  std::uint32_t handle = 0;
  EXPECT_EQ(table_.create_device(DeviceHeap::kUnit + 1, handle), EINVAL);
  ASSERT_EQ(table_.create_device(DeviceHeap::kUnit, handle), 0);
  std::uint32_t another = 0;
  EXPECT_EQ(table_.create_device(1, another), ENOSPC);
  ASSERT_EQ(table_.close(handle), 0);
  EXPECT_EQ(table_.create_device(1, another), 0);
}

TEST_F(WithHeap, AHandleEnds) {
  std::uint32_t handle = 0;
  ASSERT_EQ(table_.create_shared(Buffer::Type::Share, 10, handle), 0);
  EXPECT_EQ(table_.close(handle), 0);
  EXPECT_FALSE(table_.find(handle));
  EXPECT_EQ(table_.close(handle), EINVAL);
}

TEST_F(WithHeap, HostAndDeviceSeeTheirOwnCopies) {
  std::uint32_t handle = 0;
  ASSERT_EQ(table_.create_shared(Buffer::Type::Share, 8192, handle), 0);
  const auto buffer = table_.find(handle);
  std::memset(buffer->host().data(), 0x11, 8192);
  EXPECT_EQ(buffer->device()[0], std::byte{0}) << "not synced yet";
  buffer->sync_to_device(4096, 16);
  EXPECT_EQ(buffer->device()[0], std::byte{0});
  EXPECT_EQ(buffer->device()[4096], std::byte{0x11});
  EXPECT_EQ(buffer->device()[4112], std::byte{0}) << "beyond what was synced";
  std::memset(buffer->device().data(), 0x22, 8192);
  EXPECT_EQ(buffer->host()[0], std::byte{0x11});
  buffer->sync_from_device(0, 1);
  EXPECT_EQ(buffer->host()[0], std::byte{0x22});
  EXPECT_EQ(buffer->host()[1], std::byte{0x11});
}

TEST_F(WithHeap, UserPagesAreWholePages) {
  void* pages = aligned_alloc(4096, 8192);
  const auto* bytes = static_cast<std::byte*>(pages);
  std::uint32_t handle = 0;
  EXPECT_EQ(table_.create_user({static_cast<std::byte*>(pages) + 16, 4096}, handle), EINVAL);
  EXPECT_EQ(table_.create_user({static_cast<std::byte*>(pages), 100}, handle), EINVAL);
  ASSERT_EQ(table_.create_user({static_cast<std::byte*>(pages), 8192}, handle), 0);
  EXPECT_EQ(table_.find(handle)->device_address(), reinterpret_cast<std::uintptr_t>(bytes));
  EXPECT_EQ(table_.map_offset(handle), Buffer::kNoAddress);
  table_.close(handle);
  free(pages);
}

TEST_F(WithHeap, ARunReachesBuffersAndNothingElse) {
  std::uint32_t shared = 0, unmapped = 0, device = 0;
  ASSERT_EQ(table_.create_shared(Buffer::Type::Share, 100, shared), 0);
  ASSERT_EQ(table_.create_shared(Buffer::Type::Share, 100, unmapped), 0);
  ASSERT_EQ(table_.create_device(100, device), 0);
  constexpr std::uint64_t kShared = 0x7e0000000000;
  table_.find(shared)->mapped_at(kShared);

  RunMemory memory(table_);
  EXPECT_EQ(memory.at(kShared, 4096).data(), table_.find(shared)->device().data());
  EXPECT_EQ(memory.at(kShared + 4095, 1).size(), 1u);
  EXPECT_TRUE(memory.at(kShared + 4095, 2).empty()) << "beyond its end";
  EXPECT_TRUE(memory.at(kShared - 1, 1).empty());
  EXPECT_TRUE(memory.at(kShared, ~std::size_t{0}).empty());
  EXPECT_EQ(memory.at(DeviceHeap::kBase + 4, 8).data(), table_.find(device)->device().data() + 4);
  EXPECT_TRUE(memory.at(DeviceHeap::kBase + DeviceHeap::kAlignment, 4).empty())
      << "in the heap, but in no buffer";
  EXPECT_TRUE(memory.at(0, 4).empty());

  // XRT itself writes array addresses into the stream. An array address is the host's address plus
  // an offset.
  RunMemory above(table_, 0x80000000);
  EXPECT_EQ(above.at(kShared + 0x80000000, 16).data(), table_.find(shared)->device().data());
  EXPECT_TRUE(above.at(kShared, 16).empty());
  EXPECT_TRUE(above.at(16, 4).empty());

  // A freed buffer remains valid for the current run, but not for the next one.
  ASSERT_EQ(table_.close(shared), 0);
  EXPECT_FALSE(memory.at(kShared, 16).empty());
  EXPECT_TRUE(RunMemory(table_).at(kShared, 16).empty());
}

TEST_F(WithHeap, UsageIsCounted) {
  std::uint32_t handle = 0;
  ASSERT_EQ(table_.create_shared(Buffer::Type::Share, 1, handle), 0);
  ASSERT_EQ(table_.create_shared(Buffer::Type::Command, 1, handle), 0);
  ASSERT_EQ(table_.create_device(1, handle), 0);
  const auto usage = table_.usage();
  EXPECT_EQ(usage.total, DeviceHeap::kUnit + 8192);
  EXPECT_EQ(usage.internal, DeviceHeap::kUnit + 4096);
  EXPECT_EQ(usage.heap, 4096u);
}

TEST_F(WithHeap, OffsetsOfTheDeviceFileNameBuffers) {
  std::uint32_t first = 0, second = 0;
  ASSERT_EQ(table_.create_shared(Buffer::Type::Share, 8192, first), 0);
  ASSERT_EQ(table_.create_shared(Buffer::Type::Command, 10, second), 0);
  std::uint64_t within = 99;
  EXPECT_EQ(table_.find_map_offset(table_.map_offset(first) + 4096, within), table_.find(first));
  EXPECT_EQ(within, 4096u);
  EXPECT_EQ(table_.find_map_offset(table_.map_offset(second), within), table_.find(second));
  EXPECT_EQ(within, 0u);
  EXPECT_FALSE(table_.find_map_offset(0, within));
}

}  // namespace
}  // namespace npuwhisper::emu

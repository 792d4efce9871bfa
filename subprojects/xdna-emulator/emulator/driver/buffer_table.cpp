// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/buffer_table.h"

#include <cerrno>

namespace npuwhisper::emu {
namespace {

bool holds(const Buffer& buffer, std::uint64_t address, std::size_t bytes) {
  const std::uint64_t begin = buffer.device_address();
  if (begin == Buffer::kNoAddress || address < begin) return false;
  const std::uint64_t offset = address - begin;
  return offset < buffer.device().size() && bytes <= buffer.device().size() - offset;
}

}  // namespace

std::uint32_t BufferTable::insert(std::shared_ptr<Buffer> buffer) {
  const std::uint32_t handle = next_handle_++;
  std::uint64_t offset = Buffer::kNoAddress;
  if (buffer->fd() >= 0) {
    offset = next_map_offset_;
    next_map_offset_ += buffer->host().size();
  }
  entries_[handle] = {std::move(buffer), offset};
  return handle;
}

int BufferTable::create_shared(Buffer::Type type, std::uint64_t bytes, std::uint32_t& handle) {
  if (bytes == 0 || bytes > ~std::uint64_t{0} - kPageBytes) return EINVAL;
  auto buffer = Buffer::create(type, bytes);
  if (!buffer) return ENOMEM;
  const std::lock_guard lock(mutex_);
  handle = insert(std::move(buffer));
  return 0;
}

int BufferTable::create_user(std::span<std::byte> pages, std::uint32_t& handle) {
  const auto address = reinterpret_cast<std::uintptr_t>(pages.data());
  if (pages.empty() || address % kPageBytes != 0 || pages.size() % kPageBytes != 0) return EINVAL;
  auto buffer = Buffer::create_user(pages);
  if (!buffer) return ENOMEM;
  const std::lock_guard lock(mutex_);
  handle = insert(std::move(buffer));
  return 0;
}

int BufferTable::create_heap(std::uint64_t bytes, std::uint32_t& handle) {
  if (bytes == 0 || bytes % DeviceHeap::kUnit != 0) return EINVAL;
  const std::lock_guard lock(mutex_);
  if (heap_) return EBUSY;
  auto buffer = Buffer::create(Buffer::Type::Heap, bytes);
  if (!buffer) return ENOMEM;
  heap_ = buffer;
  handle = insert(std::move(buffer));
  return 0;
}

int BufferTable::create_internal(std::uint64_t bytes, std::shared_ptr<Buffer>& buffer) {
  std::shared_ptr<Buffer> heap;
  {
    const std::lock_guard lock(mutex_);
    heap = heap_;
  }
  if (!heap || heap->user_address() == Buffer::kNoAddress) return EINVAL;
  if (bytes == 0 || bytes > heap->bytes()) return EINVAL;
  buffer = Buffer::create_device(std::move(heap), bytes);
  return buffer ? 0 : ENOSPC;
}

int BufferTable::create_device(std::uint64_t bytes, std::uint32_t& handle) {
  std::shared_ptr<Buffer> buffer;
  if (const int error = create_internal(bytes, buffer)) return error;
  const std::lock_guard lock(mutex_);
  handle = insert(std::move(buffer));
  return 0;
}

int BufferTable::close(std::uint32_t handle) {
  std::shared_ptr<Buffer> last;  // Destroyed after `lock`, so that the mutex is not held then.
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(handle);
  if (entry == entries_.end()) return EINVAL;
  last = std::move(entry->second.buffer);
  entries_.erase(entry);
  // Existing buffers keep the old heap alive, but new buffers need a new heap.
  if (last == heap_) heap_.reset();
  return 0;
}

std::uint32_t BufferTable::handle_of(const std::shared_ptr<Buffer>& buffer) {
  const std::lock_guard lock(mutex_);
  for (const auto& [handle, entry] : entries_) {
    if (entry.buffer == buffer) return handle;
  }
  return insert(buffer);
}

std::shared_ptr<Buffer> BufferTable::find(std::uint32_t handle) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(handle);
  return entry == entries_.end() ? nullptr : entry->second.buffer;
}

std::shared_ptr<Buffer> BufferTable::find_map_offset(std::uint64_t offset,
                                                     std::uint64_t& within) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [handle, entry] : entries_) {
    if (entry.map_offset != Buffer::kNoAddress && offset >= entry.map_offset &&
        offset - entry.map_offset < entry.buffer->host().size()) {
      within = offset - entry.map_offset;
      return entry.buffer;
    }
  }
  return nullptr;
}

std::uint64_t BufferTable::map_offset(std::uint32_t handle) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(handle);
  return entry == entries_.end() ? Buffer::kNoAddress : entry->second.map_offset;
}

std::shared_ptr<Buffer> BufferTable::find_device_address(std::uint64_t address) const {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Buffer> found;
  for (const auto& [handle, entry] : entries_) {
    // Skip the heap itself: heap memory outside of the Device buffers is unallocated.
    if (entry.buffer->type() != Buffer::Type::Heap && holds(*entry.buffer, address, 1)) {
      found = entry.buffer;  // Prefer the newest buffer: an older one may be unmapped but open.
    }
  }
  return found;
}

bool BufferTable::has_heap() const {
  const std::lock_guard lock(mutex_);
  return heap_ != nullptr;
}

BufferTable::Usage BufferTable::usage() const {
  const std::lock_guard lock(mutex_);
  Usage usage;
  for (const auto& [handle, entry] : entries_) {
    const Buffer::Type type = entry.buffer->type();
    if (type == Buffer::Type::Device) continue;
    usage.total += entry.buffer->host().size();
    if (type != Buffer::Type::Share) usage.internal += entry.buffer->host().size();
  }
  if (heap_) usage.heap = heap_->heap()->used();
  return usage;
}

std::span<std::byte> RunMemory::at(std::uint64_t address, std::size_t bytes) {
  if (address < host_offset_) return {};
  address -= host_offset_;
  const Buffer* buffer = nullptr;
  for (const auto& used : used_) {
    if (holds(*used, address, bytes)) buffer = used.get();
  }
  if (!buffer) {
    auto found = table_.find_device_address(address);
    if (!found || !holds(*found, address, bytes)) return {};
    used_.push_back(std::move(found));
    buffer = used_.back().get();
  }
  return buffer->device().subspan(address - buffer->device_address(), bytes);
}

}  // namespace npuwhisper::emu

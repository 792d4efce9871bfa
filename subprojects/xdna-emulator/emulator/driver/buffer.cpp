// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace npuwhisper::emu {

std::shared_ptr<Buffer> Buffer::create(Type type, std::uint64_t bytes) {
  std::shared_ptr<Buffer> buffer(new Buffer(type, bytes));
  const std::uint64_t n = whole_pages(bytes);
  buffer->fd_ = memfd_create("amdxdna-bo (emulated)", MFD_CLOEXEC);
  if (buffer->fd_ < 0 || ftruncate(buffer->fd_, static_cast<off_t>(n)) != 0) return nullptr;
  buffer->host_map_ = MemoryMap(n, buffer->fd_);
  buffer->device_map_ = MemoryMap(n, -1);
  buffer->host_ = buffer->host_map_.bytes();
  buffer->device_ = buffer->device_map_.bytes();
  if (buffer->host_.empty() || buffer->device_.empty()) return nullptr;
  if (type == Type::Heap) buffer->heap_ = std::make_unique<DeviceHeap>(bytes);
  return buffer;
}

std::shared_ptr<Buffer> Buffer::create_user(std::span<std::byte> pages) {
  std::shared_ptr<Buffer> buffer(new Buffer(Type::Share, pages.size()));
  buffer->host_ = pages;
  buffer->device_map_ = MemoryMap(pages.size(), -1);
  buffer->device_ = buffer->device_map_.bytes();
  buffer->user_address_ = reinterpret_cast<std::uintptr_t>(pages.data());
  return buffer->device_.empty() ? nullptr : buffer;
}

std::shared_ptr<Buffer> Buffer::create_device(std::shared_ptr<Buffer> heap, std::uint64_t bytes) {
  const std::uint64_t n = whole_pages(bytes);
  const auto offset = heap->heap_->allocate(n);
  if (!offset) return nullptr;
  std::shared_ptr<Buffer> buffer(new Buffer(Type::Device, bytes));
  buffer->host_ = heap->host_.subspan(*offset, n);
  buffer->device_ = heap->device_.subspan(*offset, n);
  buffer->parent_ = std::move(heap);
  buffer->heap_offset_ = *offset;
  return buffer;
}

Buffer::~Buffer() {
  if (parent_) parent_->heap_->release(heap_offset_, whole_pages(bytes_));
  if (fd_ >= 0) close(fd_);
}

std::uint64_t Buffer::user_address() const {
  if (!parent_) return user_address_;
  const std::uint64_t base = parent_->user_address_;
  return base == kNoAddress ? kNoAddress : base + heap_offset_;
}

void Buffer::mapped_at(std::uint64_t address) {
  std::uint64_t none = kNoAddress;
  user_address_.compare_exchange_strong(none, address);
}

std::uint64_t Buffer::device_address() const {
  if (type_ == Type::Heap) return DeviceHeap::kBase;
  if (type_ == Type::Device) return DeviceHeap::kBase + heap_offset_;
  return user_address_;
}

void Buffer::sync_to_device(std::uint64_t offset, std::uint64_t bytes) {
  std::memcpy(device_.data() + offset, host_.data() + offset, bytes);
}

void Buffer::sync_from_device(std::uint64_t offset, std::uint64_t bytes) {
  std::memcpy(host_.data() + offset, device_.data() + offset, bytes);
}

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>

#include "device/device.h"

namespace npuwhisper::cpu {

inline constexpr std::size_t kAlignment = 64;   ///< A cache line, and the widest vector.

constexpr std::size_t round_up(std::size_t n, std::size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

/// Zeroed memory, aligned to kAlignment. Throws std::bad_alloc.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t n_bytes) : n_bytes_(n_bytes) {
    if (n_bytes == 0) return;
    bytes_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, round_up(n_bytes, kAlignment))));
    if (!bytes_) throw std::bad_alloc();
    std::memset(bytes_.get(), 0, n_bytes);
  }
  std::byte* data() const { return bytes_.get(); }
  std::size_t size() const { return n_bytes_; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(bytes_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t n_bytes_ = 0;
};

/// Host memory is the CPU's own: nothing to sync.
class CpuBuffer : public Buffer {
 public:
  explicit CpuBuffer(std::size_t n_bytes) : bytes_(n_bytes) {}
  std::span<std::byte> host() override { return {bytes_.data(), bytes_.size()}; }
  Result<void> sync_to_device() override { return {}; }
  Result<void> sync_from_device() override { return {}; }

 private:
  AlignedBytes bytes_;
};

}  // namespace npuwhisper::cpu

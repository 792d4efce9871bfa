// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace npuwhisper::cpu {

inline constexpr std::size_t kAlignment = 64;  ///< Bytes of a cache line and of the widest vector.

/// Zeroed memory, aligned to at least kAlignment. Its pages are mapped directly from the kernel, so
/// released memory does not stay in the process. The constructor throws std::bad_alloc.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t n_bytes);
  ~AlignedBytes();
  AlignedBytes(AlignedBytes&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), n_bytes_(std::exchange(other.n_bytes_, 0)) {}
  AlignedBytes& operator=(AlignedBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(n_bytes_, other.n_bytes_);
    return *this;
  }

  std::byte* data() const { return bytes_; }
  std::size_t size() const { return n_bytes_; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(bytes_);
  }

 private:
  std::byte* bytes_ = nullptr;
  std::size_t n_bytes_ = 0;
};

}  // namespace npuwhisper::cpu

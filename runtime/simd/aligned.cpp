// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/aligned.h"

#include <sys/mman.h>

#include <new>

namespace npuwhisper::cpu {
AlignedBytes::AlignedBytes(std::size_t n_bytes) : n_bytes_(n_bytes) {
  if (n_bytes == 0) return;
  void* pages = mmap(nullptr, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  bytes_ = static_cast<std::byte*>(pages);
}

AlignedBytes::~AlignedBytes() {
  if (bytes_ != nullptr) munmap(bytes_, n_bytes_);
}

}  // namespace npuwhisper::cpu

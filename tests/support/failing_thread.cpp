// SPDX-License-Identifier: LGPL-2.1-or-later
#include "failing_thread.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>

namespace {

// Calls until one fails; 0: none does.
std::atomic<int> n_left{0};
std::atomic<bool> lasts{false};
std::atomic<bool> has_failed{false};

bool fails() {
  int left = n_left;
  while (left > 1) {
    if (n_left.compare_exchange_weak(left, left - 1)) return false;
  }
  if (left == 0) return false;
  if (!lasts && n_left.exchange(0) == 0) return false;
  has_failed = true;
  return true;
}

}  // namespace

// Libraries are to find it here.
#pragma GCC visibility push(default)
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  static const auto real =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return fails() ? EAGAIN : real(thread, attributes, start, argument);
}
#pragma GCC visibility pop

namespace npuwhisper::test {

FailingThread::FailingThread(int n, bool lasting) {
  has_failed = false;
  lasts = lasting;
  n_left = n;
}

FailingThread::~FailingThread() {
  n_left = 0;
}

bool FailingThread::happened() const {
  return has_failed;
}

}  // namespace npuwhisper::test

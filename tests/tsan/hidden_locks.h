// SPDX-License-Identifier: LGPL-2.1-or-later
// Include this file (-include) before a source file in which races are planted. The file replaces
// the locks in that source file with one lock for the whole process. The lock is invisible to
// ThreadSanitizer. The lock still excludes other threads, so the program works. ThreadSanitizer
// sees the accesses that the lock guards as races, and must report a race.
#pragma once

// Headers that use the names of the standard library's locks must be included before the macros
// below change these names.
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <thread>

namespace npuwhisper::test {

inline int hidden_lock = 0;
inline thread_local int hidden_depth = 0;

__attribute__((no_sanitize("thread"), noinline)) inline void lock_hidden() {
  if (hidden_depth++ > 0) return;
  while (__atomic_exchange_n(&hidden_lock, 1, __ATOMIC_ACQUIRE) != 0) {
  }
}

__attribute__((no_sanitize("thread"), noinline)) inline void unlock_hidden() {
  if (--hidden_depth == 0) __atomic_store_n(&hidden_lock, 0, __ATOMIC_RELEASE);
}

template <typename Mutex>
class HiddenLock {
 public:
  explicit HiddenLock(Mutex&) { lock_hidden(); }
  ~HiddenLock() {
    if (locked_) unlock_hidden();
  }
  HiddenLock(const HiddenLock&) = delete;
  HiddenLock& operator=(const HiddenLock&) = delete;
  void lock() {
    lock_hidden();
    locked_ = true;
  }
  void unlock() {
    locked_ = false;
    unlock_hidden();
  }

 private:
  bool locked_ = true;
};

}  // namespace npuwhisper::test

namespace std {
using npuwhisper::test::HiddenLock;
}

#define scoped_lock HiddenLock
#define unique_lock HiddenLock
#define condition_variable condition_variable_any

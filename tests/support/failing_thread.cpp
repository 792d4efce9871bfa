// SPDX-License-Identifier: LGPL-2.1-or-later
#include "failing_thread.h"

#include <atomic>

#include "replaced_thread.h"

namespace {

// Number of calls of pthread_create() until one fails, including the failing call. If 0, no call
// fails.
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

namespace npuwhisper::test {

bool allows_thread() {
  return !fails();
}

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

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// Makes thread creation fail. The test adds failing_thread.cpp and replaced_thread.cpp to its
/// sources.
namespace npuwhisper::test {

/// While an object of this class exists, the process's n-th call of pthread_create (from 1) returns
/// EAGAIN, as at the thread limit. With `lasts`, all later calls also fail. At most one object may
/// exist at a time. Thread-safe.
class FailingThread {
 public:
  explicit FailingThread(int n, bool lasts = false);
  ~FailingThread();
  FailingThread(const FailingThread&) = delete;
  FailingThread& operator=(const FailingThread&) = delete;

  /// Returns whether a call has failed.
  bool happened() const;
};

}  // namespace npuwhisper::test

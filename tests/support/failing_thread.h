// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// Threads that do not start. A test compiles failing_thread.cpp and replaced_thread.cpp among its
/// own sources.
namespace npuwhisper::test {

/// While it lives, the n-th call of pthread_create of the process (from 1) returns EAGAIN, as where
/// the limit of threads is reached; with `lasts` all later ones, too. One at a time. Thread-safe.
class FailingThread {
 public:
  explicit FailingThread(int n, bool lasts = false);
  ~FailingThread();
  FailingThread(const FailingThread&) = delete;
  FailingThread& operator=(const FailingThread&) = delete;

  /// Whether a call has failed.
  bool happened() const;
};

}  // namespace npuwhisper::test

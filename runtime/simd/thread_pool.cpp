// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/thread_pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdio>
#include <utility>

#include "simd/onednn.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace npuwhisper::cpu {
namespace {

// Number of checks before a waiting thread sleeps: about 20 to 60 microseconds on current CPUs.
// This time is longer than the gaps between the steps of one decoding, but too short to be
// noticeable as load.
constexpr int kSpins = 2000;

inline void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

/// Blocks signals in the calling thread during the lifetime of this object. Threads that are
/// started meanwhile inherit the signal mask, so the host program's threads receive the signals.
/// Signals that a thread raises itself, such as SIGSEGV, are not blocked and still reach the host
/// program's handlers.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
      sigdelset(&blocked, own);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

void name_this_thread(unsigned thread) {
  char name[16];  // Linux limits a thread's name to 16 bytes, including the final zero.
  std::snprintf(name, sizeof name, "npuwhisper/%u", thread % 1000);
  pthread_setname_np(pthread_self(), name);
}

/// Thrown by barrier() after an exception has left the job in another thread.
struct Abandoned {};

// A direct futex replaces std::atomic::wait(), which yields before it sleeps. On a busy machine a
// thread that yields gets its core back a whole time slice later. A decoder step has about fifty
// barriers, and each barrier could cost such a delay. A sleeping thread is woken immediately.
long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  static_assert(sizeof word == sizeof(value) && std::atomic<std::uint32_t>::is_always_lock_free);
  return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

}  // namespace

/// Returns when `word` is no longer `old`.
void ThreadPool::wait_for_change(Word& word, std::uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (word.load(std::memory_order_acquire) != old) return;
    pause();
  }
  // This increment and the change of the word are sequentially consistent: either notify() sees the
  // sleeper, or the kernel sees the change.
  sleepers_.fetch_add(1);
  while (word.load() == old) futex(word, FUTEX_WAIT, old);
  sleepers_.fetch_sub(1);
}

/// Wakes the threads that wait for `word`. Call this function after `word` has changed.
void ThreadPool::notify(Word& word) {
  if (sleepers_.load() != 0) futex(word, FUTEX_WAKE, INT_MAX);
}

ThreadPool::ThreadPool(unsigned n_threads) : n_threads_(n_threads == 0 ? 1 : n_threads) {
  const SignalsBlocked guard;
  try {
    threads_.reserve(n_threads_ - 1);
    for (unsigned i = 1; i < n_threads_; ++i) threads_.emplace_back([this, i] { work(i); });
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

void ThreadPool::stop() {
  stop_ = true;
  generation_.fetch_add(1);
  notify(generation_);
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::start(Entry entry, void* context) {
  entry_ = entry;
  context_ = context;
  is_abandoned_.store(false, std::memory_order_relaxed);
  arrived_.store(0, std::memory_order_relaxed);
  if (n_threads_ == 1) return;
  running_.store(n_threads_ - 1, std::memory_order_relaxed);
  generation_.fetch_add(1);
  notify(generation_);
}

void ThreadPool::enter(unsigned thread) {
  try {
    entry_(context_, thread);
  } catch (...) {
    abandon(std::current_exception());
  }
}

/// Keeps the first exception and releases the barrier. Later exceptions may be Abandoned and are
/// dropped.
void ThreadPool::abandon(std::exception_ptr exception) {
  if (is_abandoned_.exchange(true)) return;
  exception_ = std::move(exception);
  barriers_.fetch_add(1);
  notify(barriers_);
}

void ThreadPool::finish() {
  for (std::uint32_t left = running_.load(std::memory_order_acquire); left != 0;
       left = running_.load(std::memory_order_acquire)) {
    wait_for_change(running_, left);
  }
  if (is_abandoned_) std::rethrow_exception(std::exchange(exception_, nullptr));
}

void ThreadPool::barrier() {
  if (n_threads_ == 1) return;
  const std::uint32_t passed = barriers_.load(std::memory_order_acquire);
  // abandon() sets is_abandoned_ before it increments barriers_. If `passed` was read after the
  // increment, this thread sees is_abandoned_ here. Otherwise the increment ends the wait below.
  if (is_abandoned_) throw Abandoned();
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == n_threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    barriers_.fetch_add(1);
    notify(barriers_);
  } else {
    wait_for_change(barriers_, passed);
  }
  if (is_abandoned_) throw Abandoned();
}

void ThreadPool::work(unsigned thread) {
  name_this_thread(thread);
  const onednn::SingleThreaded guard;
  std::uint32_t seen = 0;
  for (;;) {
    wait_for_change(generation_, seen);
    seen = generation_.load(std::memory_order_acquire);
    if (stop_) return;
    enter(thread);
    if (running_.fetch_sub(1) == 1) notify(running_);
  }
}

}  // namespace npuwhisper::cpu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

namespace npuwhisper::cpu {

/// A few threads that work on one job at a time together with the caller. A job is one function
/// that all threads call at the same time, once each. Inside the job, the threads share work by
/// index and synchronise at barrier(). A waiting thread spins briefly (a decoder step has about
/// fifty barriers in two milliseconds) and then sleeps. Only one caller at a time may use run().
/// The threads are named "npuwhisper/1" and so on, and block signals. A child of fork() has none of
/// the threads and must not use the pool.
class ThreadPool {
 public:
  /// Starts n_threads - 1 threads. Throws std::system_error if the system has no threads left, and
  /// std::bad_alloc.
  explicit ThreadPool(unsigned n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const { return n_threads_; }

  /// Calls job(thread) on each thread and returns when all calls have returned. Thread 0 is the
  /// caller. Allocates nothing. Throws the first exception that leaves the job in any thread, after
  /// all threads have left the job.
  template <typename Job>
  void run(const Job& job) {
    start([](void* context, unsigned thread) { (*static_cast<const Job*>(context))(thread); },
          const_cast<Job*>(&job));
    enter(0);
    finish();
  }

  /// Waits until every thread has called barrier(). Call it only inside a job. Throws if an
  /// exception has left the job in another thread, because that thread will never reach
  /// the barrier. The job must let the exception of barrier() propagate.
  void barrier();

 private:
  using Entry = void (*)(void* context, unsigned thread);
  using Word = std::atomic<std::uint32_t>;
  void wait_for_change(Word& word, std::uint32_t old);
  void notify(Word& word);
  void start(Entry entry, void* context);
  void enter(unsigned thread);
  void abandon(std::exception_ptr exception);
  void finish();
  void stop();
  void work(unsigned thread);

  const unsigned n_threads_;
  Entry entry_ = nullptr;  // written before generation_ is incremented
  void* context_ = nullptr;
  std::atomic<std::uint32_t> generation_{0};  // incremented by start() and by stop()
  std::atomic<std::uint32_t> running_{0};     // threads_ that are still inside the job
  std::atomic<std::uint32_t> arrived_{0};     // threads at the barrier
  std::atomic<std::uint32_t> barriers_{0};    // number of barriers passed
  std::atomic<std::uint32_t> sleepers_{0};    // threads that sleep or are about to sleep
  std::atomic<bool> is_abandoned_{false};     // an exception left the job
  std::exception_ptr exception_;              // written by the thread that set is_abandoned_
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace npuwhisper::cpu

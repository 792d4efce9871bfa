// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

namespace npuwhisper::cpu {

/// A few threads that work on one job at a time together with the caller. A job is one function
/// that all threads enter at once; inside it they share work by index and meet at barrier().
/// Waiting spins briefly (a decoder step has some fifty barriers in two milliseconds) and then
/// sleeps. run() is for one caller at a time. The threads are named "npuwhisper/1" and so on and
/// take no signals. A child of fork() has none of them: a pool must not be used there.
class ThreadPool {
 public:
  /// Starts n_threads - 1 threads. Throws std::system_error when the system has none left,
  /// std::bad_alloc.
  explicit ThreadPool(unsigned n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const { return n_threads_; }

  /// Calls job(thread) on each thread, thread 0 being the caller, and returns when all have
  /// returned. Allocates nothing. Throws the first exception that leaves the job in any thread,
  /// after all threads have left the job.
  template <typename Job>
  void run(const Job& job) {
    start([](void* context, unsigned thread) { (*static_cast<const Job*>(context))(thread); },
          const_cast<Job*>(&job));
    enter(0);
    finish();
  }

  /// Inside a job: returns when every thread has called it. Throws if an exception has left the job
  /// in another thread: that thread calls no barrier any more. The job must let this exception
  /// through.
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
  Entry entry_ = nullptr;  // written before generation_ is raised
  void* context_ = nullptr;
  std::atomic<std::uint32_t> generation_{0};  // raised by each job
  std::atomic<std::uint32_t> running_{0};     // threads still inside the job
  std::atomic<std::uint32_t> arrived_{0};     // threads at the barrier
  std::atomic<std::uint32_t> barriers_{0};    // passed
  std::atomic<std::uint32_t> sleepers_{0};    // threads that sleep, or are about to
  std::atomic<bool> is_abandoned_{false};     // an exception left the job
  std::exception_ptr exception_;              // written by the thread that set is_abandoned_
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace npuwhisper::cpu

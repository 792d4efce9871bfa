// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/thread_pool.h"

#include <gtest/gtest.h>

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace npuwhisper::cpu {
namespace {

/// The parameter is the number of threads. On a machine with fewer cores than threads, the threads
/// must sleep and wake, because spinning alone does not suffice.
class ThreadPoolOf : public testing::TestWithParam<unsigned> {};

TEST_P(ThreadPoolOf, EveryThreadRunsEveryJobOnce) {
  ThreadPool pool(GetParam());
  ASSERT_EQ(pool.size(), GetParam());
  // Each thread writes only its own element. The elements are read after run() has returned.
  std::vector<int> calls(pool.size(), 0);
  constexpr int kJobs = 300;
  for (int i = 0; i < kJobs; ++i) {
    pool.run([&](unsigned thread) { ++calls[thread]; });
    for (const int n : calls) ASSERT_EQ(n, i + 1);
  }
}

TEST_P(ThreadPoolOf, NoThreadPassesABarrierAlone) {
  ThreadPool pool(GetParam());
  std::vector<int> written(pool.size(), -1);
  std::atomic<int> early{0};
  constexpr int kRounds = 100;
  pool.run([&](unsigned thread) {
    for (int round = 0; round < kRounds; ++round) {
      written[thread] = round;
      pool.barrier();
      for (const int w : written) early += w == round ? 0 : 1;
      pool.barrier();  // The next round overwrites values that other threads may still read.
    }
  });
  EXPECT_EQ(early, 0);
}

/// A job sees the results of earlier jobs, whichever thread wrote them.
TEST_P(ThreadPoolOf, JobsSeeWhatEarlierJobsWrote) {
  ThreadPool pool(GetParam());
  std::vector<long> values(pool.size(), 1);
  for (int i = 0; i < 100; ++i) {
    std::vector<long> next(pool.size());
    pool.run([&](unsigned thread) { next[thread] = values[(thread + 1) % pool.size()] + 1; });
    values = next;
  }
  for (const long value : values) EXPECT_EQ(value, 101);
}

TEST_P(ThreadPoolOf, ThreadsThatSleptWakeUp) {
  ThreadPool pool(GetParam());
  std::atomic<int> calls{0};
  for (int i = 0; i < 5; ++i) {
    // Sleeps far longer than the threads spin.
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pool.run([&](unsigned) { ++calls; });
  }
  EXPECT_EQ(calls, 5 * static_cast<int>(pool.size()));
}

TEST_P(ThreadPoolOf, ASlowThreadIsWaitedFor) {
  ThreadPool pool(GetParam());
  std::atomic<int> after{0};
  pool.run([&](unsigned thread) {
    if (thread + 1 == pool.size()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ++after;
    pool.barrier();
    if (after != static_cast<int>(pool.size())) after = 1000;
    if (thread == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  EXPECT_EQ(after, static_cast<int>(pool.size()));
}

TEST_P(ThreadPoolOf, MayBeMadeAndEndedWithoutAJob) {
  for (int i = 0; i < 20; ++i) const ThreadPool pool(GetParam());
}

TEST_P(ThreadPoolOf, AnotherThreadMayBeTheNextCaller) {
  ThreadPool pool(GetParam());
  std::atomic<int> calls{0};
  for (int i = 0; i < 10; ++i) {
    std::thread caller([&] { pool.run([&](unsigned) { ++calls; }); });
    caller.join();
  }
  EXPECT_EQ(calls, 10 * static_cast<int>(pool.size()));
}

/// When one thread throws, each other thread waits at the second barrier, has not reached that
/// barrier yet, or throws too.
TEST_P(ThreadPoolOf, AnExceptionInAJobReachesTheCaller) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 100; ++round) {
    for (unsigned failing = 0; failing < pool.size(); ++failing) {
      std::atomic<int> beyond{0};
      const auto job = [&](unsigned thread) {
        pool.barrier();
        if (thread == failing) throw std::runtime_error("of the job");
        if (thread % 3 == 2) throw std::runtime_error("of the job");
        pool.barrier();
        ++beyond;
      };
      EXPECT_THROW(pool.run(job), std::runtime_error);
      ASSERT_EQ(beyond, 0);
    }
  }
}

TEST_P(ThreadPoolOf, AJobAfterOneThatThrewIsLikeAnyOther) {
  ThreadPool pool(GetParam());
  std::vector<int> written(pool.size(), -1);
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROW(pool.run([&](unsigned thread) {
      if (thread == pool.size() - 1) throw std::bad_alloc();
      pool.barrier();
    }),
                 std::bad_alloc);
    std::atomic<int> early{0};
    pool.run([&](unsigned thread) {
      written[thread] = round;
      pool.barrier();
      for (const int w : written) early += w == round ? 0 : 1;
    });
    ASSERT_EQ(early, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ThreadPoolOf, testing::Values(1U, 2U, 3U, 4U, 8U),
                         [](const auto& instance) {
                           return std::to_string(instance.param) + "_threads";
                         });

/// A lost wake-up would hang this test. Two threads on two cores pass enough barriers to detect a
/// lost wake-up. On a busy machine each barrier may take a time slice, so the test stops after 1.5
/// s.
TEST(ThreadPool, ThirtyThousandBarriers) {
  ThreadPool pool(2);
  std::atomic<long> calls{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  long jobs = 0;
  for (; jobs < 10000 && (jobs < 100 || std::chrono::steady_clock::now() < deadline); ++jobs) {
    pool.run([&](unsigned) {
      calls.fetch_add(1, std::memory_order_relaxed);
      pool.barrier();
      pool.barrier();
    });
  }
  EXPECT_EQ(calls, 2 * jobs);
}

TEST(ThreadPool, ZeroThreadsMeansOne) {
  ThreadPool pool(0);
  EXPECT_EQ(pool.size(), 1U);
  int calls = 0;
  pool.run([&](unsigned thread) {
    EXPECT_EQ(thread, 0U);
    pool.barrier();
    ++calls;
  });
  EXPECT_EQ(calls, 1);
}

TEST(ThreadPool, TheCallerIsThreadZero) {
  ThreadPool pool(3);
  const auto caller = std::this_thread::get_id();
  std::vector<bool> is_caller(pool.size());
  std::vector<std::thread::id> ids(pool.size());
  pool.run([&](unsigned thread) { ids[thread] = std::this_thread::get_id(); });
  for (unsigned i = 0; i < pool.size(); ++i) EXPECT_EQ(ids[i] == caller, i == 0);
}

/// The pool's threads block the host program's signals, but not the signals of a crash.
TEST(ThreadPool, ThreadsTakeNoSignalsAndTheCallersMaskStays) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  ThreadPool pool(2);
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < 32; ++signal)
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal));
  sigset_t inside;
  char name[16] = "";
  pool.run([&](unsigned thread) {
    if (thread != 1) return;
    pthread_sigmask(SIG_SETMASK, nullptr, &inside);
    pthread_getname_np(pthread_self(), name, sizeof name);
  });
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1, SIGALRM, SIGPIPE}) {
    EXPECT_EQ(sigismember(&inside, signal), 1) << signal;
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    EXPECT_EQ(sigismember(&inside, signal), 0) << signal;
  EXPECT_STREQ(name, "npuwhisper/1");
}

}  // namespace
}  // namespace npuwhisper::cpu

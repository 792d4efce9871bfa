// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace npuwhisper {
namespace {

using std::chrono::milliseconds;

class FakeBuffer final : public Buffer {
 public:
  std::span<std::byte> host() override { return std::as_writable_bytes(std::span(&value, 1)); }
  Result<void> sync_to_device() override { return {}; }
  Result<void> sync_from_device() override { return {}; }
  int value = 0;
};

/// The state of a device that can run only one executable at a time. `overlapped` is set if two
/// runs overlap.
struct FakeDevice {
  std::atomic<bool> busy{false};
  std::atomic<bool> overlapped{false};
};

/// An executable whose wait() calls the test's function.
class FakeExecutable final : public Executable, private Run {
 public:
  using Work = std::function<Result<void>(const Bindings&)>;
  FakeExecutable(FakeDevice& device, Work work) : device_(device), work_(std::move(work)) {}

  const Plan& plan() const override { return plan_; }
  Result<Run*> start(const Bindings& bindings) override {
    if (device_.busy.exchange(true)) device_.overlapped = true;
    ++n_runs;
    bindings_ = bindings;
    if (refuse_to_start) {
      device_.busy = false;
      return fail(ErrorCode::DeviceError, "does not start");
    }
    return static_cast<Run*>(this);
  }
  Result<std::unique_ptr<Buffer>> allocate(TensorId, int) override {
    return fail(ErrorCode::Unsupported, "fake");
  }

  std::atomic<int> n_runs{0};
  std::atomic<bool> refuse_to_start{false};

 private:
  Result<void> wait() override {
    const std::unique_ptr<FakeDevice, void (*)(FakeDevice*)> end(
        &device_, [](FakeDevice* device) { device->busy = false; });
    return work_(bindings_);
  }
  FakeDevice& device_;
  Work work_;
  Bindings bindings_;
  Plan plan_;
};

constexpr int kMaxRows = 7;
constexpr int kHolder = 99;
constexpr int kFile = 1;
constexpr int kLive = 2;

class SchedulerTest : public testing::Test {
 protected:
  Result<void> encode_work(const Bindings& bindings) {
    static_cast<FakeBuffer*>(bindings.items[0][1])->value =
        static_cast<FakeBuffer*>(bindings.items[0][0])->value + 1;
    return {};
  }
  Result<void> cross_work(const Bindings& bindings) {
    static_cast<FakeBuffer*>(bindings.items[0][1])->value =
        static_cast<FakeBuffer*>(bindings.items[0][0])->value * 2;
    return {};
  }
  /// Sets each row's logits[0] to a number that identifies the row. Holds the device while hold_ is
  /// set. Fails if a row belongs to the stream poison_. Throws if throws_ is set, except for the
  /// holder's batch.
  Result<void> decode_work(const Bindings& bindings) {
    holding_ = true;
    while (hold_) std::this_thread::sleep_for(milliseconds(1));
    holding_ = false;
    most_rows_ = std::max(most_rows_.load(), bindings.rows.size());
    if (!bindings.rows.empty()) served_.push_back(bindings.rows.front().token);
    for (std::size_t i = 0; i < bindings.rows.size(); ++i) {
      const StepRow& row = bindings.rows[i];
      row.logits[0] = static_cast<float>(1000 * row.token + row.position);
      // Rows of one stream must be adjacent.
      for (std::size_t j = i + 2; j < bindings.rows.size(); ++j) {
        if (bindings.rows[j].cross_cache == row.cross_cache &&
            bindings.rows[j - 1].cross_cache != row.cross_cache) {
          scattered_ = true;
        }
      }
    }
    const bool poisoned = std::any_of(bindings.rows.begin(), bindings.rows.end(),
                                      [this](const StepRow& row) { return row.token == poison_; });
    if (poisoned) return fail(ErrorCode::DeviceError, "burnt");
    if (throws_ && bindings.rows.front().token != kHolder) throw std::bad_alloc();
    return {};
  }

  /// Runs one stream's step of `n` rows and checks that each row gets its own logits. Returns the
  /// scheduler's result.
  Result<void> decode(int stream, int n, int position = 0,
                      Scheduler::Urgency urgency = Scheduler::Urgency::File) {
    FakeBuffer cross;
    std::vector<float> logits(static_cast<std::size_t>(n), -1.0F);
    std::vector<StepRow> rows(logits.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].token = stream;
      rows[i].position = position + static_cast<int>(i);
      rows[i].cross_cache = &cross;
      rows[i].logits = &logits[i];
    }
    const auto result = scheduler_.decode(rows, urgency);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(logits[i], static_cast<float>(1000 * stream + position + static_cast<int>(i)));
    }
    return result;
  }

  /// Submits `n` one-row steps while another step holds the device, so that they wait together.
  /// Returns their results. `delay` must be long enough for all submitting threads to reach the
  /// queue.
  std::vector<Result<void>> decode_together(int n, milliseconds delay) {
    hold_ = true;
    std::thread holder([this] { EXPECT_TRUE(decode(kHolder, 1)); });
    while (!holding_) std::this_thread::sleep_for(milliseconds(1));
    std::vector<Result<void>> results(static_cast<std::size_t>(n));
    std::atomic<int> submitting{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < n; ++i) {
      threads.emplace_back([&, i] {
        ++submitting;
        results[static_cast<std::size_t>(i)] = decode(i, 1);
      });
    }
    while (submitting < n) std::this_thread::sleep_for(milliseconds(1));
    std::this_thread::sleep_for(delay);
    hold_ = false;
    for (std::thread& thread : threads) thread.join();
    holder.join();
    return results;
  }

  /// Submits a step of a file and, a moment later, one of a live stream, while another step holds
  /// the device for at least `delay`. The two do not fit into one batch. Returns the streams in the
  /// order in which the device served them.
  std::vector<Token> serve_file_and_live(milliseconds delay) {
    hold_ = true;
    std::thread holder([this] { EXPECT_TRUE(decode(kHolder, 1)); });
    while (!holding_) std::this_thread::sleep_for(milliseconds(1));
    std::thread file([this] { EXPECT_TRUE(decode(kFile, kMaxRows)); });
    std::this_thread::sleep_for(std::max(delay, milliseconds(50)));
    std::thread live([this] { EXPECT_TRUE(decode(kLive, kMaxRows, 0, Scheduler::Urgency::Live)); });
    std::this_thread::sleep_for(milliseconds(50));
    hold_ = false;
    for (std::thread* thread : {&holder, &file, &live}) thread->join();
    return served_;
  }

  FakeDevice device_;
  FakeExecutable encoder_{device_, [this](const Bindings& b) { return encode_work(b); }};
  FakeExecutable cross_{device_, [this](const Bindings& b) { return cross_work(b); }};
  FakeExecutable decoder_{device_, [this](const Bindings& b) { return decode_work(b); }};
  FakeBuffer features_;
  Scheduler scheduler_{{encoder_, &cross_, &features_}, decoder_, kMaxRows, 4};
  std::atomic<bool> hold_{false}, holding_{false}, scattered_{false};
  std::atomic<bool> throws_{false};  // If true, all batches except the holder's throw.
  std::atomic<Token> poison_{-1};    // Batches with this stream fail.
  std::atomic<std::size_t> most_rows_{0};
  std::vector<Token> served_;  // The first stream of each batch. Only the device's runs write it.
};

TEST_F(SchedulerTest, LiveStreamsAreServedBeforeFiles) {
  EXPECT_EQ(serve_file_and_live(milliseconds(0)), (std::vector<Token>{kHolder, kLive, kFile}));
}

TEST_F(SchedulerTest, AFileDoesNotWaitForever) {
  EXPECT_EQ(serve_file_and_live(Scheduler::kLongestWait + milliseconds(50)),
            (std::vector<Token>{kHolder, kFile, kLive}));
}

TEST_F(SchedulerTest, SaysWhatTheDeviceIsDoing) {
  EXPECT_EQ(scheduler_.activity().stage, nullptr);
  hold_ = true;
  std::thread holder([this] { EXPECT_TRUE(decode(kHolder, 1)); });
  while (!holding_) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_STREQ(scheduler_.activity().stage, "decoder step");
  const auto time = scheduler_.activity().time;
  std::this_thread::sleep_for(milliseconds(2));
  EXPECT_GE(scheduler_.activity().time, time + milliseconds(2));
  hold_ = false;
  holder.join();
  EXPECT_EQ(scheduler_.activity().stage, nullptr);
}

TEST_F(SchedulerTest, EncodesThroughTheFeatures) {
  FakeBuffer mel, cross;
  mel.value = 20;
  ASSERT_TRUE(scheduler_.encode(mel, cross, {}));
  EXPECT_EQ(cross.value, 42);
}

TEST_F(SchedulerTest, EncoderMayIncludeProjections) {
  Scheduler whole({encoder_}, decoder_, kMaxRows, 4);
  FakeBuffer mel, cross;
  mel.value = 20;
  ASSERT_TRUE(whole.encode(mel, cross, {}));
  EXPECT_EQ(cross.value, 21);
  EXPECT_EQ(cross_.n_runs, 0);
}

TEST_F(SchedulerTest, DecodesAlone) {
  EXPECT_TRUE(decode(3, kMaxRows));
  EXPECT_TRUE(decode(4, 1));
  EXPECT_EQ(decoder_.n_runs, 2);
}

TEST_F(SchedulerTest, AStepWithoutRowsIsDone) {
  EXPECT_TRUE(scheduler_.decode({}));
}

TEST_F(SchedulerTest, TooManyRowsNeverReachTheDevice) {
  const std::vector<StepRow> rows(kMaxRows + 1);
  const auto result = scheduler_.decode(rows);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument) << result.error().message;
  EXPECT_EQ(decoder_.n_runs, 0);
}

TEST_F(SchedulerTest, WaitingStepsShareABatch) {
  // The test tries several times, because the operating system decides whether all submitting
  // threads reach the queue in time.
  std::size_t most = 0;
  for (int i = 0; i < 10 && most < kMaxRows; ++i) {
    for (const auto& result : decode_together(kMaxRows, milliseconds(5 << i))) EXPECT_TRUE(result);
    most = most_rows_;
  }
  EXPECT_EQ(most, static_cast<std::size_t>(kMaxRows));
}

TEST_F(SchedulerTest, ErrorReachesTheWholeBatchOnly) {
  poison_ = 0;
  bool shared = false;
  for (int i = 0; i < 10 && !shared; ++i) {
    const int runs = decoder_.n_runs;
    // The holder's step is a batch of its own and succeeds.
    const auto results = decode_together(kMaxRows, milliseconds(5 << i));
    shared = decoder_.n_runs == runs + 2;
    if (!shared) continue;
    for (const auto& result : results) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().message, "burnt");
    }
  }
  EXPECT_TRUE(shared) << "no batch was ever shared";
  EXPECT_TRUE(decode(1, 1));
}

TEST_F(SchedulerTest, ErrorsOfEitherHalfOfAnEncodeArePassedOn) {
  FakeBuffer mel, cross;
  cross.value = 7;
  encoder_.refuse_to_start = true;
  const auto first = scheduler_.encode(mel, cross, {});
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::DeviceError);
  EXPECT_EQ(cross_.n_runs, 0) << "the second half ran on the features of a failed first half";
  encoder_.refuse_to_start = false;
  cross_.refuse_to_start = true;
  EXPECT_FALSE(scheduler_.encode(mel, cross, {}));
  cross_.refuse_to_start = false;
  EXPECT_TRUE(scheduler_.encode(mel, cross, {}));
  EXPECT_NE(cross.value, 7);
}

/// If an exception left the scheduler, callers would wait forever and the device would stay busy.
TEST_F(SchedulerTest, ExceptionBecomesErrorAndDoesNotPersist) {
  throws_ = true;
  const auto results = decode_together(2, milliseconds(50));
  for (const auto& result : results) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Unavailable);
  }
  throws_ = false;
  EXPECT_TRUE(decode(1, 1));
}

/// Many streams run simultaneously: results reach their callers, batches stay within their limit,
/// runs do not overlap, and nothing deadlocks.
TEST_F(SchedulerTest, ManyStreamsForAWhile) {
  constexpr int kStreams = 8;
  poison_ = 3;
  std::vector<std::thread> streams;
  std::atomic<int> errors{0};
  for (int stream = 0; stream < kStreams; ++stream) {
    streams.emplace_back([&, stream] {
      for (int i = 0; i < 300; ++i) {
        if (i % 10 == 0) {
          FakeBuffer mel, cross;
          mel.value = 100 * stream + i;
          if (!scheduler_.encode(mel, cross, {})) ++errors;
          EXPECT_EQ(cross.value, 2 * (100 * stream + i + 1));
        }
        if (!decode(stream, 1 + (stream + i) % kMaxRows, i)) ++errors;
      }
    });
  }
  for (std::thread& stream : streams) stream.join();
  EXPECT_FALSE(device_.overlapped) << "two runs at the same time";
  EXPECT_FALSE(scattered_) << "rows of a stream were torn apart";
  EXPECT_LE(most_rows_, static_cast<std::size_t>(kMaxRows));
  EXPECT_GE(errors, 300) << "the poisoned stream had no errors";
  EXPECT_TRUE(decode(1, 1)) << "an error stuck";
}

}  // namespace
}  // namespace npuwhisper

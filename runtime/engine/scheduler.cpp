// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/scheduler.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <npuwhisper/guarded.h>

#include "base/trace.h"

namespace npuwhisper {
namespace {

using Clock = std::chrono::steady_clock;

/// Sets the stage of the device to `name` for the lifetime of this object.
class Activity {
 public:
  Activity(std::atomic<Clock::rep>& began, std::atomic<const char*>& stage, const char* name)
      : stage_(stage) {
    began.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    stage_.store(name, std::memory_order_release);
  }
  ~Activity() { stage_.store(nullptr, std::memory_order_relaxed); }
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

 private:
  std::atomic<const char*>& stage_;
};

}  // namespace

Scheduler::Scheduler(const Windows& windows, Executable& decoder, int max_rows,
                     std::size_t max_streams)
    : windows_(windows), decoder_(decoder), max_rows_(static_cast<std::size_t>(max_rows)) {
  waiting_.reserve(max_streams);
  batch_.reserve(max_streams);
  rows_.reserve(max_rows_);
}

Result<void> Scheduler::encode(Buffer& mel, Buffer& cross_cache, const WindowPositions& positions,
                               Urgency urgency) {
  Request request;
  request.mel = &mel;
  request.cross_cache = &cross_cache;
  request.positions = positions;
  request.urgency = urgency;
  return submit(request);
}

Result<void> Scheduler::decode(std::span<const StepRow> rows, Urgency urgency) {
  if (rows.size() > max_rows_) {
    return fail(ErrorCode::InvalidArgument, "decoder step: found " + std::to_string(rows.size()) +
                                                " rows, wanted at most " +
                                                std::to_string(max_rows_));
  }
  Request request;
  request.rows = rows;
  request.urgency = urgency;
  return submit(request);
}

Result<void> Scheduler::submit(Request& request) {
  std::unique_lock lock(mutex_);
  batch_.reserve(waiting_.size() + 1);  // so that take_batch() does not throw
  waiting_.push_back(&request);
  for (;;) {
    done_.wait(lock, [&] { return request.done || !busy_; });
    if (request.done) return std::move(request.result);
    busy_ = true;
    take_batch();
    lock.unlock();
    // An exception must not leave busy_ set, because other callers would then wait forever.
    const Result<void> result = guarded("device run", [&] { return run_batch(); });
    lock.lock();
    for (Request* served : batch_) {
      served->result = guarded("device run", [&] { return result; });
      served->done = true;
    }
    busy_ = false;
    done_.notify_all();
  }
}

/// Returns the waiting request that runs next. At least one request must wait.
const Scheduler::Request& Scheduler::most_urgent() const {
  const Request& first = *waiting_.front();
  if (Clock::now() - first.arrived > kLongestWait) return first;
  const auto live = std::ranges::find(waiting_, Urgency::Live, &Request::urgency);
  return live == waiting_.end() ? first : **live;
}

void Scheduler::take_batch() {
  batch_.clear();
  rows_.clear();
  const Request& next = most_urgent();
  const bool encodes = next.mel != nullptr;
  add_to_batch(next.urgency, encodes);
  add_to_batch(next.urgency == Urgency::Live ? Urgency::File : Urgency::Live, encodes);
}

/// Moves waiting requests of one urgency to the batch, in order of arrival, as far as they fit. A
/// batch has one window, or only decoder rows.
void Scheduler::add_to_batch(Urgency urgency, bool encodes) {
  std::size_t kept = 0;
  for (Request* request : waiting_) {
    const bool fits = request->urgency == urgency && encodes == (request->mel != nullptr) &&
                      (encodes ? batch_.empty() : rows_.size() + request->rows.size() <= max_rows_);
    if (fits) {
      batch_.push_back(request);
      rows_.insert(rows_.end(), request->rows.begin(), request->rows.end());
    } else {
      waiting_[kept++] = request;
    }
  }
  waiting_.resize(kept);
}

Result<void> Scheduler::run_batch() {
  if (batch_.front()->mel == nullptr) {
    constexpr const char* kStage = "decoder step";
    const trace::Span span(kStage, {"rows", static_cast<std::int64_t>(rows_.size())});
    return run(kStage, decoder_, {.items = {}, .rows = rows_});
  }
  Buffer& mel = *batch_.front()->mel;
  Buffer& cross_cache = *batch_.front()->cross_cache;
  const WindowPositions& positions = batch_.front()->positions;
  if (windows_.cross == nullptr)
    return run_window("encoder and cross", windows_.encoder, mel, cross_cache, positions);
  auto encoded = run_window("encoder", windows_.encoder, mel, *windows_.features, positions);
  if (!encoded) return encoded;
  return run_window("cross", *windows_.cross, *windows_.features, cross_cache, positions);
}

Result<void> Scheduler::run_window(const char* stage, Executable& executable, Buffer& from,
                                   Buffer& to, const WindowPositions& positions) {
  const trace::Span span(
      stage, positions.is_all() ? trace::Value()
                                : trace::Value{"positions", positions.dense + positions.sparse});
  const std::array<Buffer*, 2> buffers = {&from, &to};
  const std::array<std::span<Buffer* const>, 1> items = {buffers};
  return run(stage, executable, {.items = items, .rows = {}, .positions = positions});
}

DeviceActivity Scheduler::activity() const {
  const char* stage = stage_.load(std::memory_order_acquire);
  if (stage == nullptr) return {};
  const Clock::time_point began{Clock::duration(began_.load(std::memory_order_relaxed))};
  return {.stage = stage, .time = Clock::now() - began};
}

Result<void> Scheduler::run(const char* stage, Executable& executable, const Bindings& bindings) {
  const Activity activity(began_, stage_, stage);
  const auto started = [&] {
    const trace::Span span("submit");
    return executable.start(bindings);
  }();
  if (!started) return fail(started.error());
  const trace::Span span("wait");
  return (*started)->wait();
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "trace.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/guarded.h>

#include "common/trace_file.h"

namespace npuwhisper {
namespace trace {

std::atomic<bool> is_on{false};

namespace {

// The process id and thread id of the device in the trace file. Perfetto needs distinct ids, and no
// real process or thread has an id this large.
constexpr std::int64_t kDeviceProcess = 9'000'000;

// The value of Event::thread for a run of the device.
constexpr pid_t kDevice = 0;

struct Event {
  const char* name;
  Value value;
  Clock::time_point begin, end;
  pid_t thread;
};

struct ThreadName {
  pid_t thread = 0;
  std::array<char, 16> name{};
};

/// The spans of one recording. When the capacity is reached, a new span replaces the oldest one.
struct Recording {
  std::filesystem::path file;
  std::vector<Event> events;  // never grows beyond its reserved capacity
  std::size_t next = 0;       // index of the oldest event when events is full
  std::uint64_t n_dropped = 0;
  std::vector<ThreadName> threads;  // at most kNamedThreads; further threads get no name
  std::array<char, 64> device{};    // name of the device; empty if no run was recorded
};

constexpr std::size_t kNamedThreads = 256;

struct Recorder {
  std::mutex mutex;  // guards the other members; no other mutex is locked while it is held
  bool is_recording = false;
  unsigned serial = 0;  // number of recordings started so far
  Recording recording;
};

/// Returns the recorder. It is never destroyed, because threads may record until the process ends.
Recorder& recorder() {
  static Recorder* const instance = new Recorder;
  return *instance;
}

thread_local pid_t this_thread = 0;
thread_local unsigned named_in = 0;  // serial of the last recording that this thread wrote to

void name_this_thread(Recorder& to) {
  if (named_in == to.serial) return;
  named_in = to.serial;
  auto& threads = to.recording.threads;
  if (threads.size() == threads.capacity()) return;
  ThreadName& entry = threads.emplace_back();
  entry.thread = this_thread;
  pthread_getname_np(pthread_self(), entry.name.data(), entry.name.size());
}

void add(Recording& recording, const Event& event) {
  if (recording.events.size() < recording.events.capacity()) {
    recording.events.push_back(event);
    return;
  }
  recording.events[recording.next] = event;
  recording.next = (recording.next + 1) % recording.events.size();
  ++recording.n_dropped;
}

double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

Result<void> write(const Recording& recording) {
  auto out = TraceFile::append(recording.file);
  if (!out) return fail(out.error());
  const std::int64_t pid = getpid();
  out->process(pid, "npuwhisper", 0);
  for (const ThreadName& thread : recording.threads) {
    out->thread(pid, thread.thread, thread.name.data(), 0);
  }
  if (recording.device[0] != '\0') {
    out->process(kDeviceProcess, recording.device.data(), 1);
    out->thread(kDeviceProcess, kDeviceProcess, "runs, wall time", 0);
  }
  if (recording.n_dropped > 0) {
    const Event& oldest = recording.events[recording.next];
    out->span(pid, pid, "earlier spans were dropped", microseconds(oldest.begin.time_since_epoch()),
              0, "n", static_cast<std::int64_t>(recording.n_dropped));
  }
  for (std::size_t i = 0; i < recording.events.size(); ++i) {
    const Event& event = recording.events[(recording.next + i) % recording.events.size()];
    const bool is_run = event.thread == kDevice;
    out->span(is_run ? kDeviceProcess : pid, is_run ? kDeviceProcess : event.thread, event.name,
              microseconds(event.begin.time_since_epoch()), microseconds(event.end - event.begin),
              event.value.name == nullptr ? "" : event.value.name, event.value.number);
  }
  return out->finish();
}

// Creates the file of `recording` and starts to record. Errors: Unavailable (the file cannot be
// written, or a recording is in progress).
Result<void> start(Recording recording) {
  Recorder& to = recorder();
  const std::scoped_lock lock(to.mutex);
  if (to.is_recording) {
    return fail(ErrorCode::Unavailable, "trace: found a recording in progress, to " +
                                            to.recording.file.string() + "; wanted none");
  }
  auto made = TraceFile::create(recording.file);
  if (!made) return fail(made.error());
  if (auto empty = made->finish(); !empty) return empty;
  to.recording = std::move(recording);
  to.is_recording = true;
  ++to.serial;
  is_on.store(true, std::memory_order_relaxed);
  return {};
}

}  // namespace

void record(const char* name, Clock::time_point begin, Clock::time_point end, Value value) {
  if (this_thread == 0) this_thread = gettid();
  Recorder& to = recorder();
  const std::scoped_lock lock(to.mutex);
  if (!to.is_recording) return;  // The recording ended after the caller checked is_on.
  name_this_thread(to);
  add(to.recording, {name, value, begin, end, this_thread});
}

void record_run(std::string_view device, Clock::time_point begin, Clock::time_point end) {
  Recorder& to = recorder();
  const std::scoped_lock lock(to.mutex);
  if (!to.is_recording) return;
  auto& name = to.recording.device;
  name[device.copy(name.data(), name.size() - 1)] = '\0';
  add(to.recording, {"run", {}, begin, end, kDevice});
}

}  // namespace trace

Result<void> start_trace(const std::filesystem::path& file, std::size_t max_spans) {
  std::array<char, 48> what{};  // Not a string, whose memory would be allocated outside guarded().
  std::snprintf(what.data(), what.size(), "trace of %zu spans", max_spans);
  return guarded(what.data(), [&]() -> Result<void> {
    trace::Recording recording;
    recording.file = file;
    // reserve() reports a size beyond max_size() as an error of logic, not as a lack of memory.
    recording.events.reserve(std::clamp<std::size_t>(max_spans, 1, recording.events.max_size()));
    recording.threads.reserve(trace::kNamedThreads);
    return trace::start(std::move(recording));
  });
}

Result<void> stop_trace() {
  return guarded("trace", []() -> Result<void> {
    trace::Recording ended;
    {
      trace::Recorder& from = trace::recorder();
      const std::scoped_lock lock(from.mutex);
      if (!from.is_recording) return {};
      trace::is_on.store(false, std::memory_order_relaxed);
      from.is_recording = false;
      std::swap(ended, from.recording);
    }
    return trace::write(ended);
  });
}

}  // namespace npuwhisper

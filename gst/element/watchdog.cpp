// SPDX-License-Identifier: LGPL-2.1-or-later
#include "watchdog.h"

#include <npuwhisper/engine.h>

#include <algorithm>
#include <memory>

#include "gst/support/debug.h"
#include "gst/support/thread.h"

namespace npuwhisper {
namespace {

double seconds(Watchdog::Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Watchdog::Watchdog(GstElement* element, const EngineLoader& loader, const Latency& latency,
                   Counters& counters, const WatchedCall& decoding,
                   const std::array<const SourceTask*, 3>& pads)
    : element_(element),
      loader_(loader),
      latency_(latency),
      counters_(counters),
      decoding_(decoding),
      pads_(pads) {}

Result<void> Watchdog::start() {
  told_decoding_ = {};
  told_pushes_ = {};
  return start_thread(
      thread_, "watching", [this](const std::stop_token& stop) { run(stop); },
      [this](const Error& error) {
        GST_ERROR_OBJECT(element_, "the watchdog has failed: %s", error.message.c_str());
      });
}

void Watchdog::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::set_playing(bool playing) {
  const std::scoped_lock lock(mutex_);
  playing_since_ = playing ? std::optional(Clock::now()) : std::nullopt;
}

void Watchdog::run(const std::stop_token& stop) {
  const Clock::duration tick = std::min({limits_.device, limits_.decoding, limits_.push}) / 8;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    stopped_.wait_for(lock, stop, tick, [] { return false; });
    lock.unlock();
    check_decoding();
    for (std::size_t pad = 0; pad < pads_.size(); ++pad) check_push(pad);
    lock.lock();
  }
}

template <typename... Parts>
void Watchdog::tell(const char* format, Parts... parts) {
  counters_.stalls.fetch_add(1, std::memory_order_relaxed);
  gchar* text = g_strdup_printf(format, parts...);
  GST_ELEMENT_WARNING(element_, RESOURCE, BUSY, ("%s", text),
                      ("text is late until the call returns; see stalls in the property stats"));
  g_free(text);
}

void Watchdog::check_decoding() {
  const auto began = decoding_.began();
  if (!began || *began == told_decoding_) return;
  const Clock::duration time = Clock::now() - *began;
  const std::shared_ptr<Engine> engine = loader_.engine();
  const DeviceActivity activity = engine ? engine->device_activity() : DeviceActivity{};
  const bool device_is_late = activity.stage != nullptr && activity.time >= limits_.device;
  if (time < (device_is_late ? limits_.device : limits_.decoding * decoding_.n_parts())) return;
  told_decoding_ = *began;
  if (device_is_late) {
    tell("The device %s has not finished a run that began %.1f s ago: %s",
         engine->device().name.c_str(), seconds(activity.time), activity.stage);
  } else {
    tell("Audio that arrived %.1f s ago is still being transcribed", seconds(time));
  }
}

// Returns the limit for a push when live. A sink in sync may hold its data until the data is due,
// at most for upstream's latency plus longest_delay().
Watchdog::Clock::duration Watchdog::push_limit() const {
  return limits_.push + std::chrono::nanoseconds(latency_.upstream() + latency_.longest_delay());
}

void Watchdog::check_push(std::size_t pad) {
  const auto began = pads_[pad]->pushing().began();
  if (!began || *began == told_pushes_[pad] || !latency_.live()) return;
  const auto playing_since = [this] {
    const std::scoped_lock lock(mutex_);
    return playing_since_;
  }();
  if (!playing_since) return;
  const Clock::duration time = Clock::now() - std::max(*began, *playing_since);
  if (time < push_limit()) return;
  told_pushes_[pad] = *began;
  const PadPtr source = pads_[pad]->ref_pad();
  tell("Downstream of the pad %s has not accepted a buffer or event for %.1f s",
       source ? GST_PAD_NAME(source.get()) : "(none)", seconds(time));
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <mutex>

#include "engine_loader.h"
#include "gst/input/audio_allocator.h"
#include "gst/input/input_queue.h"
#include "gst/output/audio_output.h"
#include "gst/output/latency.h"
#include "gst/output/output_pad.h"
#include "gst/support/counters.h"
#include "gst/support/wait_cancellation.h"
#include "settings.h"
#include "watchdog.h"
#include "worker.h"

namespace npuwhisper {

/// The state of one element. GstNpuWhisper, which is a C struct, holds a pointer to this C++
/// object.
///
/// The threads and their work:
///   streaming thread of the sink pad   input and audio (producer), segment, lacks_segment,
///                                      format; the thread of a flush resets segment
///   worker                             input (consumer), transcriber, text and json (writer),
///                                      recognised text for audio
///   task of each source pad            text, json or audio (reader), pushes downstream
///   loader                             opens the engine, then ends
///   watchdog                           monitors the worker and the tasks
/// Locks, outermost first: STATE_LOCK, the sink pad's STREAM_LOCK, a source pad's STREAM_LOCK,
/// limit_mutex. The mutexes of settings, loader, worker, watchdog, input, text, json and audio are
/// leaves. No leaf is held while another leaf is taken, or while a pad, the bus or the runtime is
/// called. There are three exceptions: the queue takes the pool's locks under its mutex, a
/// SourceTask takes its pad's locks to pause or resume its task, and the worker calls the
/// transcriber's stats() and cancel(). request_pads_mutex is held while the element's pads are
/// searched by name.
struct ElementState {
  explicit ElementState(GstElement* element)
      : allocator(make_audio_allocator()),
        chunk_allocator(make_audio_allocator()),
        input(chunk_allocator.get(), counters),
        loader(element),
        text(element, OutputPad::Content::Text, latency, counters),
        json(element, OutputPad::Content::Json, latency, counters),
        audio(element, latency, counters),
        worker(element, settings, loader, allocator.get(), input, {text, json, audio}, latency),
        watchdog(element, loader, latency, counters, worker.decoding(), {&text, &json, &audio}) {}

  SharedSettings settings;
  Counters counters;
  Latency latency;
  AllocatorPtr allocator;        ///< Allocator offered to upstream. May hold a ring.
  AllocatorPtr chunk_allocator;  ///< Allocates the input queue's chunks, which hold copied audio.
  InputQueue input;
  EngineLoader loader;
  OutputPad text;
  OutputPad json;
  AudioOutput audio;
  Worker worker;
  Watchdog watchdog;

  GstPad* sink_pad = nullptr;  ///< Owned by the element, as are the other pads.
  GstPad* src_pad = nullptr;
  std::mutex request_pads_mutex;       ///< Guards unsynced_src_pad and audio_src_pad.
  GstPad* unsynced_src_pad = nullptr;  ///< nullptr before a request and after the release.
  GstPad* audio_src_pad = nullptr;     ///< nullptr before a request and after the release.
  std::atomic<guint32> last_seek{GST_SEQNUM_INVALID};
  std::atomic<guint> max_delay_ms{0};
  std::mutex limit_mutex;  ///< Keeps the input's limit and the latency consistent across threads.

  /// True if a WARNING about lost events has been posted since the element was started.
  std::atomic<bool> lost_events_told{false};

  /// Ends the streaming thread's wait for the engine on a stop or a flush.
  WaitCancellation waits;

  // Accessed while the sink pad's STREAM_LOCK is held, or by state changes before data flows.
  GstSegment segment{};
  bool lacks_segment = false;  // True if no SEGMENT has arrived since the stream began.
  SampleFormat format = SampleFormat::F32;
};

}  // namespace npuwhisper

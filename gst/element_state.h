// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "audio_allocator.h"
#include "counters.h"
#include "engine_loader.h"
#include "input_queue.h"
#include "latency.h"
#include "output_pad.h"
#include "patience.h"
#include "settings.h"
#include "worker.h"

namespace npuwhisper {

/// Everything behind one element: what the C struct would hold if it were C++.
///
/// Threads and what they do:
///   streaming thread of the sink pad   input (producer), segment, format
///   worker                             input (consumer), transcriber, text and json (writer)
///   task of each source pad            text or json (reader), pushes downstream
///   loader                             opens the engine, then ends
/// Locks, outermost first: STATE_LOCK, the sink pad's STREAM_LOCK, a source pad's STREAM_LOCK. The
/// mutexes of settings, loader, worker, input, text and json are leaves: none is held while another
/// of them is taken, nor while a pad, the bus or the runtime is called (the queue's takes the
/// pool's locks).
struct ElementState {
  explicit ElementState(GstElement* element)
      : allocator(make_audio_allocator()),
        chunk_allocator(make_audio_allocator()),
        input(chunk_allocator.get(), counters),
        loader(element),
        text(element, OutputPad::Content::Text, latency, counters),
        json(element, OutputPad::Content::Json, latency, counters),
        worker(element, settings, loader, allocator.get(), input, text, json, latency) {}

  SharedSettings settings;
  Counters counters;
  Latency latency;
  AllocatorPtr allocator;        ///< Offered upstream; has the ring, where there is one.
  AllocatorPtr chunk_allocator;  ///< For what arrives in other memory.
  InputQueue input;
  EngineLoader loader;
  OutputPad text;
  OutputPad json;
  Worker worker;

  GstPad* sink_pad = nullptr;  ///< Owned by the element, as are the next two.
  GstPad* src_pad = nullptr;
  GstPad* unsynced_src_pad = nullptr;  ///< nullptr until requested. Guarded by the object lock.
  std::atomic<guint32> last_seek{GST_SEQNUM_INVALID};
  std::atomic<guint> max_delay_ms{0};

  Patience patience;  ///< Of the streaming thread with the engine.

  // Of the streaming thread alone.
  GstSegment segment{};
  SampleFormat format = SampleFormat::F32;
};

}  // namespace npuwhisper

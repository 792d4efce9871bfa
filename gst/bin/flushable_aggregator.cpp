// SPDX-License-Identifier: LGPL-2.1-or-later
#include "flushable_aggregator.h"

#include <gst/base/gstaggregator.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include "gst/support/callback.h"

namespace npuwhisper {
namespace {

// Makes flushes wait while the source pad's thread uses segments, and makes that thread wait while
// a flush resets a segment.
class SegmentUse {
 public:
  /// Waits until no reset is in progress, then begins a use of segments. Called only by the source
  /// pad's thread.
  void begin() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return n_resets_ == 0; });
    in_use_ = true;
  }
  /// Ends the use of segments. Does nothing if no use has begun.
  void end() {
    {
      const std::scoped_lock lock(mutex_);
      in_use_ = false;
    }
    changed_.notify_all();
  }
  /// Waits until no use of segments is in progress, then begins a reset.
  void begin_reset() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !in_use_; });
    ++n_resets_;
  }
  void end_reset() {
    {
      const std::scoped_lock lock(mutex_);
      --n_resets_;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;  // No other lock is taken while it is held.
  std::condition_variable changed_;
  bool in_use_ = false;
  int n_resets_ = 0;
};

template <auto kBegin, auto kEnd>
class Scope {
 public:
  explicit Scope(SegmentUse& use) : use_(use) { (use_.*kBegin)(); }
  ~Scope() { (use_.*kEnd)(); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  SegmentUse& use_;
};
using UsesSegments = Scope<&SegmentUse::begin, &SegmentUse::end>;
using ResetsSegment = Scope<&SegmentUse::begin_reset, &SegmentUse::end_reset>;

SegmentUse& segment_use(gpointer element, gpointer type_class) {
  const gint offset = g_type_class_get_instance_private_offset(type_class);
  return G_STRUCT_MEMBER(SegmentUse, element, offset);
}

SegmentUse& segment_use(GstAggregator* element) {
  return segment_use(element, G_OBJECT_GET_CLASS(element));
}

GstAggregatorClass* parent_class(GstAggregator* element) {
  return GST_AGGREGATOR_CLASS(g_type_class_peek_parent(G_OBJECT_GET_CLASS(element)));
}

GstFlowReturn aggregate(GstAggregator* element, gboolean timeout) {
  const UsesSegments use(segment_use(element));
  return parent_class(element)->aggregate(element, timeout);
}

// aggregate() calls this function to push `buffer`, and uses no segment after that. The use of
// segments ends here and not when aggregate() returns: before returning, cccombiner may also push
// caps, and this push can block on downstream.
GstFlowReturn finish_buffer(GstAggregator* element, GstBuffer* buffer) {
  segment_use(element).end();
  return parent_class(element)->finish_buffer(element, buffer);
}

gboolean sink_event(GstAggregator* element, GstAggregatorPad* pad, GstEvent* event) {
  const auto pass = [&] { return parent_class(element)->sink_event(element, pad, event); };
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_STOP: {
      const ResetsSegment reset(segment_use(element));
      return pass();
    }
    case GST_EVENT_GAP: {  // The source pad's thread calls this function for a GAP.
      const UsesSegments use(segment_use(element));
      if (pad->segment.format == GST_FORMAT_TIME) return pass();
      gst_event_unref(event);
      return TRUE;
    }
    default:
      return pass();
  }
}

void finalize(GObject* object) {
  const gpointer type_class = G_OBJECT_GET_CLASS(object);
  std::destroy_at(&segment_use(object, type_class));
  G_OBJECT_CLASS(g_type_class_peek_parent(type_class))->finalize(object);
}

void init_class(gpointer type_class, gpointer) {
  gint offset = sizeof(SegmentUse);
  g_type_class_adjust_private_offset(type_class, &offset);
  G_OBJECT_CLASS(type_class)->finalize = finalize;
  GstAggregatorClass* aggregator = GST_AGGREGATOR_CLASS(type_class);
  aggregator->aggregate = ElementCallback<aggregate>::call<GST_FLOW_ERROR>;
  aggregator->finish_buffer = ElementCallback<finish_buffer>::call<GST_FLOW_ERROR>;
  aggregator->sink_event = ElementCallback<sink_event>::call<FALSE>;
}

void init_instance(GTypeInstance* instance, gpointer type_class) {
  new (&segment_use(instance, type_class)) SegmentUse;
}

}  // namespace

GType flushable_aggregator(GType aggregator) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  const std::string name = std::string("NpuwhisperFlushable") + g_type_name(aggregator);
  if (const GType known = g_type_from_name(name.c_str()); known != G_TYPE_INVALID) return known;
  GTypeQuery sizes{};
  g_type_query(aggregator, &sizes);
  g_return_val_if_fail(sizes.type == aggregator, G_TYPE_INVALID);
  const GTypeInfo info = {.class_size = static_cast<guint16>(sizes.class_size),
                          .base_init = nullptr,
                          .base_finalize = nullptr,
                          .class_init = init_class,
                          .class_finalize = nullptr,
                          .class_data = nullptr,
                          .instance_size = static_cast<guint16>(sizes.instance_size),
                          .n_preallocs = 0,
                          .instance_init = init_instance,
                          .value_table = nullptr};
  const GType type = g_type_register_static(aggregator, name.c_str(), &info, GTypeFlags{});
  g_type_add_instance_private(type, sizeof(SegmentUse));
  return type;
}

}  // namespace npuwhisper

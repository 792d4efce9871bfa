// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>

namespace npuwhisper {

/// Deleter that releases a reference to a mini object.
struct MiniObjectUnref {
  void operator()(void* object) const { gst_mini_object_unref(GST_MINI_OBJECT_CAST(object)); }
};
/// Deleter that releases a reference to a GstObject.
struct ObjectUnref {
  void operator()(void* object) const { gst_object_unref(object); }
};

/// Smart pointers that own one reference each.
using BufferPtr = std::unique_ptr<GstBuffer, MiniObjectUnref>;
using CapsPtr = std::unique_ptr<GstCaps, MiniObjectUnref>;
using EventPtr = std::unique_ptr<GstEvent, MiniObjectUnref>;
using QueryPtr = std::unique_ptr<GstQuery, MiniObjectUnref>;
using TagListPtr = std::unique_ptr<GstTagList, MiniObjectUnref>;
using PadPtr = std::unique_ptr<GstPad, ObjectUnref>;
using BufferPoolPtr = std::unique_ptr<GstBufferPool, ObjectUnref>;
using AllocatorPtr = std::unique_ptr<GstAllocator, ObjectUnref>;

inline EventPtr share(const EventPtr& event) {
  return EventPtr(gst_event_ref(event.get()));
}

}  // namespace npuwhisper

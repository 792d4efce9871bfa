// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live_objects.h"

#include <gst/gst.h>

#include <cstdlib>
#include <functional>
#include <memory>

namespace npuwhisper::stress {
namespace {

GstTracer* leaks_tracer() {
  GstTracer* found = nullptr;
  GList* tracers = gst_tracing_get_active_tracers();
  for (GList* entry = tracers; entry != nullptr; entry = entry->next) {
    if (g_strcmp0(G_OBJECT_TYPE_NAME(entry->data), "GstLeaksTracer") == 0) {
      found = GST_TRACER(gst_object_ref(entry->data));
    }
  }
  g_list_free_full(tracers, gst_object_unref);
  return found;
}

std::string type_name(const GValue* object) {
  if (G_VALUE_HOLDS_OBJECT(object)) return G_OBJECT_TYPE_NAME(g_value_get_object(object));
  return G_VALUE_TYPE_NAME(object);
}

// Takes the reference that the tracer's list may lack. Freeing the list releases one reference to
// each object, although building the list may not have taken one. `n_refs` is the object's
// reference count before the list was built. If the count has not changed since, the list has no
// reference, and this function takes one so that objects in use survive.
void keep_alive(const GValue* object, guint n_refs) {
  gpointer pointer = g_value_peek_pointer(object);
  if (G_VALUE_HOLDS_OBJECT(object)) {
    if (GST_OBJECT_REFCOUNT_VALUE(pointer) == static_cast<gint>(n_refs)) g_object_ref(pointer);
  } else if (GST_MINI_OBJECT_REFCOUNT_VALUE(pointer) == static_cast<gint>(n_refs)) {
    gst_mini_object_ref(GST_MINI_OBJECT_CAST(pointer));
  }
}

using Visit = std::function<void(const std::string& type, const GValue* object, guint n_refs)>;

void visit_live_objects(const Visit& visit) {
  GstTracer* tracer = leaks_tracer();
  if (tracer == nullptr) {
    g_printerr("stress: the tracer 'leaks' is not active\n");
    std::abort();
  }
  GstStructure* info = nullptr;
  g_signal_emit_by_name(tracer, "get-live-objects", &info);
  gst_object_unref(tracer);
  const GValue* list = gst_structure_get_value(info, "live-objects-list");
  for (guint i = 0; i < gst_value_list_get_size(list); ++i) {
    const GstStructure* entry = gst_value_get_structure(gst_value_list_get_value(list, i));
    const GValue* object = gst_structure_get_value(entry, "object");
    guint n_refs = 0;
    gst_structure_get_uint(entry, "ref-count", &n_refs);
    visit(type_name(object), object, n_refs);
    keep_alive(object, n_refs);
  }
  gst_structure_free(info);
}

}  // namespace

LiveObjects count_live_objects() {
  LiveObjects counts;
  visit_live_objects([&](const std::string& type, const GValue*, guint) { ++counts[type]; });
  return counts;
}

std::string describe_more_live_objects(const LiveObjects& before) {
  const LiveObjects now = count_live_objects();
  std::string lines;
  visit_live_objects([&](const std::string& type, const GValue* object, guint n_refs) {
    const auto known = before.find(type);
    const auto count = now.find(type);
    if (count == now.end() || (known != before.end() && count->second <= known->second)) return;
    const std::unique_ptr<char, decltype(&g_free)> text(
        gst_info_strdup_printf("%" GST_PTR_FORMAT, g_value_peek_pointer(object)), g_free);
    lines += "  " + type + " with " + std::to_string(n_refs) + " references: " + text.get() + "\n";
  });
  return lines;
}

}  // namespace npuwhisper::stress

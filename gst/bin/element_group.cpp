// SPDX-License-Identifier: LGPL-2.1-or-later
#include "element_group.h"

#include <algorithm>

namespace npuwhisper {

ElementGroup::~ElementGroup() {
  for (GstElement* element : elements_) {
    gst_element_set_locked_state(element, TRUE);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_bin_remove(bin_, element);
  }
}

GstElement* ElementGroup::add(const char* factory, const char* name) {
  GstElement* element = gst_element_factory_make(factory, name);
  if (element == nullptr) {
    missing_.emplace_back(factory);
    return nullptr;
  }
  return keep(element);
}

GstElement* ElementGroup::add(GType type, const char* name) {
  return keep(GST_ELEMENT(g_object_new(type, "name", name, nullptr)));
}

GstElement* ElementGroup::keep(GstElement* element) {
  gst_bin_add(bin_, element);
  elements_.push_back(element);
  return element;
}

void ElementGroup::link(std::initializer_list<GstElement*> elements) {
  if (std::find(elements.begin(), elements.end(), nullptr) != elements.end()) return;
  for (auto it = elements.begin(); it + 1 != elements.end(); ++it) {
    const gboolean linked = gst_element_link_pads(*it, "src", *(it + 1), "sink");
    g_return_if_fail(linked);
  }
}

}  // namespace npuwhisper

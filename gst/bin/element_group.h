// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <string>
#include <vector>

namespace npuwhisper {

/// Elements that live in a bin together and leave it together. A factory that is not installed is
/// remembered rather than an error at once, so that a bin can be made, and inspected, without it.
/// Reentrant; while the bin is in NULL or READY, but for the destructor in a bin that is disposed.
class ElementGroup {
 public:
  explicit ElementGroup(GstBin* bin) : bin_(bin) {}
  ~ElementGroup();
  ElementGroup(const ElementGroup&) = delete;
  ElementGroup& operator=(const ElementGroup&) = delete;

  /// Adds a new element; nullptr if there is no such factory. Owned by the bin.
  GstElement* add(const char* factory, const char* name);
  /// Adds an element of this plugin, which needs no factory.
  GstElement* add(GType type, const char* name);
  /// Links the static pads of elements of the group, one to the next. nullptr: does nothing.
  static void link(std::initializer_list<GstElement*> elements);

  /// Factories that add() did not find.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  GstElement* keep(GstElement* element);

  GstBin* bin_;
  std::vector<GstElement*> elements_;
  std::vector<std::string> missing_;
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <string>
#include <vector>

namespace npuwhisper {

/// A group of elements of a bin. The destructor removes the elements from the bin. Factories that
/// are not installed are recorded in missing() instead of reported, so that a bin can be created
/// and inspected without these factories. Reentrant. When the destructor runs, the bin must be in
/// NULL or READY, or its disposal must be in progress.
class ElementGroup {
 public:
  explicit ElementGroup(GstBin* bin) : bin_(bin) {}
  ~ElementGroup();
  ElementGroup(const ElementGroup&) = delete;
  ElementGroup& operator=(const ElementGroup&) = delete;

  /// Adds a new element, which the bin owns. Returns nullptr if the factory is not installed.
  GstElement* add(const char* factory, const char* name);
  /// Adds a new element of a type that this plugin defines. Needs no factory and never returns
  /// nullptr.
  GstElement* add(GType type, const char* name);
  /// Links the pad "src" of each element to the pad "sink" of the next element. Does nothing if any
  /// element is nullptr.
  static void link(std::initializer_list<GstElement*> elements);

  /// Returns the names of the factories that add() did not find.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  GstElement* keep(GstElement* element);

  GstBin* bin_;
  std::vector<GstElement*> elements_;
  std::vector<std::string> missing_;
};

}  // namespace npuwhisper

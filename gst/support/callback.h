// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/guarded.h>

#include <type_traits>

#include "gsterror.h"

namespace npuwhisper {

/// Calls `body` and returns its Value. Keeps exceptions out of the C code that calls the callbacks
/// of `element`: after an exception, posts an ERROR of the element and returns `otherwise`.
/// Thread-safe.
template <typename Value, typename Body>
Value call_guarded(GstElement* element, Value otherwise, Body&& body) noexcept {
  const auto result = guarded("element", [&]() -> Result<Value> { return body(); });
  if (result) return *result;
  post_error(element, result.error());
  return otherwise;
}

/// Wraps the pad callback `kFunction` (chain, event, query) so that C may call it. The first
/// arguments of `kFunction` are the pad and the element to which the pad has been added. Pass
/// `call<kOtherwise>` to GStreamer. After an exception, `call<kOtherwise>` returns `kOtherwise`.
template <auto kFunction>
struct PadCallback;

template <typename Value, typename... Arguments,
          Value (*kFunction)(GstPad*, GstObject*, Arguments...)>
struct PadCallback<kFunction> {
  template <Value kOtherwise>
  static Value call(GstPad* pad, GstObject* parent, Arguments... arguments) noexcept {
    return call_guarded(GST_ELEMENT(parent), kOtherwise,
                        [&] { return kFunction(pad, parent, arguments...); });
  }
};

/// Wraps the virtual function `kFunction` of an element's class (GObject or GstElement) so that C
/// may call it. Assign `call<kOtherwise>` to the class, or `call_void` if the function returns
/// nothing. After an exception, `call<kOtherwise>` returns `kOtherwise`.
template <auto kFunction>
struct ElementCallback;

template <typename Value, typename Self, typename... Arguments,
          Value (*kFunction)(Self*, Arguments...)>
requires(!std::is_void_v<Value>) struct ElementCallback<kFunction> {
  template <Value kOtherwise>
  static Value call(Self* self, Arguments... arguments) noexcept {
    return call_guarded(GST_ELEMENT(self), kOtherwise,
                        [&] { return kFunction(self, arguments...); });
  }
};

template <typename Self, typename... Arguments, void (*kFunction)(Self*, Arguments...)>
struct ElementCallback<kFunction> {
  static void call_void(Self* self, Arguments... arguments) noexcept {
    call_guarded(GST_ELEMENT(self), true, [&] {
      kFunction(self, arguments...);
      return true;
    });
  }
};

/// The type of a probe on all events that travel downstream. Flush events have a probe type of
/// their own, but GStreamer 1.22 treats a FLUSH_STOP that is sent to a sink pad as an ordinary
/// event.
inline constexpr auto kDownstreamEvents = static_cast<GstPadProbeType>(
    GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH);

/// Wraps the pad probe `kFunction` so that C may call it. After an exception, posts an ERROR of the
/// pad's element and lets the data pass the probe. Therefore, `kFunction` must not throw after it
/// has taken ownership of the data.
template <GstPadProbeReturn (*kFunction)(GstPad*, GstPadProbeInfo*, gpointer)>
GstPadProbeReturn probe(GstPad* pad, GstPadProbeInfo* info, gpointer data) noexcept {
  const auto result =
      guarded("pad", [&]() -> Result<GstPadProbeReturn> { return kFunction(pad, info, data); });
  if (result) return *result;
  if (GstElement* element = gst_pad_get_parent_element(pad)) {
    post_error(element, result.error());
    gst_object_unref(element);
  }
  return GST_PAD_PROBE_OK;
}

}  // namespace npuwhisper

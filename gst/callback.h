// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/guarded.h>

#include <type_traits>

#include "gsterror.h"

namespace npuwhisper {

/// Calls `body`, which returns a Value, for a callback of `element`, which C calls. An exception
/// becomes an ERROR of the element, and the callback returns `otherwise`. Thread-safe.
template <typename Value, typename Body>
Value call_guarded(GstElement* element, Value otherwise, Body&& body) noexcept {
  const auto result = guarded("element", [&]() -> Result<Value> { return body(); });
  if (result) return *result;
  post_error(element, result.error());
  return otherwise;
}

/// The callback `kFunction` of a pad (chain, event, query) as C may call it. Its first arguments
/// are the pad and the element, to which the pad must have been added; `call<kOtherwise>` is what
/// GStreamer is given.
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

/// The virtual function `kFunction` of an element's class as C may call it, of GObject or of
/// GstElement; likewise. Those that return nothing are called by `call_void`.
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

/// What a probe asks for to get all events that go downstream. Flushes have a type of their own,
/// but a FLUSH_STOP that is sent to a sink pad counts as any other event (GStreamer 1.22).
inline constexpr auto kDownstreamEvents = static_cast<GstPadProbeType>(
    GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH);

/// The pad probe `kFunction` as C may call it. An exception becomes an ERROR of the element that
/// the pad belongs to, and the data passes: `kFunction` must not have taken it by then.
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

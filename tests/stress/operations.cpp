// SPDX-License-Identifier: LGPL-2.1-or-later
#include "operations.h"

#include <gst/app/gstappsrc.h>

#include <array>
#include <chrono>
#include <mutex>
#include <utility>

#include "data.h"
#include "property_values.h"

namespace npuwhisper::stress {
namespace {

using std::chrono::microseconds;

GstPad* some_pad(const Unit& unit, Dice& dice) {
  const Link& link = dice.pick(unit.links());
  return dice.chance(0.5) ? link.source : link.sink;
}

GstClockTime some_time(Dice& dice) {
  return static_cast<GstClockTime>(dice.number(0, 20'000)) * GST_MSECOND;
}

void set_state(Unit& unit, Dice& dice) {
  const std::scoped_lock lock(unit.control_mutex());
  const auto state = static_cast<GstState>(dice.number(GST_STATE_NULL, GST_STATE_PLAYING));
  gst_element_set_state(unit.pipeline(), state);
  if (dice.chance(0.3)) dice.rest(microseconds(20'000));
}

// Sets the pipeline to PLAYING. Like most applications, waits for that state, but at most 20 ms.
// Then waits for a random time in which data can flow.
void play(Unit& unit, Dice& dice) {
  const std::scoped_lock lock(unit.control_mutex());
  gst_element_set_state(unit.pipeline(), GST_STATE_PLAYING);
  gst_element_get_state(unit.pipeline(), nullptr, nullptr, 20 * GST_MSECOND);
  dice.rest(microseconds(30'000));
}

// Restarts the subject as transcriberbin does. Sets the pipeline to PLAYING first, because an
// element cannot stop while the sink after it waits.
void cycle_subject(Unit& unit, Dice& dice) {
  const std::scoped_lock lock(unit.control_mutex());
  gst_element_set_state(unit.pipeline(), GST_STATE_PLAYING);
  gst_element_set_locked_state(unit.subject(), TRUE);
  gst_element_set_state(unit.subject(), dice.chance(0.5) ? GST_STATE_NULL : GST_STATE_READY);
  gst_element_set_locked_state(unit.subject(), FALSE);
  gst_element_sync_state_with_parent(unit.subject());
}

bool never_waits(const Unit& unit) {
  return !unit.sinks_wait();
}

void flushing_seek(Unit& unit, Dice& dice) {
  const std::scoped_lock lock(unit.control_mutex());
  static constexpr std::array kExtra = {GST_SEEK_FLAG_NONE, GST_SEEK_FLAG_ACCURATE,
                                        GST_SEEK_FLAG_TRICKMODE, GST_SEEK_FLAG_SEGMENT};
  const auto flags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | dice.pick(kExtra));
  const double rate = dice.chance(0.8) ? 1.0 : dice.between(0.5, 2.0);
  // Clears the stop position, because a segment from some_downstream_event() may stop before the
  // new start.
  gst_element_seek(unit.pipeline(), rate, GST_FORMAT_TIME, flags, GST_SEEK_TYPE_SET,
                   static_cast<gint64>(some_time(dice)), GST_SEEK_TYPE_SET, -1);
}

void change_property(Unit& unit, Dice& dice) {
  set_random_property(unit.subject(), dice);
}

void read_properties(Unit& unit, Dice&) {
  read_all_properties(unit.subject());
}

void ask(Unit& unit, Dice& dice) {
  GstQuery* query = some_query(dice);
  if (dice.chance(0.3)) {
    gst_element_query(unit.pipeline(), query);
  } else {
    gst_pad_query(some_pad(unit, dice), query);
  }
  gst_query_unref(query);
}

// Returns true for an output link of the subject. While such a link is unlinked, a flush does not
// reach the sink. A thread that waits in that sink for preroll then keeps waiting, and the flush
// waits for the thread.
bool must_not_meet_flushes(const Unit& unit, const Link& link) {
  return GST_OBJECT_PARENT(link.source) == GST_OBJECT(unit.subject());
}

void relink(Unit& unit, Dice& dice) {
  const Link& link = dice.pick(unit.links());
  std::unique_lock lock(unit.control_mutex(), std::defer_lock);
  if (must_not_meet_flushes(unit, link)) lock.lock();
  gst_pad_unlink(link.source, link.sink);
  if (dice.chance(0.5)) dice.rest(microseconds(2'000));
  gst_pad_link(link.source, link.sink);
}

struct LaterRelink {
  const Unit& unit;
  const Link link;
};

GstPadProbeReturn relink_idle(GstPad*, GstPadProbeInfo*, gpointer data) {
  const auto* later = static_cast<const LaterRelink*>(data);
  if (later->unit.is_over()) return GST_PAD_PROBE_REMOVE;
  gst_pad_unlink(later->link.source, later->link.sink);
  gst_pad_link(later->link.source, later->link.sink);
  return GST_PAD_PROBE_REMOVE;
}

// Relinks a link when its pad is idle, like applications that must not lose data.
void relink_when_idle(Unit& unit, Dice& dice) {
  const Link& link = dice.pick(unit.links());
  gst_pad_add_probe(link.source, GST_PAD_PROBE_TYPE_IDLE, relink_idle, new LaterRelink{unit, link},
                    [](gpointer data) { delete static_cast<LaterRelink*>(data); });
}

// Requests the pad. Returns nullptr if the pad already exists, because GStreamer allows no second
// request.
GstPad* request_pad(Unit& unit, const char* name) {
  const std::scoped_lock lock(unit.requests_mutex());
  if (GstPad* known = gst_element_get_static_pad(unit.subject(), name)) {
    gst_object_unref(known);
    return nullptr;
  }
  return gst_element_request_pad_simple(unit.subject(), name);
}

void add_branch(Unit& unit, Dice& dice) {
  GstPad* pad = request_pad(unit, dice.chance(0.5) ? "unsynced_src" : "audio_src");
  if (pad == nullptr) return;
  const std::scoped_lock lock(unit.control_mutex());
  GstElement* sink = gst_element_factory_make("fakesink", nullptr);
  g_object_set(sink, "async", unit.sinks_wait() && dice.chance(0.5), nullptr);
  gst_object_ref_sink(sink);
  gst_bin_add(GST_BIN(unit.pipeline()), sink);
  GstPad* sink_pad = gst_element_get_static_pad(sink, "sink");
  gst_pad_link(pad, sink_pad);
  gst_object_unref(sink_pad);
  gst_element_sync_state_with_parent(sink);
  unit.keep({pad, sink});
}

// Removes a branch. Takes the control mutex, because GStreamer's sinks cannot be flushed and
// stopped at the same time. A flush holds the sink's stream lock and takes its state lock to report
// the latency. A stop takes these locks in the opposite order.
void remove_branch(Unit& unit, Dice& dice) {
  const std::scoped_lock lock(unit.control_mutex());
  const Branch branch = unit.take_branch(dice);
  if (branch.pad != nullptr) unit.remove(branch);
}

void send_upstream(Unit& unit, Dice& dice) {
  const Link& link = dice.pick(unit.links());
  gst_pad_send_event(link.source, some_upstream_event(dice));
}

void recalculate_latency(Unit& unit, Dice&) {
  gst_bin_recalculate_latency(GST_BIN(unit.pipeline()));
}

bool has_request_pads(const Unit& unit) {
  return unit.kind() == Subject::Element;
}

bool is_fed(const Unit& unit) {
  return GST_IS_APP_SRC(unit.sources().front());
}

void feed_source(Unit& unit, Dice& dice) {
  const auto duration = static_cast<GstClockTime>(dice.number(0, 500)) * GST_MSECOND;
  feed(unit.sources().front(), unit.kind() == Subject::TextToCea608, unit.advance(duration),
       duration, dice);
}

// An event or query sent downstream in the streaming thread, before the next buffer.
struct InOrder {
  const Unit& unit;
  GstEvent* event = nullptr;
  GstQuery* query = nullptr;
};

GstPadProbeReturn send_in_order(GstPad* pad, GstPadProbeInfo*, gpointer data) {
  auto* what = static_cast<InOrder*>(data);
  if (what->unit.is_over()) return GST_PAD_PROBE_REMOVE;
  if (what->event != nullptr) gst_pad_push_event(pad, std::exchange(what->event, nullptr));
  if (what->query != nullptr) gst_pad_peer_query(pad, what->query);
  return GST_PAD_PROBE_REMOVE;
}

void forget_in_order(gpointer data) {
  auto* what = static_cast<InOrder*>(data);
  if (what->event != nullptr) gst_event_unref(what->event);
  if (what->query != nullptr) gst_query_unref(what->query);
  delete what;
}

void add_in_order(const Link& link, InOrder what) {
  gst_pad_add_probe(link.source, GST_PAD_PROBE_TYPE_BUFFER, send_in_order, new InOrder{what},
                    forget_in_order);
}

void send_downstream(Unit& unit, Dice& dice) {
  add_in_order(dice.pick(unit.inputs()), {.unit = unit, .event = some_downstream_event(dice)});
}

void ask_in_order(Unit& unit, Dice& dice) {
  add_in_order(dice.pick(unit.inputs()), {.unit = unit, .query = some_serialized_query(dice)});
}

void end_stream(Unit& unit, Dice& dice) {
  add_in_order(dice.pick(unit.inputs()), {.unit = unit, .event = gst_event_new_eos()});
}

void send_from_source(Unit& unit, Dice& dice) {
  gst_element_send_event(dice.pick(unit.sources()), some_downstream_event(dice));
}

// Flushes one input. Like upstream elements, sends the segment again after the flush.
void flush(Unit& unit, Dice& dice) {
  const std::scoped_lock lock(unit.control_mutex());
  const Link& link = dice.pick(unit.inputs());
  GstEvent* segment = gst_pad_get_sticky_event(link.source, GST_EVENT_SEGMENT, 0);
  if (segment == nullptr) return;
  // Copies the event, because a pad does not send one event object twice.
  add_in_order(link, {.unit = unit, .event = gst_event_copy(segment)});
  gst_event_unref(segment);
  gst_pad_send_event(link.sink, gst_event_new_flush_start());
  dice.rest(microseconds(2'000));
  gst_pad_send_event(link.sink, gst_event_new_flush_stop(dice.chance(0.8)));
}

constexpr OperationKind kOperations[] = {
    {"set state", 3, set_state},
    {"play", 3, play},
    {"cycle subject", 1, cycle_subject, never_waits},
    {"flushing seek", 2, flushing_seek},
    {"change property", 5, change_property},
    {"read properties", 1, read_properties},
    {"query", 4, ask},
    {"relink", 1, relink},
    {"relink when idle", 2, relink_when_idle},
    {"add branch", 2, add_branch, has_request_pads},
    {"remove branch", 2, remove_branch, has_request_pads},
    {"send upstream", 3, send_upstream},
    {"send downstream", 6, send_downstream},
    {"send from source", 3, send_from_source},
    {"serialized query", 2, ask_in_order},
    {"flush", 1, flush},
    {"end stream", 0.5, end_stream},
    {"recalculate latency", 1, recalculate_latency},
    {"feed", 12, feed_source, is_fed},
};

}  // namespace

const OperationKind& pick_operation(const Unit& unit, Dice& dice) {
  const auto weight = [&unit](const OperationKind& kind) {
    return kind.applies == nullptr || kind.applies(unit) ? kind.weight : 0;
  };
  double all = 0;
  for (const OperationKind& kind : kOperations) all += weight(kind);
  double left = dice.between(0, all);
  for (const OperationKind& kind : kOperations) {
    if (left < weight(kind)) return kind;
    left -= weight(kind);
  }
  return kOperations[0];
}

}  // namespace npuwhisper::stress

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "element_neighbours.h"

namespace npuwhisper::fuzz {
namespace {

// Pads of real elements have templates. If a pad has no template, gst_pad_query_default() reads the
// pad's caps without a reference, while another thread may replace them.
GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate source_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

}  // namespace

Neighbours::Neighbours(GstElement* element, bool is_live)
    : element_(element),
      upstream_(gst_pad_new_from_static_template(&source_template, "upstream")),
      sink_(gst_element_get_static_pad(element, "sink")),
      is_live_(is_live) {
  gst_object_ref_sink(upstream_);
  gst_pad_set_element_private(upstream_, this);
  gst_pad_set_query_function(upstream_, answer_query);
  gst_pad_set_active(upstream_, TRUE);
  gst_pad_link_full(upstream_, sink_, GST_PAD_LINK_CHECK_NOTHING);
  for (Output& output : outputs_) {
    output.to = gst_pad_new_from_static_template(&sink_template, nullptr);
    gst_object_ref_sink(output.to);
    gst_pad_set_element_private(output.to, this);
    gst_pad_set_chain_function(output.to, chain);
    gst_pad_set_active(output.to, TRUE);
  }
  outputs_[0].from = gst_element_get_static_pad(element, "src");
  gst_pad_link_full(outputs_[0].from, outputs_[0].to, GST_PAD_LINK_CHECK_NOTHING);
}

Neighbours::~Neighbours() {
  for (Output& output : outputs_) {
    if (output.from != nullptr) release(output);
    gst_pad_set_active(output.to, FALSE);
    gst_object_unref(output.to);
  }
  gst_pad_set_active(upstream_, FALSE);
  gst_pad_unlink(upstream_, sink_);
  gst_object_unref(sink_);
  gst_object_unref(upstream_);
}

GstPad* Neighbours::downstream(Decisions& input) const {
  return outputs_[static_cast<std::size_t>(input.choice(3))].to;
}

GstPad* Neighbours::any_pad(Decisions& input) const {
  const Output& output = outputs_[static_cast<std::size_t>(input.choice(3))];
  switch (input.choice(4)) {
    case 0:
      return sink_;
    case 1:
      return upstream_;
    case 2:
      return output.to;
    default:
      return output.from != nullptr ? output.from : sink_;
  }
}

void Neighbours::request_or_release(Decisions& input) {
  const auto i = static_cast<std::size_t>(input.between(1, 2));
  Output& output = outputs_[i];
  if (output.from != nullptr) return release(output);
  output.from = gst_element_request_pad_simple(element_, kNames[i]);
  if (output.from != nullptr) {
    gst_pad_link_full(output.from, output.to, GST_PAD_LINK_CHECK_NOTHING);
  }
}

void Neighbours::release(Output& output) {
  gst_pad_unlink(output.from, output.to);
  if (&output != &outputs_[0]) gst_element_release_request_pad(element_, output.from);
  gst_object_unref(output.from);
  output.from = nullptr;
}

void Neighbours::link_or_unlink(Decisions& input) {
  Output& output = outputs_[static_cast<std::size_t>(input.choice(3))];
  if (output.from == nullptr) return;
  if (gst_pad_is_linked(output.from)) {
    gst_pad_unlink(output.from, output.to);
  } else {
    gst_pad_link_full(output.from, output.to, GST_PAD_LINK_CHECK_NOTHING);
  }
}

void Neighbours::answer_with(Decisions& input) {
  constexpr std::array kAnswers = {GST_FLOW_OK,       GST_FLOW_OK,    GST_FLOW_EOS,
                                   GST_FLOW_FLUSHING, GST_FLOW_ERROR, GST_FLOW_NOT_NEGOTIATED};
  answer_ = kAnswers[static_cast<std::size_t>(input.choice(kAnswers.size()))];
}

GstFlowReturn Neighbours::chain(GstPad* pad, GstObject*, GstBuffer* buffer) {
  gst_buffer_unref(buffer);
  return static_cast<Neighbours*>(gst_pad_get_element_private(pad))->answer_;
}

gboolean Neighbours::answer_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  const bool is_live = static_cast<Neighbours*>(gst_pad_get_element_private(pad))->is_live_;
  gst_query_set_latency(query, is_live, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

}  // namespace npuwhisper::fuzz

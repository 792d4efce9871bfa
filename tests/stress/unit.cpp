// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <gst/app/gstappsrc.h>

#include <cstdlib>
#include <utility>

namespace npuwhisper::stress {
namespace {

std::string flag(const char* name, bool value) {
  return std::string(" ") + name + (value ? "=true" : "=false");
}

std::string audio_caps(Dice& dice) {
  return std::string("audio/x-raw,format=") + (dice.chance(0.5) ? "S16LE" : "F32LE") +
         ",rate=16000,channels=1,layout=interleaved";
}

std::string app_source(const std::string& caps, Dice& dice) {
  return "appsrc name=source format=time block=false leaky-type=downstream max-buffers=50" +
         flag("is-live", dice.chance(0.3)) + " caps=\"" + caps + "\" ";
}

std::string tone_source(Dice& dice) {
  return "audiotestsrc name=source wave=ticks tick-interval=300000000 sine-periods-per-tick=40"
         " samplesperbuffer=" +
         std::to_string(dice.number(100, 4000)) +
         " num-buffers=" + std::to_string(dice.number(1, 500)) + flag("is-live", dice.chance(0.3)) +
         " ! " + audio_caps(dice) + " ";
}

std::string sink(bool waits, Dice& dice) {
  return " fakesink" + flag("sync", waits && dice.chance(0.3)) + flag("async", waits) + " ";
}

std::string element_line(bool small, bool sinks_wait, Dice& dice) {
  const bool fed = !small && dice.chance(0.4);
  std::string line = fed ? app_source(audio_caps(dice), dice) : tone_source(dice);
  line += "! npuwhisper name=subject vad=off" + flag("streaming", dice.chance(0.3)) + " !" +
          sink(sinks_wait, dice);
  if (dice.chance(0.4)) line += "subject.unsynced_src !" + sink(sinks_wait, dice);
  if (dice.chance(0.4)) line += "subject.audio_src !" + sink(sinks_wait, dice);
  return line;
}

std::string bin_line(bool sinks_wait, Dice& dice) {
  static constexpr const char* kModes[] = {"none", "overlay", "cea608", "cea708"};
  std::string line = tone_source(dice) + "! subject.audio_sink ";
  if (dice.chance(0.8)) {
    line +=
        "videotestsrc name=video pattern=black num-buffers=" + std::to_string(dice.number(1, 300)) +
        flag("is-live", dice.chance(0.3)) +
        " ! video/x-raw,format=GRAY8,width=64,height=48,framerate=25/1"
        " ! subject.video_sink subject.video_src !" +
        sink(sinks_wait, dice);
  }
  line += "npuwhisperbin name=subject vad=off mode=" + std::string(dice.pick(kModes));
  return line + " subject.audio_src !" + sink(sinks_wait, dice);
}

// Like decoders, texttocea608 pushes frames when it receives a SEGMENT, and a sink may hold a frame
// for preroll. GstBaseSrc (1.22) holds its live lock while it pushes SEGMENT and cannot change to
// PAUSED meanwhile. A queue therefore separates the source from the subject.
std::string cea608_line(bool sinks_wait, Dice& dice) {
  static constexpr const char* kFormats[] = {"raw,framerate=30/1", "s334-1a,framerate=25/1",
                                             "raw,framerate=60/1"};
  return app_source("text/x-raw,format=utf8", dice) +
         "! queue name=entry max-size-buffers=1 ! texttocea608 name=subject ! "
         "closedcaption/x-cea-608,format=" +
         std::string(dice.pick(kFormats)) + " !" + sink(sinks_wait, dice);
}

std::string line_of(Subject kind, bool small, bool sinks_wait, Dice& dice) {
  switch (kind) {
    case Subject::Element:
      return element_line(small, sinks_wait, dice);
    case Subject::Bin:
      return bin_line(sinks_wait, dice);
    case Subject::TextToCea608:
      break;
  }
  return cea608_line(sinks_wait, dice);
}

GstElement* launch(const std::string& description) {
  GError* error = nullptr;
  GstElement* pipeline =
      gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (pipeline == nullptr) {
    g_printerr("stress: %s: %s\n", description.c_str(), error->message);
    std::abort();
  }
  // Messages are still read after the pipeline is in NULL.
  gst_pipeline_set_auto_flush_bus(GST_PIPELINE(pipeline), FALSE);
  return GST_ELEMENT(gst_object_ref_sink(pipeline));
}

gboolean note_link(GstElement*, GstPad* pad, gpointer links) {
  GstPad* peer = gst_pad_get_peer(pad);
  if (peer == nullptr) return TRUE;
  Link link{GST_PAD(gst_object_ref(pad)), peer};
  if (GST_PAD_IS_SINK(pad)) std::swap(link.source, link.sink);
  static_cast<std::vector<Link>*>(links)->push_back(link);
  return TRUE;
}

void let_sink_run(const GValue* sink, gpointer) {
  g_object_set(g_value_get_object(sink), "sync", FALSE, "async", TRUE, nullptr);
}

}  // namespace

Unit::Unit(Subject kind, bool small, Dice& dice)
    : kind_(kind),
      sinks_wait_(dice.chance(0.6)),
      description_(line_of(kind, small, sinks_wait_, dice)),
      pipeline_(launch(description_)) {
  subject_ = gst_bin_get_by_name(GST_BIN(pipeline_), "subject");
  for (const char* name : {"source", "video"}) {
    if (GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline_), name)) {
      sources_.push_back(source);
    }
  }
  GstElement* entry = gst_bin_get_by_name(GST_BIN(pipeline_), "entry");
  gst_element_foreach_sink_pad(entry != nullptr ? entry : subject_, note_link, &inputs_);
  if (entry != nullptr) gst_object_unref(entry);
  gst_element_foreach_pad(subject_, note_link, &links_);
}

Unit::~Unit() {
  stop();
  while (!branches_.empty()) {
    remove(branches_.back());
    branches_.pop_back();
  }
  for (const auto* links : {&links_, &inputs_}) {
    for (const Link& link : *links) {
      gst_object_unref(link.source);
      gst_object_unref(link.sink);
    }
  }
  for (GstElement* source : sources_) gst_object_unref(source);
  gst_object_unref(subject_);
  GstBus* bus = gst_element_get_bus(pipeline_);
  gst_bus_set_flushing(bus, TRUE);  // Drops messages, which hold references to elements.
  gst_object_unref(bus);
  gst_object_unref(pipeline_);
}

void Unit::keep(Branch branch) {
  const std::scoped_lock lock(mutex_);
  branches_.push_back(branch);
}

Branch Unit::take_branch(Dice& dice) {
  const std::scoped_lock lock(mutex_);
  if (branches_.empty()) return {};
  std::swap(dice.pick(branches_), branches_.back());
  const Branch taken = branches_.back();
  branches_.pop_back();
  return taken;
}

// Stops the sink first, because a pad cannot be released while the element after it waits.
void Unit::remove(Branch branch) const {
  gst_element_set_locked_state(branch.sink, TRUE);
  gst_element_set_state(branch.sink, GST_STATE_NULL);
  gst_element_release_request_pad(subject_, branch.pad);
  gst_object_unref(branch.pad);
  gst_bin_remove(GST_BIN(pipeline_), branch.sink);
  gst_object_unref(branch.sink);
}

void Unit::stop() const {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  // Stops these elements again, because operations may have started them during the state change.
  gst_element_set_state(subject_, GST_STATE_NULL);
  for (const Branch& branch : branches_) gst_element_set_state(branch.sink, GST_STATE_NULL);
}

void Unit::play_to_the_end() {
  is_over_ = true;
  GstIterator* sinks = gst_bin_iterate_sinks(GST_BIN(pipeline_));
  while (gst_iterator_foreach(sinks, let_sink_run, nullptr) == GST_ITERATOR_RESYNC) {
    gst_iterator_resync(sinks);
  }
  gst_iterator_free(sinks);
  gst_element_set_locked_state(subject_, FALSE);
  for (const Link& link : links_) {
    if (!gst_pad_is_linked(link.source)) gst_pad_link(link.source, link.sink);
  }
  constexpr int kFewBuffers = 5;
  for (GstElement* source : sources_) {
    if (!GST_IS_APP_SRC(source)) g_object_set(source, "num-buffers", kFewBuffers, nullptr);
  }
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  if (GST_IS_APP_SRC(sources_.front())) {
    gst_app_src_end_of_stream(GST_APP_SRC(sources_.front()));
  }
}

}  // namespace npuwhisper::stress

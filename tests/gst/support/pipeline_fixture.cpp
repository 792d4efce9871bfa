// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

GstClockTime clock_time(std::chrono::milliseconds time) {
  return static_cast<GstClockTime>(time.count()) * GST_MSECOND;
}

}  // namespace

Pipeline::Pipeline(const std::string& description) {
  GError* error = nullptr;
  pipeline_ =
      gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (pipeline_ == nullptr) {
    ADD_FAILURE() << description << ": " << error->message;
    g_error_free(error);
    pipeline_ = gst_pipeline_new(nullptr);
  }
  gst_object_ref_sink(pipeline_);
  bus_ = gst_element_get_bus(pipeline_);
}

Pipeline::~Pipeline() {
  EXPECT_EQ(gst_element_set_state(pipeline_, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  gst_bus_set_flushing(bus_, TRUE);  // Messages hold references to the pipeline.
  gst_object_unref(bus_);
  // A thread of the bin that finishes an asynchronous state change may hold a reference a little
  // longer.
  eventually([this] { return GST_OBJECT_REFCOUNT_VALUE(pipeline_) == 1; });
  const int n_references = GST_OBJECT_REFCOUNT_VALUE(pipeline_);
  EXPECT_EQ(n_references, 1) << "a reference to the pipeline leaked";
  gst_object_unref(pipeline_);
}

GstElement* Pipeline::element(const char* name) const {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline_), name);
  EXPECT_NE(found, nullptr) << name;
  if (found != nullptr) gst_object_unref(found);
  return found;
}

bool Pipeline::set_state(GstState state, std::chrono::milliseconds timeout) {
  gst_element_set_state(pipeline_, state);
  const GstStateChangeReturn result =
      gst_element_get_state(pipeline_, nullptr, nullptr, clock_time(timeout));
  return result == GST_STATE_CHANGE_SUCCESS || result == GST_STATE_CHANGE_NO_PREROLL;
}

bool Pipeline::run(std::chrono::milliseconds timeout) {
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  return wait_for_eos(timeout);
}

bool Pipeline::wait_for_eos(std::chrono::milliseconds timeout) {
  const auto posted =
      message(static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR), timeout);
  if (!posted) {
    ADD_FAILURE() << "no EOS within " << timeout.count() << " ms";
    return false;
  }
  if (GST_MESSAGE_TYPE(posted.get()) == GST_MESSAGE_EOS) return true;
  GError* error = nullptr;
  gchar* debug = nullptr;
  gst_message_parse_error(posted.get(), &error, &debug);
  ADD_FAILURE() << error->message << " (" << debug << ")";
  g_error_free(error);
  g_free(debug);
  return false;
}

std::shared_ptr<GstMessage> Pipeline::message(GstMessageType types,
                                              std::chrono::milliseconds timeout) {
  GstMessage* found = gst_bus_timed_pop_filtered(bus_, clock_time(timeout), types);
  if (found == nullptr) return nullptr;
  return std::shared_ptr<GstMessage>(found, gst_message_unref);
}

namespace {

template <typename Value, typename Get>
Value stat_as(GstElement* element, const char* name, Get get) {
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  Value value = 0;
  EXPECT_TRUE(get(stats, name, &value)) << name;
  gst_structure_free(stats);
  return value;
}

}  // namespace

guint64 stat_of(GstElement* element, const char* name) {
  return stat_as<guint64>(element, name, gst_structure_get_uint64);
}

double double_stat_of(GstElement* element, const char* name) {
  return stat_as<double>(element, name, gst_structure_get_double);
}

}  // namespace npuwhisper::test

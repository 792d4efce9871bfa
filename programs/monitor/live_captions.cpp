// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live_captions.h"

#include <gst/app/gstappsink.h>

#include <cmath>

#include "gst/support/unpositioned_channels.h"
#include "programs/common/media_type.h"
#include "programs/common/plugin_lookup.h"
#include "programs/common/undecoded_streams.h"

namespace npuwhisper::monitor {
namespace {

using cli::Owned;

// Plays a file in real time, in buffers of 20 ms. With larger buffers, the audio at the end of a
// buffer would arrive well before its time.
constexpr const char* kPlayed =
    "uridecodebin name=source expose-all-streams=false caps=audio/x-raw audioconvert name=sound ! "
    "audioresample ! audio/x-raw,rate=16000,channels=1 ! "
    "audiobuffersplit output-buffer-duration=1/50 ! identity sync=true";

// The sinks neither synchronise to a clock nor wait for a first buffer, because text arrives at any
// time.
constexpr const char* kCaptioned =
    " ! audioconvert name=mono ! audioresample ! npuwhisper name=npuwhisper-monitor ! "
    "fakesink sync=false async=false npuwhisper-monitor.unsynced_src ! "
    "appsink name=json sync=false async=false";

// Links a pad of the decoder to the element `sound`, unless another pad is linked to `sound`. A
// stream that replaces an earlier one, as in chained Ogg, gets its pad after the earlier stream's
// pad has been unlinked. A description for gst_parse_launch() would link only the first pad.
void link_sound(GstElement*, GstPad* pad, gpointer sound) {
  const Owned<GstPad> sink(gst_element_get_static_pad(GST_ELEMENT(sound), "sink"));
  if (cli::media_type_of(pad) == "audio/x-raw" && !gst_pad_is_linked(sink.get())) {
    gst_pad_link(pad, sink.get());
  }
}

void expect_sound(GstElement* decoder, gpointer sound) {
  const Owned<GstPad> sink(gst_element_get_static_pad(GST_ELEMENT(sound), "sink"));
  if (!gst_pad_is_linked(sink.get())) cli::post_no_audio(decoder);
}

std::string text_of(GstBuffer* buffer) {
  std::string text(gst_buffer_get_size(buffer), '\0');
  gst_buffer_extract(buffer, 0, text.data(), text.size());
  return text;
}

GstClockTime running_time(GstElement* pipeline) {
  const GstClockTime now = gst_element_get_current_running_time(pipeline);
  return GST_CLOCK_TIME_IS_VALID(now) ? now : 0;
}

Result<void> set_property(GstElement* element, const std::string& name, const std::string& value) {
  GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name.c_str());
  if (spec == nullptr || (spec->flags & G_PARAM_WRITABLE) == 0) {
    return fail(ErrorCode::InvalidArgument,
                "npuwhisper has no property '" + name +
                    "' that can be set; gst-inspect-1.0 npuwhisper lists the properties");
  }
  GValue parsed = G_VALUE_INIT;
  g_value_init(&parsed, spec->value_type);
  const bool valid = gst_value_deserialize(&parsed, value.c_str()) != FALSE &&
                     g_param_value_validate(spec, &parsed) == FALSE;
  if (valid) g_object_set_property(G_OBJECT(element), name.c_str(), &parsed);
  g_value_unset(&parsed);
  if (valid) return {};
  return fail(ErrorCode::InvalidArgument,
              "'" + value + "' is not a value of npuwhisper's property '" + name + "'");
}

}  // namespace

Result<std::unique_ptr<LiveCaptions>> LiveCaptions::create(const Listening& listening,
                                                           Events events) {
  std::unique_ptr<LiveCaptions> captions(new LiveCaptions(std::move(events)));
  if (const auto built = captions->build(listening); !built) return fail(built.error());
  return captions;
}

LiveCaptions::~LiveCaptions() {
  if (!pipeline_) return;
  if (watch_ != 0) g_source_remove(watch_);
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);  // Ends the calls of take().
  if (delivery_ != 0) g_source_remove(delivery_);
}

Result<void> LiveCaptions::build(const Listening& listening) {
  if (auto found = cli::find_plugin("npuwhisper"); !found) return found;
  const std::string source = listening.uri.empty() ? listening.description : kPlayed;
  GError* raw_error = nullptr;
  pipeline_.reset(gst_parse_launch_full((source + kCaptioned).c_str(), nullptr,
                                        GST_PARSE_FLAG_FATAL_ERRORS, &raw_error));
  if (const Owned<GError> error(raw_error); error) {
    return fail(ErrorCode::InvalidArgument,
                std::string("cannot build the pipeline: ") + error->message);
  }
  const Owned<GstElement> mono(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "mono"));
  mix_unpositioned_channels(mono.get());
  if (!listening.uri.empty()) {
    const Owned<GstElement> decoder(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "source"));
    g_object_set(decoder.get(), "uri", listening.uri.c_str(), nullptr);
    // The pipeline owns both elements.
    const Owned<GstElement> sound(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "sound"));
    mix_unpositioned_channels(sound.get());
    cli::expose_undecoded(decoder.get());
    g_signal_connect(decoder.get(), "pad-added", G_CALLBACK(link_sound), sound.get());
    g_signal_connect(decoder.get(), "no-more-pads", G_CALLBACK(expect_sound), sound.get());
  }
  whisper_.reset(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "npuwhisper-monitor"));
  g_object_set(whisper_.get(), "word-times", TRUE, "partial-results", TRUE, nullptr);
  for (const auto& [name, value] : listening.properties) {
    if (auto set = set_property(whisper_.get(), name, value); !set) return set;
  }

  const Owned<GstElement> json(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "json"));
  GstAppSinkCallbacks callbacks = {};
  callbacks.new_sample = [](GstAppSink* sink, gpointer self) {
    if (const Owned<GstSample> sample(gst_app_sink_pull_sample(sink)); sample) {
      static_cast<LiveCaptions*>(self)->take(sample.get());
    }
    return GST_FLOW_OK;
  };
  gst_app_sink_set_callbacks(GST_APP_SINK(json.get()), &callbacks, this, nullptr);
  const Owned<GstBus> bus(gst_element_get_bus(pipeline_.get()));
  const GstBusFunc watch = [](GstBus*, GstMessage* message, gpointer self) -> gboolean {
    static_cast<LiveCaptions*>(self)->handle(message);
    return G_SOURCE_CONTINUE;
  };
  watch_ = gst_bus_add_watch(bus.get(), watch, this);
  return {};
}

void LiveCaptions::start() {
  // The change to READY loads the model. A message on the bus reports when the model is loaded, or
  // that loading has failed.
  gst_element_set_state(pipeline_.get(), GST_STATE_READY);
}

Readings LiveCaptions::readings() const {
  Readings readings;
  GstStructure* raw_stats = nullptr;
  g_object_get(whisper_.get(), "stats", &raw_stats, nullptr);
  if (const Owned<GstStructure> stats(raw_stats); stats) {
    const auto text = [&](const char* name) {
      const char* value = gst_structure_get_string(stats.get(), name);
      return std::string(value != nullptr ? value : "");
    };
    const auto seconds = [&](const char* name) {
      guint64 samples = 0;
      gst_structure_get_uint64(stats.get(), name, &samples);
      return static_cast<double>(samples) / 16000;
    };
    readings.device = text("device");
    readings.kernels = text("kernels");
    readings.position = seconds("samples");
    readings.skipped = seconds("skipped-samples") + seconds("dropped-samples");
  }
  const std::scoped_lock lock(mutex_);
  readings.unread = unread_;
  return readings;
}

// Runs in the element's streaming thread.
void LiveCaptions::take(GstSample* sample) {
  Piece piece{text_of(gst_sample_get_buffer(sample)), *gst_sample_get_segment(sample),
              running_time(pipeline_.get())};
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() == kMaxWaiting) {
    waiting_.pop_front();
    ++unread_;
  }
  waiting_.push_back(std::move(piece));
  if (delivery_ != 0) return;
  delivery_ = g_idle_add(
      [](gpointer self) -> gboolean {
        static_cast<LiveCaptions*>(self)->deliver();
        return G_SOURCE_REMOVE;
      },
      this);
}

void LiveCaptions::deliver() {
  std::deque<Piece> pieces;
  guint delivery = 0;
  {
    const std::scoped_lock lock(mutex_);
    std::swap(delivery, delivery_);
    pieces.swap(waiting_);
  }
  // Removes the idle source. The source usually runs this function. If handle() calls this function
  // instead, the source may still be queued, and there is nothing left for it to deliver.
  if (delivery != 0) g_source_remove(delivery);
  for (const Piece& piece : pieces) events_.text(piece.json, meaning_of(piece));
}

TimeMeaning LiveCaptions::meaning_of(const Piece& piece) {
  const auto nanoseconds = [](double timestamp) {
    return static_cast<guint64>(std::llround(timestamp * static_cast<double>(GST_SECOND)));
  };
  return {.stream_time =
              [&piece, nanoseconds](double timestamp) {
                guint64 time = 0;
                const gint sign = gst_segment_to_stream_time_full(&piece.segment, GST_FORMAT_TIME,
                                                                  nanoseconds(timestamp), &time);
                return sign * static_cast<double>(time) / GST_SECOND;
              },
          .delay =
              [&piece, nanoseconds](double timestamp) {
                const GstClockTime spoken = gst_segment_to_running_time(
                    &piece.segment, GST_FORMAT_TIME, nanoseconds(timestamp));
                if (!GST_CLOCK_TIME_IS_VALID(spoken)) return 0.0;
                return static_cast<double>(GST_CLOCK_DIFF(spoken, piece.left)) / GST_SECOND;
              }};
}

void LiveCaptions::handle(GstMessage* message) {
  if (over_) return;
  error_.note(message);
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_PROGRESS: {
      GstProgressType type;
      gst_message_parse_progress(message, &type, nullptr, nullptr);
      if (type != GST_PROGRESS_TYPE_COMPLETE ||
          GST_MESSAGE_SRC(message) != GST_OBJECT(whisper_.get())) {
        break;
      }
      events_.listening();
      gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
      break;
    }
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency(GST_BIN(pipeline_.get()));
      break;
    case GST_MESSAGE_CLOCK_LOST:
      gst_element_set_state(pipeline_.get(), GST_STATE_PAUSED);
      gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
      break;
    case GST_MESSAGE_WARNING: {
      GError* raw_error = nullptr;
      gst_message_parse_warning(message, &raw_error, nullptr);
      events_.warning(Owned<GError>(raw_error)->message);
      break;
    }
    case GST_MESSAGE_EOS:
      over_ = true;
      deliver();  // Delivers the queued text before the end is reported.
      events_.ended();
      break;
    case GST_MESSAGE_ERROR:
      over_ = true;
      deliver();
      events_.failed(error_.translate(message));
      break;
    default:
      break;
  }
}

}  // namespace npuwhisper::monitor

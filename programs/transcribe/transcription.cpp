// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transcription.h"

#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "audio_clip.h"
#include "audio_tracks.h"
#include "finalization.h"
#include "gst/support/unpositioned_channels.h"
#include "peak_memory.h"
#include "programs/common/gst_owned.h"
#include "programs/common/pipeline_error.h"
#include "stall_watch.h"

namespace npuwhisper::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr GstClockTime kTick = 100 * GST_MSECOND;

// Each description ends in a decoder bin that outputs raw audio and does not decode other streams.
constexpr const char* kStdin = "fdsrc ! decodebin name=decoder";
constexpr const char* kFile = "filesrc name=source ! decodebin name=decoder";
constexpr const char* kUri = "uridecodebin name=decoder";
// AudioTracks links the two parts. The sink does not synchronise to a clock, so text arrives as
// fast as the model computes it.
constexpr const char* kPipeline =
    "%s expose-all-streams=false caps=audio/x-raw audioconvert name=convert ! "
    "audioresample ! audio/x-raw,format=%s,rate=16000,channels=1,layout=interleaved ! "
    "npuwhisper name=whisper post-messages=true ! fakesink sync=false";

const char* source_of(Input::Kind kind) {
  switch (kind) {
    case Input::Kind::Stdin:
      return kStdin;
    case Input::Kind::File:
      return kFile;
    case Input::Kind::Uri:
      break;
  }
  return kUri;
}

/// Counters that the streaming threads write and the calling thread reads.
struct Counters {
  std::atomic<std::uint64_t> bytes_decoded = 0;  ///< Decoded audio, before AudioClip.
  std::atomic<std::uint64_t> bytes_in = 0;       ///< Decoded audio that reached the element.
  std::atomic<std::uint64_t> position_ns = 0;    ///< End of the last output text or gap.
};

GstPadProbeReturn count_decoded(GstPad*, GstPadProbeInfo* info, gpointer counters) {
  static_cast<Counters*>(counters)->bytes_decoded +=
      gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn count_audio(GstPad*, GstPadProbeInfo* info, gpointer counters) {
  static_cast<Counters*>(counters)->bytes_in +=
      gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn follow_text(GstPad*, GstPadProbeInfo* info, gpointer counters) {
  GstClockTime start = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;
  if (GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info); GST_IS_BUFFER(buffer)) {
    start = GST_BUFFER_PTS(buffer);
    duration = GST_BUFFER_DURATION(buffer);
  } else if (GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
             GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
    gst_event_parse_gap(event, &start, &duration);
  }
  if (GST_CLOCK_TIME_IS_VALID(start)) {
    const GstClockTime length = GST_CLOCK_TIME_IS_VALID(duration) ? duration : 0;
    static_cast<Counters*>(counters)->position_ns = start + length;
  }
  return GST_PAD_PROBE_OK;
}

void add_probe(GstElement* element, const char* pad_name, int type, GstPadProbeCallback probe,
               Counters& counters) {
  const Owned<GstPad> pad(gst_element_get_static_pad(element, pad_name));
  gst_pad_add_probe(pad.get(), static_cast<GstPadProbeType>(type), probe, &counters, nullptr);
}

/// Returns the stages with GStreamer's separator for flags, a plus sign.
std::string flags_text(const NpuStages& stages) {
  std::string text = to_string(stages);
  std::replace(text.begin(), text.end(), ',', '+');
  return text;
}

/// Returns the texts separated by commas.
std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined;
}

void configure(GstElement* whisper, const EngineOptions& engine,
               const TranscriberOptions& options) {
  const auto set_enum = [whisper](const char* property, std::string_view nick) {
    gst_util_set_object_arg(G_OBJECT(whisper), property, std::string(nick).c_str());
  };
  set_enum("device", to_string(engine.device));
  set_enum("npu-stages", flags_text(engine.npu_stages));
  set_enum("precision", to_string(engine.precision));
  set_enum("caption-style",
           "none");  // The writers create captions from segments.
  set_enum("task", options.task == Task::Translate ? "translate" : "transcribe");
  constexpr std::array kScripts = {"auto", "simplified", "traditional"};
  set_enum("chinese-script", kScripts.at(static_cast<std::size_t>(options.chinese_script)));
  set_enum("vad", options.vad == Vad::Off ? "off" : options.vad == Vad::On ? "on" : "auto");
  g_object_set(whisper, "vad-threshold", static_cast<gdouble>(options.vad_threshold),
               "vad-min-speech", static_cast<guint>(options.vad_min_speech.count()),
               "vad-min-silence", static_cast<guint>(options.vad_min_silence.count()), nullptr);
  g_object_set(whisper, "model", engine.model.c_str(), "n-threads", engine.n_threads,
               "language-code", options.language.empty() ? nullptr : options.language.c_str(),
               "languages", join(options.languages).c_str(), "batch", options.batch, "beam-size",
               options.beam_size, "best-of", options.best_of, "initial-prompt",
               options.initial_prompt.empty() ? nullptr : options.initial_prompt.c_str(),
               "hotwords", options.hotwords.c_str(), "replacements", options.replacements.c_str(),
               "condition-on-previous-text",
               static_cast<gboolean>(options.condition_on_previous_text), "word-times",
               static_cast<gboolean>(options.word_times), nullptr);
}

/// Adds one field of the element's stats to a JSON object. Converts the name of the field to snake
/// case, and times from nanoseconds to seconds.
gboolean add_stat(GQuark field, const GValue* value, gpointer stats) {
  constexpr std::string_view kTime = "_time";
  auto& object = *static_cast<nlohmann::ordered_json*>(stats);
  std::string name = g_quark_to_string(field);
  for (char& c : name) c = c == '-' ? '_' : c;
  if (G_VALUE_HOLDS_STRING(value)) {
    const char* text = g_value_get_string(value);
    object[name] = text == nullptr ? "" : text;
  } else if (G_VALUE_HOLDS_UINT64(value) && name.ends_with(kTime)) {
    name.replace(name.size() - kTime.size(), kTime.size(), "_seconds");
    object[name] = static_cast<double>(g_value_get_uint64(value)) / GST_SECOND;
  } else if (G_VALUE_HOLDS_UINT64(value)) {
    object[name] = g_value_get_uint64(value);
  } else if (G_VALUE_HOLDS_DOUBLE(value)) {
    object[name] = g_value_get_double(value);
  }
  return TRUE;
}

nlohmann::ordered_json read_stats(GstElement* whisper) {
  auto stats = nlohmann::ordered_json::object();
  GstStructure* fields = nullptr;
  g_object_get(whisper, "stats", &fields, nullptr);
  if (const Owned<GstStructure> owned(fields); owned) {
    gst_structure_foreach(owned.get(), add_stat, &stats);
  }
  stats["peak_rss_bytes"] = peak_memory_bytes();
  return stats;
}

/// Owns the pipeline for one file, plays the file, and stops the pipeline.
class Run {
 public:
  Run(const AudioSelection& audio, const TranscriptionEvents& events, Transcript& transcript)
      : audio_(audio), events_(events), transcript_(transcript) {}
  ~Run() {
    if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    whisper_.reset();
    pipeline_.reset();
    if (finalization_) finalization_->wait();
  }

  Result<void> build(const Input& input, const EngineOptions& engine,
                     const TranscriberOptions& options) {
    // An NPU that computes log-mel reads 16-bit samples from the decoder's buffers.
    const bool is_16_bit = engine.npu_stages.mel;
    is_stdin_ = input.kind == Input::Kind::Stdin;
    bytes_per_sample_ = is_16_bit ? sizeof(std::int16_t) : sizeof(float);
    const Owned<gchar> description(
        g_strdup_printf(kPipeline, source_of(input.kind), is_16_bit ? "S16LE" : "F32LE"));
    GError* raw_error = nullptr;
    pipeline_.reset(
        gst_parse_launch_full(description.get(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw_error));
    if (const Owned<GError> error(raw_error); error) {
      return fail(ErrorCode::Unavailable,
                  std::string("cannot build the pipeline: ") + error->message);
    }
    const Owned<GstElement> decoder = element("decoder");
    if (input.kind == Input::Kind::Uri) {
      g_object_set(decoder.get(), "uri", input.location.c_str(), nullptr);
    } else if (input.kind == Input::Kind::File) {
      g_object_set(element("source").get(), "location", input.location.c_str(), nullptr);
    }
    const Owned<GstElement> convert = element("convert");
    mix_unpositioned_channels(convert.get());
    tracks_.emplace(decoder.get(), convert.get(), std::max(1, audio_.track));
    whisper_ = element("whisper");
    finalization_.emplace(whisper_.get());
    configure(whisper_.get(), engine, options);
    add_probe(whisper_.get(), "sink", GST_PAD_PROBE_TYPE_BUFFER, count_decoded, counters_);
    if (!audio_.span.is_whole()) {
      const Owned<GstPad> sink(gst_element_get_static_pad(whisper_.get(), "sink"));
      clip_.emplace(audio_.span, sink.get(), static_cast<int>(bytes_per_sample_));
    }
    add_probe(whisper_.get(), "sink", GST_PAD_PROBE_TYPE_BUFFER, count_audio, counters_);
    add_probe(whisper_.get(), "src",
              GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, follow_text,
              counters_);
    return {};
  }

  /// Plays the file and fills the transcript.
  Result<void> play() {
    const Clock::time_point start = Clock::now();
    const bool started =
        gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
    const Result<void> result = follow(start, started);
    transcript_.wall_seconds = seconds_since(start);
    transcript_.audio_seconds =
        static_cast<double>(counters_.bytes_in / bytes_per_sample_) / kSampleRate;
    transcript_.stats = read_stats(whisper_.get());
    transcript_.device = transcript_.stats.value("device", "");
    return result;
  }

 private:
  Owned<GstElement> element(const char* name) const {
    return Owned<GstElement>(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
  }

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  /// Handles messages until the end. The bus keeps their order, so every segment precedes EOS or an
  /// error.
  Result<void> follow(Clock::time_point start, bool started) {
    StallWatch watch(start);
    const Owned<GstBus> bus(gst_element_get_bus(pipeline_.get()));
    Clock::time_point next_tick = start;
    while (true) {
      const Owned<GstMessage> message(gst_bus_timed_pop(bus.get(), kTick));
      if (message) {
        watch.note(Clock::now());
        const Result<bool> ended = handle(message.get());
        if (!ended) return fail(ended.error());
        if (*ended) return {};
      } else if (!started) {
        // Most elements post the reason. An element that could not start its thread posts nothing.
        return fail(ErrorCode::Unavailable,
                    "cannot start decoding: out of memory or threads (GStreamer gives no reason)");
      }
      if (watch.is_stalled(waits_for_gstreamer(), Clock::now())) {
        return fail(ErrorCode::Timeout,
                    "nothing happened for " + std::to_string(StallWatch::kLimit.count()) +
                        " s: no audio arrived, or GStreamer is out of memory or threads");
      }
      if (Clock::now() < next_tick) continue;
      next_tick = Clock::now() + std::chrono::nanoseconds(kTick);
      if (!events_.tick(point(start))) return fail(ErrorCode::Cancelled, "stopped before the end");
    }
  }

  /// Returns true if no audio has arrived yet, or if the pipeline is not playing although text or a
  /// gap has left the element. Audio from stdin may take any time, so waiting for stdin does not
  /// count.
  bool waits_for_gstreamer() const {
    if (counters_.bytes_decoded == 0) return !is_stdin_;
    if (counters_.position_ns == 0) return false;
    GstState state = GST_STATE_NULL;
    gst_element_get_state(pipeline_.get(), &state, nullptr, 0);
    return state != GST_STATE_PLAYING;
  }

  /// Handles one message. Returns true if it was the last one.
  Result<bool> handle(GstMessage* message) {
    switch (GST_MESSAGE_TYPE(message)) {
      case GST_MESSAGE_EOS:
        if (auto found = check_part(); !found) return fail(found.error());
        return true;
      case GST_MESSAGE_APPLICATION:
        if (auto taken = take_tracks(message); !taken) return fail(taken.error());
        return false;
      case GST_MESSAGE_ERROR:
        return fail(error_.translate(message));
      case GST_MESSAGE_WARNING:
        warn(message);
        return false;
      case GST_MESSAGE_ELEMENT:
        break;
      default:
        return false;
    }
    const GstStructure* fields = gst_message_get_structure(message);
    error_.note(message);
    if (gst_structure_has_name(fields, "npuwhisper/segment")) {
      const char* json = gst_structure_get_string(fields, "json");
      Result<TimedSegment> segment = parse_segment(json == nullptr ? "" : json);
      if (!segment) return fail(segment.error());
      transcript_.language = segment->language;
      transcript_.segments.push_back(std::move(*segment));
      events_.segment(transcript_.segments.back());
    }
    return false;
  }

  /// Handles a message about the audio tracks that the decoder has found.
  Result<void> take_tracks(GstMessage* message) {
    if (!gst_message_has_name(message, AudioTracks::kTracksMessage)) return {};
    const std::vector<AudioTrack> tracks = tracks_->tracks();
    if (audio_.track > static_cast<int>(tracks.size())) {
      return fail(ErrorCode::InvalidArgument, "--audio-track " + std::to_string(audio_.track) +
                                                  ": the audio tracks of the file are " +
                                                  describe_tracks(tracks));
    }
    if (audio_.track == 0 && tracks.size() > 1 && !has_noted_tracks_) {
      events_.note("using the first audio track; --audio-track N selects another: " +
                   describe_tracks(tracks));
      has_noted_tracks_ = true;
    }
    return {};
  }

  /// Reports an error if the selected part contains no audio. An empty text would not show that the
  /// file is shorter than expected.
  Result<void> check_part() const {
    if (!clip_ || clip_->found_audio()) return {};
    return fail(ErrorCode::InvalidArgument,
                "there is no audio from --start to --end (read up to " +
                    clock_text(static_cast<double>(clip_->audio_end()) / GST_SECOND) + ")");
  }

  void warn(GstMessage* message) {
    if (GST_MESSAGE_SRC(message) != GST_OBJECT(whisper_.get())) return;
    GError* raw_error = nullptr;
    gchar* raw_debug = nullptr;
    gst_message_parse_warning(message, &raw_error, &raw_debug);
    const Owned<GError> error(raw_error);
    const Owned<gchar> debug(raw_debug);
    events_.warning(error->message);
  }

  ProgressPoint point(Clock::time_point start) {
    if (!duration_) {
      const Owned<GstPad> pad(gst_element_get_static_pad(whisper_.get(), "sink"));
      gint64 duration = 0;
      if (gst_pad_peer_query_duration(pad.get(), GST_FORMAT_TIME, &duration) && duration > 0) {
        duration_ = static_cast<double>(duration) / GST_SECOND;
      }
    }
    const auto seconds = [](std::chrono::nanoseconds time) {
      return std::chrono::duration<double>(time).count();
    };
    const double first = seconds(audio_.span.start);
    std::optional<double> end = duration_;
    if (audio_.span.end) end = std::min(end.value_or(HUGE_VAL), seconds(*audio_.span.end));
    const double position = static_cast<double>(counters_.position_ns.load()) / GST_SECOND;
    return {.position = std::max(0.0, position - first),
            .duration = end ? std::optional(std::max(0.0, *end - first)) : std::nullopt,
            .wall = seconds_since(start)};
  }

  const AudioSelection& audio_;
  const TranscriptionEvents& events_;
  Transcript& transcript_;
  // The threads of the pipeline use counters_, tracks_ and clip_. These members are declared before
  // pipeline_, so that they outlive the pipeline.
  Counters counters_;
  std::optional<AudioTracks> tracks_;
  std::optional<AudioClip> clip_;
  Owned<GstElement> pipeline_;
  Owned<GstElement> whisper_;
  std::optional<Finalization> finalization_;  // Watches whisper_.
  std::size_t bytes_per_sample_ = sizeof(float);
  std::optional<double> duration_;
  bool has_noted_tracks_ = false;
  bool is_stdin_ = false;
  PipelineError error_;
};

}  // namespace

Transcript transcribe_file(const Input& input, const AudioSelection& audio,
                           const EngineOptions& engine, const TranscriberOptions& options,
                           const TranscriptionEvents& events) {
  Transcript transcript;
  transcript.file = input.given;
  transcript.language = options.language;
  transcript.stats = nlohmann::ordered_json::object();
  Run run(audio, events, transcript);
  Result<void> result = run.build(input, engine, options);
  if (result) result = run.play();
  if (!result) transcript.error = result.error();
  return transcript;
}

}  // namespace npuwhisper::cli

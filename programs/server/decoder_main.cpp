// SPDX-License-Identifier: LGPL-2.1-or-later
#include "decoder_main.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>
#include <malloc.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <npuwhisper/guarded.h>
#include <npuwhisper/transcriber.h>

#include "audio_piece.h"
#include "decoder_process.h"
#include "gst/support/segment_clip.h"
#include "gst/support/timeline.h"
#include "gst/support/unpositioned_channels.h"
#include "programs/common/gst_owned.h"
#include "programs/common/pipeline_error.h"
#include "programs/transcribe/audio_tracks.h"
#include "sandbox.h"

namespace npuwhisper::server {
namespace {

using cli::Owned;

constexpr GstClockTime kTick = 100 * GST_MSECOND;

// The audio is converted as in npuwhisper-transcribe, so that both programs find the same text.
constexpr const char* kPipeline =
    "giostreamsrc name=source ! decodebin name=decoder expose-all-streams=false caps=audio/x-raw "
    "audioconvert name=convert ! audioresample ! "
    "audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved ! "
    "fakesink name=sink sync=false";

/// The result of a decoder process.
struct Outcome {
  DecoderExit exit = DecoderExit::Complete;
  std::string reason{};
};

/// Returns whether an element of this class may decode an upload: containers and audio, but nothing
/// that opens other files or addresses (playlists, adaptive streaming, session descriptions), and
/// no pictures or subtitles.
bool is_allowed(GstElementFactory* factory) {
  const char* raw = gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS);
  const std::string_view klass = raw == nullptr ? "" : raw;
  const auto has = [klass](std::string_view word) {
    return klass.find(word) != std::string_view::npos;
  };
  for (const char* word : {"Adaptive", "Network", "Source", "Bin", "Image", "Subtitle"}) {
    if (has(word)) return false;
  }
  return has("Demux") || (has("Audio") && (has("Decoder") || has("Parser")));
}

/// Loads the plugins of all allowed elements and of the type finders, because files cannot be
/// opened later.
void load_allowed_plugins() {
  GList* finders = gst_type_find_factory_get_list();
  for (GList* item = finders; item != nullptr; item = item->next) {
    const Owned<GstPluginFeature> loaded(gst_plugin_feature_load(GST_PLUGIN_FEATURE(item->data)));
  }
  gst_plugin_feature_list_free(finders);
  GList* factories =
      gst_element_factory_list_get_elements(GST_ELEMENT_FACTORY_TYPE_DECODABLE, GST_RANK_MARGINAL);
  for (GList* item = factories; item != nullptr; item = item->next) {
    auto* factory = GST_ELEMENT_FACTORY(item->data);
    if (!is_allowed(factory)) continue;
    const Owned<GstPluginFeature> loaded(gst_plugin_feature_load(GST_PLUGIN_FEATURE(factory)));
  }
  gst_plugin_feature_list_free(factories);
}

/// Returns whether files of this type refer to other files or addresses.
bool is_playlist(std::string_view type) {
  constexpr std::array<std::string_view, 6> kPlaylists = {
      "application/x-hls", "application/dash+xml", "application/vnd.ms-sstr+xml",
      "application/sdp",   "application/smil",     "text/uri-list"};
  return std::ranges::find(kPlaylists, type) != kPlaylists.end();
}

/// Detects that the decoding has stopped without a message: this process has used almost no CPU
/// time for a while. decodebin (1.22) loses the error of a demuxer that fails while it is being
/// started.
class StallMeter {
 public:
  /// Returns whether the decoding has stopped. Must be called once for each kTick.
  bool is_stalled() {
    const std::clock_t now = std::clock();
    if (now - last_ > kIdleClocks) {
      last_ = now;
      n_idle_ = 0;
    }
    return ++n_idle_ > kMaxIdle;
  }

 private:
  static constexpr std::clock_t kIdleClocks = CLOCKS_PER_SEC / 100;
  static constexpr int kMaxIdle = 50;
  std::clock_t last_ = std::clock();
  int n_idle_ = 0;
};

/// Decodes stdin to stdout.
class Decoding {
 public:
  explicit Decoding(const DecoderLimits& limits) : limits_(limits) {}
  ~Decoding() {
    if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  Result<void> build();
  Outcome run();

 private:
  Owned<GstElement> element(const char* name) const {
    return Owned<GstElement>(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
  }
  static gboolean note_type(GstElement*, GstPad*, GstCaps* caps, gpointer self);
  static gint select_factory(GstElement*, GstPad*, GstCaps*, GstElementFactory*, gpointer);
  static GstPadProbeReturn on_data(GstPad*, GstPadProbeInfo* info, gpointer self);
  void take(GstBuffer* buffer);
  void take(GstEvent* event);
  void write(const AudioPiece& piece, const void* samples = nullptr);
  void stop(DecoderExit exit, const std::string& reason);
  Outcome end_of(GstMessage* message);

  const DecoderLimits limits_;
  Owned<GstElement> pipeline_;
  std::optional<cli::AudioTracks> tracks_;
  cli::PipelineError error_;
  // The streaming threads use the members below until the pipeline is stopped.
  std::string file_type_;  // Media type of the file; empty if it is not known.
  GstSegment segment_{};
  bool has_segment_ = false;
  std::uint64_t n_samples_ = 0;
  std::optional<Outcome> stopped_;  // Set before the message that ends the pipeline is posted.
};

Result<void> Decoding::build() {
  GError* raw_error = nullptr;
  pipeline_.reset(
      gst_parse_launch_full(kPipeline, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw_error));
  if (const Owned<GError> error(raw_error); error) {
    return fail(ErrorCode::Unavailable, std::string("cannot build a pipeline: ") + error->message);
  }
  GFile* file = g_file_new_for_path("/proc/self/fd/0");
  GFileInputStream* stream = g_file_read(file, nullptr, &raw_error);
  g_object_unref(file);
  if (const Owned<GError> error(raw_error); error) {
    return fail(ErrorCode::Unavailable, std::string("cannot open the upload: ") + error->message);
  }
  g_object_set(element("source").get(), "stream", stream, nullptr);
  g_object_unref(stream);
  const Owned<GstElement> decoder = element("decoder");
  const Owned<GstElement> convert = element("convert");
  mix_unpositioned_channels(convert.get());
  g_signal_connect(decoder.get(), "autoplug-select", G_CALLBACK(&Decoding::select_factory),
                   nullptr);
  g_signal_connect(decoder.get(), "autoplug-continue", G_CALLBACK(&Decoding::note_type), this);
  tracks_.emplace(decoder.get(), convert.get(), 1);
  const Owned<GstPad> pad(gst_element_get_static_pad(element("sink").get(), "sink"));
  gst_pad_add_probe(
      pad.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      &Decoding::on_data, this, nullptr);
  return {};
}

/// Handles decodebin's "autoplug-select". The numbers are those of GstAutoplugSelectResult, which
/// has no public header: 0 tries the factory, 2 skips it.
gint Decoding::select_factory(GstElement*, GstPad*, GstCaps*, GstElementFactory* factory,
                              gpointer) {
  constexpr gint kTry = 0;
  constexpr gint kSkip = 2;
  return is_allowed(factory) ? kTry : kSkip;
}

/// Handles decodebin's "autoplug-continue". The first caps are those of the file.
gboolean Decoding::note_type(GstElement*, GstPad*, GstCaps* caps, gpointer self) {
  std::string& type = static_cast<Decoding*>(self)->file_type_;
  if (type.empty()) type = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  return TRUE;
}

Outcome Decoding::run() {
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  const Owned<GstBus> bus(gst_element_get_bus(pipeline_.get()));
  StallMeter meter;
  while (true) {
    const Owned<GstMessage> message(gst_bus_timed_pop_filtered(
        bus.get(), kTick,
        static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT)));
    if (message == nullptr) {
      if (meter.is_stalled()) {
        return {DecoderExit::Unreadable, "the file cannot be decoded: its decoding has stopped"};
      }
    } else if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ELEMENT) {
      error_.note(message.get());
    } else {
      gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
      return end_of(message.get());
    }
  }
}

/// Returns the outcome after the last message.
Outcome Decoding::end_of(GstMessage* message) {
  if (stopped_) return *stopped_;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    if (n_samples_ > 0) return {};
    return {DecoderExit::Unreadable, "the file contains no audio"};
  }
  if (is_playlist(file_type_)) {
    return {DecoderExit::Unreadable,
            "found a playlist (" + file_type_ + "), wanted a file that contains audio"};
  }
  return {DecoderExit::Unreadable,
          "the file cannot be decoded: " + error_.translate(message).message};
}

GstPadProbeReturn Decoding::on_data(GstPad*, GstPadProbeInfo* info, gpointer user_data) {
  auto& self = *static_cast<Decoding*>(user_data);
  try {
    if (self.stopped_) return GST_PAD_PROBE_DROP;
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
      self.take(GST_PAD_PROBE_INFO_BUFFER(info));
    } else {
      self.take(GST_PAD_PROBE_INFO_EVENT(info));
    }
  } catch (const std::exception&) {
    _exit(static_cast<int>(DecoderExit::NoResources));
  }
  return GST_PAD_PROBE_OK;
}

void Decoding::take(GstBuffer* buffer) {
  GstBuffer* clipped =
      clip_to_segment(segment_, gst_buffer_ref(buffer), static_cast<gint>(sizeof(float)));
  if (clipped == nullptr) return;
  GstMapInfo map;
  if (gst_buffer_map(clipped, &map, GST_MAP_READ)) {
    const std::size_t n = map.size / sizeof(float);
    n_samples_ += n;
    if (n_samples_ > limits_.n_samples) {
      stop(DecoderExit::TooLong, "");
    } else if (n > 0) {
      write({.kind = AudioPiece::Audio,
             .n_samples = static_cast<std::uint32_t>(n),
             .start = GST_BUFFER_PTS(clipped)},
            map.data);
    }
    gst_buffer_unmap(clipped, &map);
  }
  gst_buffer_unref(clipped);
}

void Decoding::take(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      has_segment_ = false;
      return;
    case GST_EVENT_SEGMENT: {
      GstSegment segment;
      gst_event_copy_segment(event, &segment);
      const bool is_new = !has_segment_ || !same_timing(segment, segment_);
      segment_ = segment;
      has_segment_ = true;
      if (is_new) write({.kind = AudioPiece::Segment, .start = segment.start});
      return;
    }
    case GST_EVENT_GAP: {
      GstClockTime start = GST_CLOCK_TIME_NONE;
      GstClockTime duration = GST_CLOCK_TIME_NONE;
      gst_event_parse_gap(event, &start, &duration);
      if (!GST_CLOCK_TIME_IS_VALID(duration)) duration = 0;
      write({.kind = AudioPiece::Gap, .start = start, .duration = duration});
      return;
    }
    default:
      return;
  }
}

/// Writes a piece to stdout. Stops the decoding if it cannot be written.
void Decoding::write(const AudioPiece& piece, const void* samples) {
  std::array<iovec, 2> parts = {iovec{const_cast<AudioPiece*>(&piece), sizeof piece},
                                iovec{const_cast<void*>(samples), piece.n_samples * sizeof(float)}};
  std::size_t first = 0;
  while (first < parts.size()) {
    const ssize_t n =
        ::writev(STDOUT_FILENO, &parts[first], static_cast<int>(parts.size() - first));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EFBIG) return stop(DecoderExit::TooLong, "");
    if (n < 0) {
      return stop(DecoderExit::NoResources,
                  std::string("cannot write the decoded audio: ") + std::strerror(errno));
    }
    for (auto left = static_cast<std::size_t>(n); first < parts.size();) {
      iovec& part = parts[first];
      const std::size_t done = std::min(left, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + done;
      part.iov_len -= done;
      left -= done;
      if (part.iov_len > 0) break;
      ++first;
    }
  }
}

void Decoding::stop(DecoderExit exit, const std::string& reason) {
  stopped_ = Outcome{exit, reason};
  gst_element_post_message(pipeline_.get(), gst_message_new_eos(GST_OBJECT(pipeline_.get())));
}

/// The arguments of a decoder process.
struct Arguments {
  DecoderLimits limits;
  pid_t server;  ///< The process that has started this process.
};

std::optional<Arguments> parse_arguments(int argc, char** argv) {
  std::array<std::uint64_t, 3> numbers{};
  if (argc != 2 + static_cast<int>(numbers.size())) return std::nullopt;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::string_view text = argv[i + 2];
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  }
  return Arguments{.limits = {.n_samples = numbers[0],
                              .time = std::chrono::seconds(static_cast<std::int64_t>(numbers[1]))},
                   .server = static_cast<pid_t>(numbers[2])};
}

/// Returns another descriptor of stderr, and discards what libraries write to stderr from now on.
/// Returns -1 on failure.
int take_stderr() {
  const int report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const FileDescriptor nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  return nowhere.get() < 0 || dup2(nowhere.get(), STDERR_FILENO) < 0 ? -1 : report;
}

Result<Outcome> decode(const DecoderLimits& limits) {
  load_allowed_plugins();
  Decoding decoding(limits);
  if (auto built = decoding.build(); !built) return fail(built.error());
  // A buffer has at least some samples, so heads need less space than samples.
  const SandboxLimits sandbox{.file_bytes = 2 * sizeof(float) * (limits.n_samples + kSampleRate),
                              .cpu_time = limits.time};
  if (auto limited = limit_resources(sandbox); !limited) return fail(limited.error());
  if (auto limited = forbid_new_files(); !limited) return fail(limited.error());
  return decoding.run();
}

}  // namespace

int decoder_main(int argc, char** argv) {
  // Each arena of glibc reserves 64 MiB of address space.
  mallopt(M_ARENA_MAX, 2);
  const auto arguments = parse_arguments(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "%s: wanted three numbers\n", kDecoderArgument);
    return 2;
  }
  constexpr int kNoResources = static_cast<int>(DecoderExit::NoResources);
  if (!end_with_parent(arguments->server)) return kNoResources;
  const int report = take_stderr();
  if (report < 0) return kNoResources;
  gst_init(nullptr, nullptr);
  const auto outcome = guarded("cannot decode", [&] { return decode(arguments->limits); });
  const std::string& reason = outcome ? outcome->reason : outcome.error().message;
  (void)!::write(report, reason.data(), reason.size());
  // Skips the destructors of the libraries, which may use system calls that are forbidden.
  _exit(outcome ? static_cast<int>(outcome->exit) : kNoResources);
}

}  // namespace npuwhisper::server

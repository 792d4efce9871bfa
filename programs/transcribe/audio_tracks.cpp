// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio_tracks.h"

#include <utility>

#include "programs/common/media_type.h"
#include "programs/common/undecoded_streams.h"

namespace npuwhisper::cli {
namespace {

std::string string_tag(const GstTagList* tags, const char* name) {
  gchar* raw = nullptr;
  if (!gst_tag_list_get_string(tags, name, &raw)) return {};
  return Owned<gchar>(raw).get();
}

/// Returns the pad with the tags of `pad`: the sink pad of the decoder behind `pad`. The bin
/// exposes `pad` as soon as its format is known, before the decoder has forwarded the tags. If
/// there is no such decoder, returns the innermost target of `pad`.
Owned<GstPad> pad_with_tags(GstPad* pad) {
  Owned<GstPad> source(static_cast<GstPad*>(gst_object_ref(pad)));
  while (GST_IS_GHOST_PAD(source.get())) {
    GstPad* target = gst_ghost_pad_get_target(GST_GHOST_PAD(source.get()));
    if (target == nullptr) return source;
    source.reset(target);
  }
  const Owned<GstElement> decoder(gst_pad_get_parent_element(source.get()));
  if (!decoder) return source;
  Owned<GstPad> sink(gst_element_get_static_pad(decoder.get(), "sink"));
  return sink ? std::move(sink) : std::move(source);
}

AudioTrack describe(GstPad* decoded) {
  AudioTrack track;
  const Owned<GstPad> pad = pad_with_tags(decoded);
  for (guint i = 0;; ++i) {
    const Owned<GstEvent> event(gst_pad_get_sticky_event(pad.get(), GST_EVENT_TAG, i));
    if (!event) return track;
    GstTagList* tags = nullptr;
    gst_event_parse_tag(event.get(), &tags);
    // Skips tags of the whole file, which are the same for all tracks.
    if (gst_tag_list_get_scope(tags) != GST_TAG_SCOPE_STREAM) continue;
    if (auto language = string_tag(tags, GST_TAG_LANGUAGE_CODE); !language.empty()) {
      track.language = std::move(language);
    }
    if (auto title = string_tag(tags, GST_TAG_TITLE); !title.empty()) {
      track.title = std::move(title);
    }
  }
}

std::vector<Owned<GstPad>> audio_pads(GstElement* decoder) {
  std::vector<Owned<GstPad>> pads;
  const GstElementForeachPadFunc add = [](GstElement*, GstPad* pad, gpointer to) -> gboolean {
    if (media_type_of(pad) != "audio/x-raw") return TRUE;
    static_cast<std::vector<Owned<GstPad>>*>(to)->emplace_back(
        static_cast<GstPad*>(gst_object_ref(pad)));
    return TRUE;
  };
  gst_element_foreach_src_pad(decoder, add, &pads);
  return pads;
}

}  // namespace

std::string describe_tracks(const std::vector<AudioTrack>& tracks) {
  std::string text;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    const auto& [language, title] = tracks[i];
    if (i > 0) text += ", ";
    text += std::to_string(i + 1);
    if (language.empty() && title.empty()) continue;
    text += " (" + language + (language.empty() || title.empty() ? "" : ", ") + title + ")";
  }
  return text;
}

AudioTracks::AudioTracks(GstElement* decoder, GstElement* next, int wanted)
    : sink_(gst_element_get_static_pad(next, "sink")), wanted_(static_cast<std::size_t>(wanted)) {
  expose_undecoded(decoder);
  g_signal_connect(decoder, "no-more-pads", G_CALLBACK(on_no_more_pads), this);
}

std::vector<AudioTrack> AudioTracks::tracks() const {
  const std::scoped_lock lock(mutex_);
  return tracks_;
}

// Runs in a streaming thread. All pads block their first buffer until this function returns.
void AudioTracks::on_no_more_pads(GstElement* decoder, gpointer user_data) {
  auto& self = *static_cast<AudioTracks*>(user_data);
  const auto pads = audio_pads(decoder);
  std::vector<AudioTrack> tracks;
  for (const auto& pad : pads) tracks.push_back(describe(pad.get()));
  {
    const std::scoped_lock lock(self.mutex_);
    self.tracks_ = std::move(tracks);
  }
  gst_element_post_message(
      decoder,
      gst_message_new_application(GST_OBJECT(decoder), gst_structure_new_empty(kTracksMessage)));
  if (pads.empty()) post_no_audio(decoder);
  if (const Owned<GstPad> peer(gst_pad_get_peer(self.sink_.get())); peer) {
    gst_pad_unlink(peer.get(), self.sink_.get());
  }
  // If linking fails, the stream ends with an error.
  if (self.wanted_ <= pads.size()) gst_pad_link(pads[self.wanted_ - 1].get(), self.sink_.get());
}

}  // namespace npuwhisper::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text_output.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/trim.h"
#include "segment_json.h"

namespace npuwhisper {
namespace {

// Returns a copy of `item` for one of the two text pads. `item` must be an event or an Advance;
// other items are sent to only one pad.
OutputPad::Item share_item(const OutputPad::Item& item) {
  if (const auto* event = std::get_if<EventPtr>(&item)) return share(*event);
  return std::get<OutputPad::Advance>(item);
}

bool is_same(const Word& a, const Word& b) {
  return a.start == b.start && a.end == b.end && a.text == b.text;
}

// Returns the ISO 639 code for Whisper's language code `code`. The codes differ only for Javanese.
// The result is valid as long as `code` exists unchanged.
const char* iso_language(const std::string& code) {
  return code == "jw" ? "jv" : code.c_str();
}

// Removes upstream's tags that describe the audio but not the text.
void remove_audio_tags(GstTagList* tags) {
  for (const char* tag : {GST_TAG_AUDIO_CODEC, GST_TAG_CODEC, GST_TAG_BITRATE,
                          GST_TAG_NOMINAL_BITRATE, GST_TAG_MINIMUM_BITRATE, GST_TAG_MAXIMUM_BITRATE,
                          GST_TAG_LANGUAGE_CODE, GST_TAG_LANGUAGE_NAME}) {
    gst_tag_list_remove_tag(tags, tag);
  }
}

}  // namespace

TextOutput::TextOutput(GstElement* element, const SourcePads& pads)
    : element_(element), text_(pads.text), json_(pads.json), audio_(pads.audio) {}

void TextOutput::begin_epoch(std::uint64_t epoch) {
  epoch_ = epoch;
  in_segment_ = false;
  discont_ = true;
  draft_.clear();
}

void TextOutput::event(EventPtr event) {
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_STREAM_START:
      in_segment_ = false;
      tags_.reset();
      language_.clear();
      break;
    case GST_EVENT_SEGMENT: {
      const GstSegment* segment = nullptr;
      gst_event_parse_segment(event.get(), &segment);
      json_cues_.set_segment(*segment);
      seqnum_ = gst_event_get_seqnum(event.get());
      in_segment_ = true;
      told_ = segment->start;
      due_ = 0;
      audio_.pass_mark(epoch_);
      break;
    }
    case GST_EVENT_EOS:
    case GST_EVENT_SEGMENT_DONE:
      audio_.pass_mark(epoch_);
      break;
    case GST_EVENT_GAP: {
      GstClockTime start = GST_CLOCK_TIME_NONE;
      GstClockTime duration = GST_CLOCK_TIME_NONE;
      gst_event_parse_gap(event.get(), &start, &duration);
      if (GST_CLOCK_TIME_IS_VALID(duration)) audio_.heard(epoch_, start + duration);
      break;
    }
    case GST_EVENT_TAG: {
      GstTagList* tags = nullptr;
      gst_event_parse_tag(event.get(), &tags);
      if (gst_tag_list_get_scope(tags) != GST_TAG_SCOPE_STREAM) break;
      tags_.reset(gst_tag_list_copy(tags));
      remove_audio_tags(tags_.get());
      push_tags();
      return;
    }
    default:
      break;
  }
  write(OutputPad::Item(std::move(event)));
}

void TextOutput::skip_marks(std::size_t n) {
  for (; n > 0; --n) audio_.pass_mark(epoch_);
}

void TextOutput::segment(const Segment& segment, const Timeline& timeline, const Format& format) {
  say(segment, timeline);
  if (trim(segment.text).empty()) return;
  const bool discont = std::exchange(discont_, false);
  text_.write(epoch_, OutputPad::SpeechItem{speech_of(segment, timeline, format.cues), discont});
  if (!json_.active() && !format.post_messages) return;
  const std::string json = segment_json(segment, timeline);
  const CueFormat whole{.mode = OutputMode::Segment, .captions = {.style = CaptionStyle::None}};
  Cue cue = json_cues_.add(speech_of(segment, timeline, whole)).front();
  cue.text = json;
  json_.write(epoch_, OutputPad::TimedText{std::move(cue), discont});
  if (format.post_messages) post_segment(segment, timeline, json);
}

// Sends each word to audio_src as a meta, or the whole segment if it has no words.
void TextOutput::say(const Segment& segment, const Timeline& timeline) {
  if (!audio_.active()) return;
  const auto note = [&](std::int64_t start, std::int64_t end, const std::string& text) {
    if (trim(text).empty()) return;
    // Text that begins at the end of the audio is attached to the last sample's buffer.
    start = std::min(start, timeline.n_samples() - 1);
    audio_.say(epoch_, {.id = next_segment_meta_id(),
                        .start = timeline.time_of(start),
                        .end = timeline.time_of(end),
                        .text = text,
                        .language = segment.language});
  };
  for (const Word& word : segment.words) note(word.start, word.end, word.text);
  if (segment.words.empty()) note(segment.start, segment.end, segment.text);
}

void TextOutput::post_segment(const Segment& segment, const Timeline& timeline,
                              const std::string& json) {
  GstStructure* fields =
      gst_structure_new("npuwhisper/segment", "language", G_TYPE_STRING, segment.language.c_str(),
                        "start", G_TYPE_UINT64, timeline.time_of(segment.start), "end",
                        G_TYPE_UINT64, timeline.time_of(segment.end), "text", G_TYPE_STRING,
                        segment.text.c_str(), "json", G_TYPE_STRING, json.c_str(), nullptr);
  gst_element_post_message(element_, gst_message_new_element(GST_OBJECT(element_), fields));
}

void TextOutput::draft(std::vector<Word> words, const Timeline& timeline) {
  if (!json_.active() || std::ranges::equal(words, draft_, is_same)) return;
  draft_ = std::move(words);
  const GstClockTime start = draft_.empty() ? told_ : timeline.time_of(draft_.front().start);
  const GstClockTime end = draft_.empty() ? told_ : timeline.time_of(draft_.back().end);
  json_.write(epoch_,
              OutputPad::Draft{
                  {.start = start, .end = end, .text = draft_json(draft_, language_, timeline)}});
}

void TextOutput::advance(GstClockTime to, GstClockTime due) {
  if (to <= told_ && due <= due_) return;
  told_ = std::max(told_, to);
  due_ = std::max(due_, due);
  write(OutputPad::Advance{told_, due_});
  audio_.heard(epoch_, told_);
}

void TextOutput::language(const std::string& code) {
  if (code.empty() || code == language_ || !in_segment_) return;
  language_ = code;
  push_tags();
}

// Sends upstream's tags and the element's own tags in one event, because a TAG event with stream
// scope replaces the previous one.
void TextOutput::push_tags() {
  GstTagList* tags = tags_ ? gst_tag_list_copy(tags_.get()) : gst_tag_list_new_empty();
  gst_tag_list_set_scope(tags, GST_TAG_SCOPE_STREAM);
  if (!language_.empty()) {
    gst_tag_list_add(tags, GST_TAG_MERGE_REPLACE, GST_TAG_LANGUAGE_CODE, iso_language(language_),
                     nullptr);
  }
  if (gst_tag_list_is_empty(tags)) {
    gst_tag_list_unref(tags);
    return;
  }
  EventPtr event(gst_event_new_tag(tags));
  if (seqnum_ != GST_SEQNUM_INVALID) gst_event_set_seqnum(event.get(), seqnum_);
  write(OutputPad::Item(std::move(event)));
}

void TextOutput::write(const OutputPad::Item& item) {
  text_.write(epoch_, share_item(item));
  json_.write(epoch_, share_item(item));
}

}  // namespace npuwhisper

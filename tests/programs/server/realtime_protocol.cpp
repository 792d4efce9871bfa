// SPDX-License-Identifier: LGPL-2.1-or-later
#include "realtime_protocol.h"

#include <utility>

namespace npuwhisper::test {
namespace {

const std::string kTranscription = "conversation.item.input_audio_transcription.";

}  // namespace

std::vector<std::string> RealtimeProtocol::types(std::size_t begin) const {
  std::vector<std::string> types;
  for (std::size_t i = begin; i < events_.size(); ++i) {
    std::string type = events_[i].at("type");
    if (type.starts_with(kTranscription)) type.erase(0, kTranscription.size());
    types.push_back(std::move(type));
  }
  return types;
}

std::string RealtimeProtocol::take(const std::string& text) {
  const Json event = Json::parse(text, nullptr, false);
  if (!event.is_object()) return "an event that is no JSON object";
  if (!event.value("event_id", Json()).is_string()) return "an event without event_id";
  const Json named = event.value("type", Json());
  if (!named.is_string()) return "an event without type";
  const std::string type = named;
  const bool is_first = events_.empty();
  events_.push_back(event);
  if (is_first != (type == "session.created")) return "session.created that is not the first event";
  if (type == "session.created" || type == "session.updated") {
    return event.at("session").at("type") == "transcription" ? "" : "a session of another type";
  }
  if (type == "error") {
    ++n_errors_;
    return event.at("error").at("message").get<std::string>().empty() ? "an empty message" : "";
  }
  if (type == "input_audio_buffer.cleared") {
    speaking_.clear();
    text_.clear();
    return "";
  }
  return take_turn_event(type, event);
}

std::string RealtimeProtocol::take_turn_event(const std::string& type, const Json& event) {
  if (type == "input_audio_buffer.speech_started") {
    if (!speaking_.empty()) return "a turn that begins in a turn";
    speaking_ = event.at("item_id");
    if (event.at("audio_start_ms") < last_ms_) return "a turn before the last one's end";
    last_ms_ = event.at("audio_start_ms");
  } else if (type == "input_audio_buffer.speech_stopped") {
    if (event.at("item_id") != speaking_) return "the end of another turn";
    if (event.at("audio_end_ms") < last_ms_) return "an end before the beginning";
    last_ms_ = event.at("audio_end_ms");
    speaking_.clear();
  } else if (type == "input_audio_buffer.committed") {
    if (!is_transcribed_) return "an item before the last one's result";
    const Json previous = committed_.empty() ? Json() : Json(committed_);
    if (event.at("previous_item_id") != previous) return "another previous_item_id";
    committed_ = event.at("item_id");
    is_transcribed_ = false;
  } else if (type == "conversation.item.added" || type == "conversation.item.done") {
    if (event.at("item").at("id") != committed_) return "another item in the conversation";
  } else if (type == kTranscription + "delta") {
    text_ += event.at("delta").get<std::string>();
  } else if (type == kTranscription + "completed" || type == kTranscription + "failed") {
    if (is_transcribed_ || event.at("item_id") != committed_) return "the result of another item";
    is_transcribed_ = true;
    const std::string text = std::exchange(text_, "");
    if (type == kTranscription + "failed") return "";
    if (event.at("transcript") != text) return "a transcript that differs from its deltas";
    transcripts_.push_back(text);
  } else {
    return "an event of the unknown type " + type;
  }
  return "";
}

}  // namespace npuwhisper::test

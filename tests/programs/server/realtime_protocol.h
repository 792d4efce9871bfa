// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace npuwhisper::test {

/// Checks that the events that a RealtimeSession sends are valid and in order.
class RealtimeProtocol {
 public:
  using Json = nlohmann::json;

  /// Takes the next event. Returns what is wrong, or an empty string.
  std::string take(const std::string& text);

  const std::vector<Json>& events() const { return events_; }
  /// Returns the types of the events from number `begin` on, without the common beginning of the
  /// transcription's types.
  std::vector<std::string> types(std::size_t begin = 0) const;
  /// Returns the text of the completed turns.
  const std::vector<std::string>& transcripts() const { return transcripts_; }
  std::size_t n_errors() const { return n_errors_; }

 private:
  std::string take_turn_event(const std::string& type, const Json& event);

  std::vector<Json> events_;
  std::vector<std::string> transcripts_;
  std::size_t n_errors_ = 0;
  std::string speaking_;        // The item that speech_started named.
  std::string committed_;       // The last committed item.
  bool is_transcribed_ = true;  // The last committed item has its result.
  std::string text_;            // The deltas of the item without a result.
  double last_ms_ = 0;
};

}  // namespace npuwhisper::test

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_feed.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace npuwhisper::monitor {
namespace {

using Json = nlohmann::ordered_json;

// A browser reconnects this many milliseconds after its connection breaks.
constexpr std::string_view kRetry = "retry: 1000\n";

void append_event(std::string& out, std::string_view name, std::string_view data) {
  out.append("event: ").append(name).append("\ndata: ").append(data).append("\n\n");
}

}  // namespace

CaptionFeed::CaptionFeed(std::string session, std::size_t capacity)
    : session_(std::move(session)), capacity_(std::max<std::size_t>(capacity, 1)) {}

void CaptionFeed::add_final(std::string json) {
  if (pieces_.size() == capacity_) {
    pieces_.pop_front();
    ++first_;
  }
  pieces_.push_back(std::move(json));
}

void CaptionFeed::set_partial(std::string json) {
  if (json.empty()) json = "{}";
  if (json == partial_) return;
  partial_ = std::move(json);
  ++partial_version_;
}

void CaptionFeed::set_status(std::string json) {
  status_ = std::move(json);
  ++status_version_;
}

CaptionFeed::Reader CaptionFeed::join(std::string_view last_event_id) const {
  Reader reader{.next = first_};
  if (last_event_id.size() <= session_.size() || !last_event_id.starts_with(session_) ||
      last_event_id[session_.size()] != '-') {
    return reader;
  }
  const std::string_view digits = last_event_id.substr(session_.size() + 1);
  std::uint64_t last = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), last);
  // Rejects an id without a valid number, or with a number that this session has not reached.
  if (error != std::errc() || rest != digits.data() + digits.size() || last >= end()) {
    return reader;
  }
  reader.next = last + 1;
  reader.resumed = true;
  return reader;
}

std::string CaptionFeed::read(Reader& reader, std::size_t max_bytes) const {
  std::string out;
  if (!reader.greeted) {
    reader.greeted = true;
    out.append(kRetry);
    append_event(out, "hello", Json{{"session", session_}, {"resumed", reader.resumed}}.dump());
  }
  if (reader.next < first_) {
    append_event(out, "missed", Json{{"pieces", first_ - reader.next}}.dump());
    reader.next = first_;
  }
  while (reader.next < end() && out.size() < max_bytes) {
    out.append("id: ").append(session_).append("-").append(std::to_string(reader.next));
    out.append("\n");
    append_event(out, "final", pieces_[static_cast<std::size_t>(reader.next - first_)]);
    ++reader.next;
  }
  if (reader.next < end()) return out;  // Partial text follows all final text.
  if (reader.partial != partial_version_) {
    reader.partial = partial_version_;
    append_event(out, "partial", partial_);
  }
  if (reader.status != status_version_) {
    reader.status = status_version_;
    append_event(out, "status", status_);
  }
  return out;
}

}  // namespace npuwhisper::monitor

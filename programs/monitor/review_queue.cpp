// SPDX-License-Identifier: LGPL-2.1-or-later
#include "review_queue.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "programs/common/json_line.h"

namespace npuwhisper::monitor {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSpaces = " \t\r\n";

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(kSpaces), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

bool is_control(char c) {
  const auto value = static_cast<unsigned char>(c);
  return (value < 0x20 && kSpaces.find(c) == std::string_view::npos) || value == 0x7F;
}

/// Returns the words of a corrected piece, with their times.
Json timed(const Json& piece, const std::vector<std::string>& words, bool has_space) {
  const Json before = piece.value("words", Json::array());
  const double start = piece.value("start", 0.0);
  const double length = piece.value("end", start) - start;
  std::size_t n_bytes = 0;
  for (const std::string& word : words) n_bytes += word.size();
  Json out = Json::array();
  std::size_t done = 0;
  const auto time_of = [&](std::size_t byte) {
    return start + length * static_cast<double>(byte) / static_cast<double>(n_bytes);
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    Json word = {{"text", (i > 0 || has_space ? " " : "") + words[i]}};
    if (before.size() == words.size()) {
      word["start"] = before[i].at("start");
      word["end"] = before[i].at("end");
    } else {
      word["start"] = time_of(done);
      word["end"] = time_of(done + words[i].size());
    }
    done += words[i].size();
    out.push_back(std::move(word));
  }
  return out;
}

}  // namespace

ReviewQueue::ReviewQueue(std::chrono::milliseconds hold, std::size_t capacity)
    : hold_(hold), capacity_(capacity) {}

std::uint64_t ReviewQueue::add(std::string json, Clock::time_point now) {
  Held& held = held_.emplace_back();
  held.piece = {.number = next_, .json = json};
  held.original = std::move(json);
  held.due = now + hold_;
  return next_++;
}

Result<void> ReviewQueue::correct(std::uint64_t number, std::string_view text) {
  if (text.size() > kMaxText) {
    return fail(ErrorCode::InvalidArgument, "text: found " + std::to_string(text.size()) +
                                                " bytes, wanted at most " +
                                                std::to_string(kMaxText));
  }
  if (std::ranges::any_of(text, is_control)) {
    return fail(ErrorCode::InvalidArgument, "text: found a control character, wanted none");
  }
  const auto held = std::ranges::find(held_, number, [](const Held& h) { return h.piece.number; });
  if (held == held_.end()) {
    return fail(ErrorCode::NotFound,
                "piece " + std::to_string(number) +
                    (number > 0 && number < next_ ? " has gone out" : " does not exist"));
  }
  Json piece = Json::parse(held->original);
  const std::vector<std::string> words = split(text);
  const bool has_space = piece.at("text").get<std::string>().starts_with(' ');
  Json corrected = timed(piece, words, has_space);
  std::string joined;
  for (const Json& word : corrected) joined += word.at("text").get<std::string>();
  piece["text"] = joined;
  // Without word times, the piece has no words.
  if (!piece.value("words", Json::array()).empty()) piece["words"] = std::move(corrected);
  piece["corrected"] = true;
  held->piece.json = cli::json_line(piece);
  held->piece.is_withheld = words.empty();
  return {};
}

ReviewQueue::Piece ReviewQueue::pop() {
  Piece piece = std::move(held_.front().piece);
  held_.pop_front();
  return piece;
}

std::vector<ReviewQueue::Piece> ReviewQueue::take_due(Clock::time_point now) {
  std::vector<Piece> due;
  while (!held_.empty() && (held_.front().due <= now || held_.size() > capacity_)) {
    due.push_back(pop());
  }
  return due;
}

std::vector<ReviewQueue::Piece> ReviewQueue::take_all() {
  std::vector<Piece> all;
  while (!held_.empty()) all.push_back(pop());
  return all;
}

}  // namespace npuwhisper::monitor

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "form_data.h"

#include <libsoup/soup.h>

#include <memory>
#include <optional>
#include <utility>

namespace npuwhisper::server {
namespace {

constexpr std::string_view kLineBreak = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

using Parameters = std::unique_ptr<GHashTable, void (*)(GHashTable*)>;
using Headers = std::unique_ptr<SoupMessageHeaders, void (*)(SoupMessageHeaders*)>;

Failure malformed(const std::string& reason) {
  return fail(ErrorCode::InvalidArgument, "the body is not valid multipart/form-data: " + reason);
}

/// Returns the parameter of a header, or nullopt if it is missing.
std::optional<std::string> parameter(const Parameters& parameters, const char* name) {
  const auto* value = static_cast<const char*>(g_hash_table_lookup(parameters.get(), name));
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

FormData::FormData(std::string boundary, Events events)
    : delimiter_("\r\n--" + std::move(boundary)), events_(std::move(events)) {}

Result<FormData> FormData::create(const char* content_type, Events events) {
  const std::string found = content_type == nullptr ? "none" : content_type;
  const Headers headers(soup_message_headers_new(SOUP_MESSAGE_HEADERS_REQUEST),
                        soup_message_headers_unref);
  if (content_type != nullptr) {
    soup_message_headers_replace(headers.get(), "Content-Type", content_type);
  }
  GHashTable* raw = nullptr;
  const char* type = soup_message_headers_get_content_type(headers.get(), &raw);
  const Parameters parameters(raw, g_hash_table_unref);
  if (type == nullptr || g_ascii_strcasecmp(type, "multipart/form-data") != 0) {
    return fail(ErrorCode::InvalidArgument,
                "Content-Type: found " + found + ", wanted multipart/form-data");
  }
  auto boundary = parameter(parameters, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) {
    return fail(ErrorCode::InvalidArgument, "Content-Type: found " + found +
                                                ", wanted a boundary of 1 to " +
                                                std::to_string(kMaxBoundary) + " characters");
  }
  return FormData(*std::move(boundary), std::move(events));
}

Result<void> FormData::add(std::span<const char> piece) {
  buffer_.append(piece.data(), piece.size());
  while (true) {
    const Result<bool> more = step();
    if (!more) return fail(more.error());
    if (!*more) return {};
  }
}

Result<void> FormData::finish() const {
  if (state_ != State::Epilogue) return malformed("it ends before the last boundary");
  return {};
}

/// Reads one element of the body. Returns false if more bytes are needed.
Result<bool> FormData::step() {
  switch (state_) {
    case State::Preamble:
    case State::Field:
    case State::File:
      return read_content();
    case State::BoundaryEnd:
      return read_boundary_end();
    case State::Head:
      return read_head();
    case State::Epilogue:
      break;
  }
  buffer_.clear();
  return false;
}

/// Reads up to the next delimiter. Keeps the bytes that may be the beginning of a delimiter.
Result<bool> FormData::read_content() {
  const std::size_t end = buffer_.find(delimiter_);
  std::size_t n = end;
  if (end == std::string::npos) {
    if (buffer_.size() < delimiter_.size()) return false;
    n = buffer_.size() - delimiter_.size() + 1;
  }
  if (auto taken = take(std::string_view(buffer_).substr(0, n)); !taken) return fail(taken.error());
  if (end == std::string::npos) {
    buffer_.erase(0, n);
    return false;
  }
  buffer_.erase(0, n + delimiter_.size());
  if (auto ended = end_part(); !ended) return fail(ended.error());
  state_ = State::BoundaryEnd;
  return true;
}

/// Reads the bytes after a delimiter: "--" after the last part, otherwise a line break.
Result<bool> FormData::read_boundary_end() {
  // Spaces may stand between the boundary and the line break.
  buffer_.erase(0, buffer_.find_first_not_of(" \t"));
  if (buffer_.size() < 2) return false;
  if (buffer_.starts_with("--")) {
    state_ = State::Epilogue;
    return true;
  }
  if (!buffer_.starts_with(kLineBreak)) {
    return malformed("a boundary is followed by neither a line break nor --");
  }
  if (++n_parts_ > kMaxParts) {
    return malformed("it has more than " + std::to_string(kMaxParts) + " parts");
  }
  state_ = State::Head;  // The line break remains: it also ends an empty head.
  return true;
}

Result<bool> FormData::read_head() {
  const std::size_t end = buffer_.find(kHeadEnd);
  if (end == std::string::npos ? buffer_.size() >= kMaxHead + kHeadEnd.size() : end > kMaxHead) {
    return malformed("the head of a part exceeds " + std::to_string(kMaxHead) + " bytes");
  }
  if (end == std::string::npos) return false;
  // soup_headers_parse() skips the first line, which is empty here, and wants a final line break.
  const std::string head = buffer_.substr(0, end + kLineBreak.size());
  buffer_.erase(0, end + kHeadEnd.size());
  const Headers headers(soup_message_headers_new(SOUP_MESSAGE_HEADERS_MULTIPART),
                        soup_message_headers_unref);
  char* raw_type = nullptr;
  GHashTable* raw = nullptr;
  if (!soup_headers_parse(head.data(), static_cast<int>(head.size()), headers.get()) ||
      !soup_message_headers_get_content_disposition(headers.get(), &raw_type, &raw)) {
    return malformed("a part has no Content-Disposition");
  }
  const std::unique_ptr<char, void (*)(void*)> type(raw_type, g_free);
  const Parameters parameters(raw, g_hash_table_unref);
  const auto name = parameter(parameters, "name");
  if (g_ascii_strcasecmp(type.get(), "form-data") != 0 || !name) {
    return malformed("a part is not form-data with a name");
  }
  name_ = *name;
  value_.clear();
  field_bytes_ += name_.size();
  if (!parameter(parameters, "filename")) {
    state_ = State::Field;
    return true;
  }
  state_ = State::File;
  if (auto announced = events_.file(name_); !announced) return fail(announced.error());
  return true;
}

/// Takes the next bytes of the current part.
Result<void> FormData::take(std::string_view content) {
  if (state_ == State::File && !content.empty()) {
    return events_.bytes({content.data(), content.size()});
  }
  if (state_ != State::Field) return {};
  field_bytes_ += content.size();
  if (field_bytes_ > kMaxFields) {
    return malformed("its fields exceed " + std::to_string(kMaxFields) + " bytes");
  }
  value_ += content;
  return {};
}

Result<void> FormData::end_part() {
  if (state_ != State::Field) return {};
  return events_.field(name_, std::move(value_));
}

}  // namespace npuwhisper::server

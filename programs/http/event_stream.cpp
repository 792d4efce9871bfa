// SPDX-License-Identifier: LGPL-2.1-or-later
#include "event_stream.h"

#include <string>
#include <utility>

#include "connection_gate.h"

namespace npuwhisper::http {

EventStream::EventStream(SoupServerMessage* message, Read read)
    : message_(g_object_ref(message)), read_(std::move(read)) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message_);
  soup_message_headers_set_content_type(headers, "text/event-stream", nullptr);
  soup_message_headers_replace(headers, "Cache-Control", "no-store");
  // HTTP/1.0, which some proxies use, has no chunks. The end of the connection then ends the
  // response.
  const bool has_chunks = soup_server_message_get_http_version(message_) != SOUP_HTTP_1_0;
  soup_message_headers_set_encoding(headers,
                                    has_chunks ? SOUP_ENCODING_CHUNKED : SOUP_ENCODING_EOF);
  // By default, libsoup keeps the whole response in memory.
  soup_message_body_set_accumulate(soup_server_message_get_response_body(message_), FALSE);
  soup_server_message_set_status(message_, SOUP_STATUS_OK, nullptr);
  handler_ = g_signal_connect(message_, "wrote-chunk", G_CALLBACK(&EventStream::wrote_chunk), this);
}

EventStream::~EventStream() {
  g_signal_handler_disconnect(message_, handler_);
  g_object_unref(message_);
}

void EventStream::pump() {
  if (writing_ || finished_) return;
  const std::optional<std::string> chunk = read_();
  if (!chunk || (chunk->empty() && ending_)) return complete();
  if (chunk->empty()) return;  // An empty chunk would end the response.
  writing_ = true;
  since_ = Clock::now();
  soup_message_body_append(soup_server_message_get_response_body(message_), SOUP_MEMORY_COPY,
                           chunk->data(), chunk->size());
  soup_server_message_unpause(message_);
}

bool EventStream::stalled(Clock::time_point now, Clock::duration limit) const {
  return writing_ && now - since_ > limit;
}

void EventStream::finish() {
  ending_ = true;
  pump();
}

void EventStream::complete() {
  finished_ = true;
  soup_message_body_complete(soup_server_message_get_response_body(message_));
  soup_server_message_unpause(message_);
}

void EventStream::drop() {
  finished_ = true;
  ConnectionGate::drop(message_);
}

void EventStream::wrote_chunk(SoupServerMessage*, gpointer self) {
  auto& stream = *static_cast<EventStream*>(self);
  stream.writing_ = false;
  stream.pump();
}

}  // namespace npuwhisper::http

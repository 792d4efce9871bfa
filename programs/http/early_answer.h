// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <string>

namespace npuwhisper::http {

/// Answers a request whose body has not arrived completely, and then closes the connection. libsoup
/// would read the whole body before it sends the response. `head` are the lines of the response
/// headers, each with CR LF. Takes the connection from libsoup in a later iteration of the main
/// context; libsoup emits "finished" only if the connection ends before. Call this function from
/// the main context's thread.
void answer_early(SoupServerMessage* message, guint status, const std::string& head,
                  const std::string& body);

}  // namespace npuwhisper::http

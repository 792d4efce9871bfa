// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <functional>

namespace npuwhisper::http {

/// Reports that the client has closed its connection, or its sending direction, while the server
/// works on the response. libsoup does not notice this while a message is paused. If the client has
/// sent further data, reports only that both directions are closed. Use this class
/// from the main context's thread.
class DisconnectWatch {
 public:
  /// Watches the connection of `message`, whose request has arrived completely. Calls `gone` at
  /// most once.
  DisconnectWatch(SoupServerMessage* message, std::function<void()> gone);
  ~DisconnectWatch();
  DisconnectWatch(const DisconnectWatch&) = delete;
  DisconnectWatch& operator=(const DisconnectWatch&) = delete;

 private:
  void watch(GIOCondition condition);
  void check();

  const int fd_;
  const std::function<void()> gone_;
  guint source_ = 0;
};

}  // namespace npuwhisper::http

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "disconnect_watch.h"

#include <glib-unix.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "connection_gate.h"

namespace npuwhisper::http {
namespace {

constexpr auto kEnd = static_cast<GIOCondition>(G_IO_HUP | G_IO_ERR);
constexpr auto kAny = static_cast<GIOCondition>(G_IO_IN | kEnd);

}  // namespace
DisconnectWatch::DisconnectWatch(SoupServerMessage* message, std::function<void()> gone)
    : fd_(g_socket_get_fd(ConnectionGate::socket_of(message))), gone_(std::move(gone)) {
  watch(kAny);
}

void DisconnectWatch::watch(GIOCondition condition) {
  source_ = g_unix_fd_add(
      fd_, condition,
      [](gint, GIOCondition, gpointer self) -> gboolean {
        static_cast<DisconnectWatch*>(self)->check();
        return G_SOURCE_REMOVE;
      },
      this);
}

void DisconnectWatch::check() {
  source_ = 0;
  char byte = 0;
  const ssize_t n = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return watch(kAny);
  if (n > 0) {
    // The client has sent its next request. This byte hides the end of the sending direction.
    return watch(kEnd);
  }
  const std::function<void()> call = gone_;  // The call may destroy this object.
  call();
}

DisconnectWatch::~DisconnectWatch() {
  if (source_ != 0) g_source_remove(source_);
}

}  // namespace npuwhisper::http

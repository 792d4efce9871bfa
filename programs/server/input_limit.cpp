// SPDX-License-Identifier: LGPL-2.1-or-later
#include "input_limit.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <system_error>

namespace npuwhisper::server {
namespace {

constexpr std::chrono::milliseconds kInterval{20};
constexpr int kKernelBytes = 128 << 10;
/// Bytes of a frame beside its text. A message may have several frames, with up to a tenth of its
/// size.
constexpr std::uint64_t kFrameOverhead = 14;

/// Returns the number of bytes that have been read from a TCP socket, or a smaller number if bytes
/// arrive meanwhile. Returns 0 if the kernel does not tell.
std::int64_t bytes_read(int socket) {
  tcp_info info{};
  socklen_t n_bytes = sizeof info;
  int n_unread = 0;
  constexpr socklen_t kNeeded = offsetof(tcp_info, tcpi_bytes_received) + sizeof(std::uint64_t);
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &n_bytes) != 0 || n_bytes < kNeeded ||
      ::ioctl(socket, SIOCINQ, &n_unread) != 0) {
    return 0;
  }
  return static_cast<std::int64_t>(info.tcpi_bytes_received) - n_unread;
}

}  // namespace

Result<std::unique_ptr<InputLimit>> InputLimit::create(int socket, std::uint64_t most) {
  const int own = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return fail(ErrorCode::Unavailable, "no descriptor for a session");
  // libsoup also reads what the kernel holds when the socket is shut down.
  ::setsockopt(own, SOL_SOCKET, SO_RCVBUF, &kKernelBytes, sizeof kKernelBytes);
  std::unique_ptr<InputLimit> limit(new InputLimit(own, most));
  try {
    limit->thread_ = std::thread([raw = limit.get()] { raw->run(); });
  } catch (const std::system_error&) {
    return fail(ErrorCode::Unavailable, "no thread for a session");
  }
  return limit;
}

InputLimit::InputLimit(int socket, std::uint64_t most)
    : socket_(socket), most_(most), first_(bytes_read(socket)) {}

InputLimit::~InputLimit() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  ::close(socket_);
}

void InputLimit::add_message(std::uint64_t bytes) {
  n_message_bytes_ += bytes + bytes / 10 + kFrameOverhead;
}

bool InputLimit::is_exceeded() const {
  const std::int64_t n_read = bytes_read(socket_) - first_;
  return n_read > 0 && static_cast<std::uint64_t>(n_read) > n_message_bytes_ + most_;
}

void InputLimit::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kInterval, [this] { return stopped_; })) {
    if (!is_exceeded()) continue;
    // With a reset at the end, the client need not wait for the kernel.
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::shutdown(socket_, SHUT_RDWR);
    return;
  }
}

}  // namespace npuwhisper::server

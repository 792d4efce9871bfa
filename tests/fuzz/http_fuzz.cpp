// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is one control byte followed by the data that a browser sends to the monitor. The
// control byte sets the position of a pause in the data. Its lowest bit selects the server: 0 for a
// server that only this machine can reach, 1 for a server that all machines can reach with a token.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>

#include "harness.h"
#include "programs/monitor/caption_feed.h"
#include "programs/monitor/web_server.h"

namespace npuwhisper::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

/// Time limit of an input, longer than any request takes on a busy machine.
constexpr std::chrono::seconds kTimeout{60};

/// A web server of the monitor, with one text in its feed. One server handles many inputs.
class Monitor {
 public:
  explicit Monitor(const http::HttpServer::Options& options) {
    feed_.add_final(R"({"text":"said before"})");
    auto server = monitor::WebServer::create(options, feed_);
    require(server.has_value(), "a server");
    server_ = std::move(*server);
    const std::string& url = server_->url();  // http://ADDRESS:PORT/
    port_ = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }

  std::uint16_t port() const { return port_; }
  bool has_stream() const { return server_->n_streams() > 0; }
  bool is_quiet() const { return server_->n_connections() == 0; }

  /// Runs one iteration of the server's main context.
  void turn() {
    if (has_stream()) {
      feed_.set_status("{}");
      server_->publish();  // Detects browsers that have disconnected.
    }
    if (g_main_context_iteration(nullptr, FALSE) == FALSE) g_usleep(20);
  }

 private:
  monitor::CaptionFeed feed_{"s", 4};
  std::unique_ptr<monitor::WebServer> server_;
  std::uint16_t port_ = 0;
};

class Browser {
 public:
  explicit Browser(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
            "a connection to the server");
  }
  ~Browser() { close(); }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// Sends the bytes. Bytes that the server does not accept are lost.
  void send(std::string_view bytes) const {
    (void)::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  void finish_sending() const { ::shutdown(socket_, SHUT_WR); }

  /// Reads the available part of the answer. Returns true at the end of the answer.
  bool read() {
    char bytes[4096];
    ssize_t n = 0;
    while ((n = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
      if (answer_.size() < 64) answer_.append(bytes, static_cast<std::size_t>(n));
    }
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  const std::string& answer() const { return answer_; }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

 private:
  int socket_;
  std::string answer_;
};

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  static Monitor local({});
  static Monitor open(
      {.address = "0.0.0.0",
       .access = {.hosts = {"captions.example", "192.0.2.1"}, .token = "0123456789abcdef"}});
  if (size == 0) return 0;
  Monitor& monitor = data[0] % 2 == 0 ? local : open;
  const std::string_view request = text_of(data + 1, size - 1);
  const std::size_t pause = request.size() * data[0] / 256;

  Browser browser(monitor.port());
  browser.send(request.substr(0, pause));
  for (int i = 0; pause > 0 && i < 8; ++i) monitor.turn();
  browser.send(request.substr(pause));
  browser.finish_sending();

  const auto end = Clock::now() + kTimeout;
  while (!browser.read() && !monitor.has_stream()) {
    require(Clock::now() < end, "an end of the connection");
    monitor.turn();
  }
  require(browser.answer().empty() || browser.answer().starts_with("HTTP/1."), "an HTTP answer");
  browser.close();
  while (!monitor.is_quiet() || monitor.has_stream()) {
    require(Clock::now() < end, "a server that forgets the connection");
    monitor.turn();
  }
  return 0;
}

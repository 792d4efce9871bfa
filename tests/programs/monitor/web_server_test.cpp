// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests the monitor's HTTP server with simulated browsers. Some browsers read slowly, use HTTP/1.0,
// or request the server under a foreign host name. Some tests open too many connections.

#include "programs/monitor/web_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "programs/monitor/caption_feed.h"

namespace npuwhisper::monitor {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A browser's connection. It receives data only in read(), is_closed() and has().
class Browser {
 public:
  Browser(std::uint16_t port, const std::string& request, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    if (receive_buffer > 0) {
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const auto end = Clock::now() + 60s;
    while (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0 && Clock::now() < end) {
      g_usleep(100);
    }
  }
  ~Browser() { ::close(socket_); }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// Receives all data that has arrived. Returns the data received since the last forget().
  const std::string& read() {
    char bytes[65536];
    for (ssize_t n = 0; (n = recv(socket_, bytes, sizeof bytes, 0)) > 0;) {
      got_.append(bytes, static_cast<std::size_t>(n));
    }
    return got_;
  }
  /// Receives all data that has arrived. Returns true if the server has closed the connection.
  bool is_closed() {
    read();
    char byte = 0;
    const ssize_t n = recv(socket_, &byte, 1, MSG_PEEK);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
  }
  void send_more(const std::string& text) {
    // Ignores errors, because the server may have closed the connection (see is_closed()).
    (void)!::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  bool has(const std::string& text) { return read().find(text) != std::string::npos; }
  void forget() { got_.clear(); }

 private:
  int socket_;
  std::string got_;
};

class WebServerTest : public ::testing::Test {
 protected:
  explicit WebServerTest(const http::ConnectionGate::Limits& limits = {}) : limits_(limits) {}
  void SetUp() override {
    auto server = WebServer::create({.address = address_, .access = access_, .limits = limits_},
                                    feed_, make_desk());
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    const std::string url = server_->url();  // http://127.0.0.1:PORT/
    port_ = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }

  virtual std::optional<Desk> make_desk() { return std::nullopt; }
  std::string request(const std::string& path, const std::string& more = "",
                      const std::string& method = "GET", const std::string& version = "1.1") {
    return method + " " + path + " HTTP/" + version +
           "\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n" + more + "\r\n";
  }
  std::unique_ptr<Browser> open(const std::string& text, int receive_buffer = 0) {
    return std::make_unique<Browser>(port_, text, receive_buffer);
  }
  template <typename Condition>
  static bool wait_for(Condition&& condition) {
    const auto end = Clock::now() + 60s;
    while (!condition()) {
      if (Clock::now() > end) return false;
      if (g_main_context_iteration(nullptr, FALSE) == FALSE) g_usleep(200);
    }
    return true;
  }
  std::string answer(const std::string& text) {
    const auto browser = open(text);
    EXPECT_TRUE(wait_for([&] { return browser->has("\r\n\r\n"); })) << text;
    return browser->read().substr(0, browser->read().find("\r\n"));
  }

  const http::ConnectionGate::Limits limits_;
  std::string address_ = "127.0.0.1";
  http::AccessRules::Options access_;
  CaptionFeed feed_{"s", 100};
  std::unique_ptr<WebServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(WebServerTest, GivesEveryBrowserWhatIsNew) {
  feed_.add_final("\"before\"");
  const auto first = open(request("/events"));
  const auto second = open(request("/events"));
  EXPECT_TRUE(wait_for([&] { return first->has("before") && second->has("before"); }));
  feed_.add_final("\"after\"");
  server_->publish();
  EXPECT_TRUE(wait_for([&] { return first->has("after") && second->has("after"); }));
  EXPECT_TRUE(first->has("Content-Type: text/event-stream"));
  const auto third = open(request("/events", "Last-Event-ID: s-1\r\n"));
  EXPECT_TRUE(wait_for([&] { return third->has("after"); }));
  EXPECT_FALSE(third->has("before"));
}

TEST_F(WebServerTest, IsKeptWaitingByNobody) {
  const auto slow = open(request("/events"), 4096);
  const auto quick = open(request("/events"));
  ASSERT_TRUE(wait_for([&] { return server_->n_streams() == 2; }));
  // The pieces have 16 MB in total, which exceeds the sockets' buffers.
  const std::string text(16384, 'x');
  constexpr int kPieces = 1000;
  std::vector<Clock::duration> took;
  for (int i = 1; i <= kPieces; ++i) {
    quick->forget();
    feed_.add_final("\"" + std::to_string(i) + text + "\"");
    const auto before = Clock::now();
    server_->publish();
    took.push_back(Clock::now() - before);
    ASSERT_TRUE(wait_for([&] { return quick->has(text + "\"\n\n"); })) << i;
    ASSERT_TRUE(quick->has("id: s-" + std::to_string(i) + "\n")) << i;
    ASSERT_FALSE(quick->has("event: missed")) << i;
  }
  // Checks the 90th percentile, because on a busy machine some calls take longer.
  std::ranges::sort(took);
  EXPECT_LT(took[took.size() * 9 / 10], 100ms);
  // The slow browser receives the last events, which the feed keeps, and an event that reports the
  // missed events.
  EXPECT_TRUE(wait_for([&] { return slow->has("\"1000x"); }));
  EXPECT_TRUE(slow->has("event: missed"));
  EXPECT_FALSE(slow->has("\"850x"));
}

TEST_F(WebServerTest, ForgetsABrowserThatHasGone) {
  auto browser = open(request("/events"));
  ASSERT_TRUE(wait_for([&] { return server_->n_streams() == 1; }));
  browser.reset();
  EXPECT_TRUE(wait_for([&] {
    feed_.set_status("{}");
    server_->publish();
    return server_->n_streams() == 0;
  }));
}

TEST_F(WebServerTest, TakesNoMoreBrowsersThanItCanServe) {
  std::vector<std::unique_ptr<Browser>> browsers;
  for (std::size_t i = 0; i < WebServer::kMaxStreams; ++i) {
    browsers.push_back(open(request("/events")));
    ASSERT_TRUE(wait_for([&] { return server_->n_streams() == i + 1; }));
  }
  EXPECT_EQ(answer(request("/events")), "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(answer(request("/")), "HTTP/1.1 200 OK");
}

class FewConnectionsTest : public WebServerTest {
 protected:
  FewConnectionsTest() : WebServerTest({.n_connections = 4, .n_refusals = 1, .silence = 600s}) {}

  bool wait_for_connections(std::size_t n) {
    return wait_for([&] { return server_->n_connections() == n; });
  }
  /// Returns `n` connections that send nothing.
  std::vector<std::unique_ptr<Browser>> open_silent(std::size_t n) {
    std::vector<std::unique_ptr<Browser>> silent;
    while (silent.size() < n) {
      silent.push_back(open(""));
      EXPECT_TRUE(wait_for_connections(silent.size()));
    }
    return silent;
  }
};

TEST_F(FewConnectionsTest, TellsTheNextThatItIsOneTooMany) {
  auto silent = open_silent(4);
  const auto refused = open(request("/"));
  ASSERT_TRUE(wait_for([&] { return refused->is_closed(); }));
  EXPECT_TRUE(refused->has("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_TRUE(refused->has("Connection: close\r\n"));
  EXPECT_TRUE(refused->has("Too many connections"));
  // After one connection closes, the server accepts another one.
  silent.pop_back();
  ASSERT_TRUE(wait_for_connections(3));
  EXPECT_EQ(answer(request("/")), "HTTP/1.1 200 OK");
}

TEST_F(FewConnectionsTest, ClosesAtOnceWhenEvenRefusalsAreTooMany) {
  const auto silent = open_silent(5);
  const auto refused = open(request("/"));
  EXPECT_TRUE(wait_for([&] { return refused->is_closed(); }));
  EXPECT_EQ(server_->n_connections(), 5U);
}

class ImpatientServerTest : public WebServerTest {
 protected:
  ImpatientServerTest() : WebServerTest({.silence = 1s}) {}
};

TEST_F(ImpatientServerTest, ClosesTheSilentButNotWhoListens) {
  const auto listener = open(request("/events"));
  ASSERT_TRUE(wait_for([&] { return server_->n_streams() == 1; }));
  const auto silent = open("");
  const auto slow = open("GET / HTTP/1.1\r\n");
  const auto idle = open(request("/"));
  EXPECT_TRUE(
      wait_for([&] { return silent->is_closed() && slow->is_closed() && idle->is_closed(); }));
  EXPECT_TRUE(idle->has("200 OK"));
  ASSERT_TRUE(wait_for([&] { return server_->n_connections() == 1; }));
  feed_.add_final("\"still there\"");
  server_->publish();
  EXPECT_TRUE(wait_for([&] { return listener->has("still there"); }));
}

/// Tests requests that arrive byte by byte. Only the limit for a whole request can end such a
/// connection, because the limit for silence is never reached.
class DrippingServerTest : public WebServerTest {
 protected:
  DrippingServerTest() : WebServerTest({.silence = 600s, .request = 3s}) {}

  /// Sends an endless request head byte by byte on `browser`. Returns whether the server closes the
  /// connection.
  bool closes(Browser& browser) {
    auto next = Clock::now();
    return wait_for([&] {
      if (Clock::now() >= next) {
        browser.send_more("x");
        next = Clock::now() + 50ms;
      }
      return browser.is_closed();
    });
  }
};

TEST_F(DrippingServerTest, AHeadThatTakesTooLongEndsTheConnection) {
  const auto listener = open(request("/events"));
  ASSERT_TRUE(wait_for([&] { return server_->n_streams() == 1; }));
  const auto drip = open("GET / HTTP/1.1\r\nX: ");
  EXPECT_TRUE(closes(*drip));
  // The limit for a request also applies to a connection that has already received a response.
  const auto second = open(request("/"));
  ASSERT_TRUE(wait_for([&] { return second->has("</html>"); }));
  second->send_more("GET / HTTP/1.1\r\nX: ");
  EXPECT_TRUE(closes(*second));
  // The limit does not apply to the browser that reads /events.
  feed_.add_final("\"still there\"");
  server_->publish();
  EXPECT_TRUE(wait_for([&] { return listener->has("still there"); }));
}

/// Tests a server that listens on all of this machine's addresses. Browsers connect over the
/// loopback interface.
class OpenServerTest : public WebServerTest {
 protected:
  OpenServerTest() : WebServerTest() { address_ = "0.0.0.0"; }
  std::string answer_to_host(const std::string& host) {
    return answer("GET /events HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  }
};

/// Guards against DNS rebinding. Otherwise, a web site that resolves its own name to this server
/// could read the captions through its visitors' browsers.
TEST_F(OpenServerTest, AnswersUnderItsOwnNamesOnly) {
  EXPECT_EQ(answer_to_host("captions.example"), "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(answer_to_host("captions.example:" + std::to_string(port_)), "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(answer_to_host("192.0.2.1"), "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(answer_to_host("127.0.0.1"), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer_to_host("localhost:" + std::to_string(port_)), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer_to_host(g_get_host_name()), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer_to_host("0.0.0.0"), "HTTP/1.1 200 OK");
}

class NamedServerTest : public OpenServerTest {
 protected:
  NamedServerTest() { access_.hosts = {"Captions.Example", "192.0.2.1"}; }
};

TEST_F(NamedServerTest, AnswersUnderTheNamesThatItWasGiven) {
  EXPECT_EQ(answer_to_host("captions.example"), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer_to_host("CAPTIONS.example.:80"), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer_to_host("192.0.2.1"), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer_to_host("localhost"), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer_to_host("192.0.2.2"), "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(answer_to_host("evil.captions.example"), "HTTP/1.1 403 Forbidden");
}

class SecretServerTest : public WebServerTest {
 protected:
  SecretServerTest() { access_.token = "0123456789abcdef-._~"; }
};

TEST_F(SecretServerTest, AnswersWithTheTokenOnly) {
  const std::string refusal = "HTTP/1.1 401 Unauthorized";
  for (const std::string path : {"/", "/page.css", "/page.js", "/events", "/nothing"}) {
    EXPECT_EQ(answer(request(path)), refusal) << path;
    EXPECT_EQ(answer(request(path + "?token=0123456789abcdef-._")), refusal) << path;
    EXPECT_EQ(answer(request(path + "?token=0123456789abcdef-._~1")), refusal) << path;
    EXPECT_EQ(answer(request(path + "?token=")), refusal) << path;
    EXPECT_EQ(answer(request(path, "Authorization: Bearer 0123456789abcdef-._!\r\n")), refusal);
    const std::string found = path == "/nothing" ? "HTTP/1.1 404 Not Found" : "HTTP/1.1 200 OK";
    EXPECT_EQ(answer(request(path + "?token=0123456789abcdef-._~")), found) << path;
    EXPECT_EQ(answer(request(path + "?a=b&token=0123456789abcdef-._~&c")), found) << path;
    EXPECT_EQ(answer(request(path, "Authorization: Bearer 0123456789abcdef-._~\r\n")), found);
  }
}

TEST_F(SecretServerTest, ThePageCarriesTheToken) {
  EXPECT_TRUE(server_->url().ends_with("/?token=0123456789abcdef-._~")) << server_->url();
  const auto page = open(request("/?token=0123456789abcdef-._~"));
  ASSERT_TRUE(wait_for([&] { return page->has("</html>"); }));
  EXPECT_TRUE(page->has("href=\"page.css?token=0123456789abcdef-._~\""));
  EXPECT_TRUE(page->has("src=\"page.js?token=0123456789abcdef-._~\""));
}

TEST_F(WebServerTest, ThePageHasNoMarkWithoutToken) {
  const auto page = open(request("/"));
  ASSERT_TRUE(wait_for([&] { return page->has("</html>"); }));
  EXPECT_TRUE(page->has("href=\"page.css\""));
  EXPECT_FALSE(page->has("QUERY"));
}

TEST(AccessRules, SaysWhatIsWrong) {
  const auto told = [](http::AccessRules::Options options, std::string_view part) {
    const auto rules = http::AccessRules::create(std::move(options), "127.0.0.1");
    ASSERT_FALSE(rules) << part;
    EXPECT_EQ(rules.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(rules.error().message.find(part), std::string::npos) << rules.error().message;
    EXPECT_EQ(rules.error().message.find("secret"), std::string::npos) << rules.error().message;
  };
  told({.token = "secret"}, "--token: wanted at least 16");
  told({.token = "secret and with spaces"}, "found 22 characters");
  told({.hosts = {"captions.example:80"}}, "host 'captions.example:80'");
  told({.hosts = {""}}, "host ''");
}

TEST_F(WebServerTest, AnswersReadersOfThisMachineOnly) {
  EXPECT_EQ(answer(request("/", "", "HEAD")), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer(request("/page.js")), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer(request("/page.css")), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer(request("/../etc/passwd")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(answer(request("/events/more")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(answer(request("/events", "Content-Length: 0\r\n", "POST")),
            "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(answer("GET /events HTTP/1.1\r\nHost: captions.example\r\n\r\n"),
            "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(answer("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 200 OK");
}

TEST_F(WebServerTest, SpeaksHttp10) {
  feed_.add_final("\"text\"");
  const auto old = open(request("/events", "", "GET", "1.0"));
  EXPECT_TRUE(wait_for([&] { return old->has("data: \"text\"\n"); }));
  EXPECT_FALSE(old->has("chunked"));
}

TEST_F(WebServerTest, EndsWhatItHasBegun) {
  const auto browser = open(request("/events"));
  ASSERT_TRUE(wait_for([&] { return server_->n_streams() == 1; }));
  feed_.set_status("\"stopped\"");
  server_->publish();
  server_->close(5);
  EXPECT_EQ(server_->n_streams(), 0U);
  EXPECT_TRUE(browser->has("stopped"));
  EXPECT_TRUE(browser->has("\r\n0\r\n\r\n"));  // The end of a chunked response.
}

TEST_F(WebServerTest, SendsAllEventsBeforeItEnds) {
  const auto browser = open(request("/events"));
  ASSERT_TRUE(wait_for([&] { return server_->n_streams() == 1; }));
  for (int i = 0; i < 50; ++i) feed_.add_final("\"" + std::string(2000, 'x') + "\"");
  feed_.add_final("\"the last text\"");
  server_->publish();
  feed_.set_status("\"stopped\"");
  server_->close(5);
  EXPECT_EQ(server_->n_streams(), 0U);
  EXPECT_TRUE(browser->has("the last text"));
  EXPECT_TRUE(browser->has("stopped"));
}

TEST_F(WebServerTest, SaysWhyItCannotListen) {
  const auto taken = WebServer::create({.port = port_}, feed_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::Unavailable);
  EXPECT_NE(taken.error().message.find("--port"), std::string::npos) << taken.error().message;
  const auto no_address = WebServer::create({.address = "here"}, feed_);
  ASSERT_FALSE(no_address);
  EXPECT_EQ(no_address.error().code, ErrorCode::InvalidArgument);
}

TEST_F(WebServerTest, SaysThatTheConnectionEndsWithTheResponse) {
  for (const char* path : {"/", "/nowhere", "/page.css"}) {
    const auto browser = open(request(path));
    EXPECT_TRUE(wait_for([&] { return browser->is_closed(); })) << path;
    EXPECT_TRUE(browser->has("\r\nConnection: close\r\n")) << path << browser->read();
  }
}

TEST_F(WebServerTest, HasNoDeskWithoutReview) {
  EXPECT_EQ(answer(request("/desk")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(answer(request("/desk/events")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(answer(request("/desk/corrections", "Content-Length: 0\r\n", "POST")),
            "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(server_->desk_url(), "");
  EXPECT_EQ(answer(request("/stage")), "HTTP/1.1 200 OK");
}

class DeskTest : public WebServerTest {
 protected:
  DeskTest() { access_.token = "token-of-the-viewers"; }
  std::optional<Desk> make_desk() override {
    auto access = http::AccessRules::create({.token = "token-of-the-desk"}, address_);
    return Desk{.access = std::move(*access),
                .feed = desk_feed_,
                .correct = [this](const std::string& json) -> Result<void> {
                  corrections_.push_back(json);
                  if (json == "gone") return fail(ErrorCode::NotFound, "piece 1 has gone out");
                  if (json == "bad") return fail(ErrorCode::InvalidArgument, "text: found bad");
                  return {};
                }};
  }
  std::string correction(const std::string& body, const std::string& token = "token-of-the-desk") {
    return request("/desk/corrections?token=" + token,
                   "Content-Length: " + std::to_string(body.size()) + "\r\n", "POST") +
           body;
  }

  CaptionFeed desk_feed_{"d", 100};
  std::vector<std::string> corrections_;
};

TEST_F(DeskTest, NeedsItsOwnToken) {
  const std::string refused = "HTTP/1.1 401 Unauthorized";
  for (const std::string path : {"/desk", "/desk/page.css", "/desk/desk.js", "/desk/events"}) {
    EXPECT_EQ(answer(request(path)), refused) << path;
    EXPECT_EQ(answer(request(path + "?token=token-of-the-viewers")), refused) << path;
    EXPECT_EQ(answer(request(path + "?token=token-of-the-desk")), "HTTP/1.1 200 OK") << path;
  }
  EXPECT_EQ(answer(request("/?token=token-of-the-desk")), refused);
  EXPECT_EQ(answer(request("/events?token=token-of-the-desk")), refused);
  EXPECT_EQ(answer(correction("{}", "token-of-the-viewers")), refused);
  EXPECT_TRUE(corrections_.empty());
  EXPECT_EQ(server_->desk_url(),
            "http://127.0.0.1:" + std::to_string(port_) + "/desk?token=token-of-the-desk");
}

TEST_F(DeskTest, ShowsTheTextThatViewersDoNotGetYet) {
  desk_feed_.add_final("\"held\"");
  feed_.add_final("\"reviewed\"");
  const auto desk = open(request("/desk/events?token=token-of-the-desk"));
  const auto viewer = open(request("/events?token=token-of-the-viewers"));
  EXPECT_TRUE(wait_for([&] { return desk->has("held") && viewer->has("reviewed"); }));
  EXPECT_FALSE(viewer->has("held"));
}

TEST_F(DeskTest, AnAudienceDoesNotLockTheOperatorOut) {
  std::vector<std::unique_ptr<Browser>> viewers;
  for (std::size_t i = 0; i < WebServer::kMaxStreams; ++i) {
    viewers.push_back(open(request("/events?token=token-of-the-viewers")));
    ASSERT_TRUE(wait_for([&] { return server_->n_streams() == i + 1; }));
  }
  std::vector<std::unique_ptr<Browser>> desks;
  for (std::size_t i = 0; i < WebServer::kMaxDeskStreams; ++i) {
    desks.push_back(open(request("/desk/events?token=token-of-the-desk")));
    ASSERT_TRUE(wait_for([&] { return desks.back()->has("HTTP/1.1 200 OK"); }));
  }
  EXPECT_EQ(answer(request("/desk/events?token=token-of-the-desk")),
            "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(server_->n_streams(), WebServer::kMaxStreams);
}

TEST_F(DeskTest, TakesCorrections) {
  EXPECT_EQ(answer(correction("{}")), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer(correction("gone")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(answer(correction("bad")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(answer(correction("")), "HTTP/1.1 200 OK");
  EXPECT_EQ(corrections_, (std::vector<std::string>{"{}", "gone", "bad", ""}));
}

TEST_F(DeskTest, RefusesOtherMethodsAndLongBodies) {
  EXPECT_EQ(answer(request("/desk/corrections?token=token-of-the-desk")),
            "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(answer(request("/desk?token=token-of-the-desk", "Content-Length: 0\r\n", "POST")),
            "HTTP/1.1 405 Method Not Allowed");
  const std::string long_one(WebServer::kMaxCorrection + 1, 'x');
  EXPECT_EQ(answer(correction(long_one)), "HTTP/1.1 413 Request Entity Too Large");
  EXPECT_EQ(answer(request("/desk/corrections?token=token-of-the-desk",
                           "Transfer-Encoding: chunked\r\n", "POST") +
                   "2\r\n{}\r\n0\r\n\r\n"),
            "HTTP/1.1 413 Request Entity Too Large");
  EXPECT_TRUE(corrections_.empty());
}

}  // namespace
}  // namespace npuwhisper::monitor

// SPDX-License-Identifier: LGPL-2.1-or-later

// npuwhisper-monitor: live captions on a web page. Shows how a program uses the element npuwhisper
// for live text: live_captions.cpp builds the pipeline, and caption_feed.cpp stores the data for
// browsers.

#include <glib-unix.h>
#include <gst/gst.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "caption_event.h"
#include "caption_feed.h"
#include "live_captions.h"
#include "monitor_options.h"
#include "programs/common/json_line.h"
#include "review_queue.h"
#include "status_report.h"
#include "web_server.h"

namespace npuwhisper::monitor {
namespace {

using Json = nlohmann::ordered_json;

enum ExitCode { kOk = 0, kFailed = 1, kUsage = 2 };

// Number of pieces of text that are kept for browsers that connect late. These pieces cover a few
// minutes of speech.
constexpr std::size_t kKeptPieces = 500;
constexpr guint kStatusMs = 1000;
// Maximum number of pieces that wait for the operator. The longest review holds fewer pieces.
constexpr std::size_t kMaxHeld = 500;
constexpr guint kReviewMs = 50;  // Period of the check for pieces whose review has ended.
constexpr double kFarewellSeconds = 1;

void complain(const std::string& message) {
  std::cerr << "npuwhisper-monitor: " << message << std::endl;
}

/// Returns a warning about the possible readers of a page that other machines can reach.
std::string describe_readers(const http::HttpServer::Options& server) {
  const bool is_open = server.access.token.empty();
  return "warning: " + std::string(is_open ? "anyone" : "anyone with the token") +
         " who can reach " + server.address + " over the network can read the captions" +
         (is_open ? "; no token is required (--token sets one)" : "") +
         ", and the connection is not encrypted";
}

std::string new_session() {
  const cli::Owned<gchar> uuid(g_uuid_string_random());
  return std::string(uuid.get()).substr(0, 8);
}

/// Owns the pipeline, the feed and the server, and passes data between them.
class Monitor {
 public:
  explicit Monitor(const MonitorOptions& options)
      : feed_(new_session(), kKeptPieces),
        desk_feed_(new_session(), kKeptPieces),
        review_time_(options.review),
        review_(options.review, kMaxHeld),
        status_(options.source),
        loop_(g_main_loop_new(nullptr, FALSE)) {}
  ~Monitor() { g_main_loop_unref(loop_); }
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  Result<void> prepare(const MonitorOptions& options) {
    auto desk = make_desk(options);
    if (!desk) return fail(desk.error());
    auto server = WebServer::create(options.server, feed_, std::move(*desk));
    if (!server) return fail(server.error());
    server_ = std::move(*server);
    if (!server_->is_loopback()) complain(describe_readers(options.server));
    auto captions = LiveCaptions::create(options.listening, events());
    if (!captions) return fail(captions.error());
    captions_ = std::move(*captions);
    return {};
  }

  /// Runs until a signal or a failure.
  ExitCode run() {
    const GSourceFunc stop = [](gpointer self) -> gboolean {
      auto& monitor = *static_cast<Monitor*>(self);
      monitor.status_.set_state("stopped");
      g_main_loop_quit(monitor.loop_);
      return G_SOURCE_CONTINUE;
    };
    const guint interrupt = g_unix_signal_add(SIGINT, stop, this);
    const guint terminate = g_unix_signal_add(SIGTERM, stop, this);
    std::cout << server_->url() << std::endl;
    if (reviews()) std::cout << server_->desk_url() << std::endl;
    const GSourceFunc tick = [](gpointer self) -> gboolean {
      static_cast<Monitor*>(self)->report();
      return G_SOURCE_CONTINUE;
    };
    const guint timer = g_timeout_add(kStatusMs, tick, this);
    const GSourceFunc check = [](gpointer self) -> gboolean {
      auto& monitor = *static_cast<Monitor*>(self);
      monitor.send_out(monitor.review_.take_due(ReviewQueue::Clock::now()));
      return G_SOURCE_CONTINUE;
    };
    const guint reviewer = reviews() ? g_timeout_add(kReviewMs, check, this) : 0;
    captions_->start();
    g_main_loop_run(loop_);
    for (const guint source : {interrupt, terminate, timer}) g_source_remove(source);
    if (reviewer != 0) g_source_remove(reviewer);
    send_out(review_.take_all());
    report();
    captions_.reset();
    server_->close(kFarewellSeconds);
    return exit_code_;
  }

 private:
  LiveCaptions::Events events() {
    return {.text = [this](const std::string& json,
                           const TimeMeaning& meaning) { take(json, meaning); },
            .listening = [this] { change_state("listening"); },
            .ended =
                [this] {
                  feed_.set_partial("");
                  desk_feed_.set_partial("");
                  change_state("ended");
                },
            .warning =
                [this](const std::string& message) {
                  complain(message);
                  status_.warn(message);
                },
            .failed =
                [this](const Error& error) {
                  complain(error.message);
                  status_.set_error(error.message);
                  exit_code_ = kFailed;
                  g_main_loop_quit(loop_);
                }};
  }

  void change_state(const char* state) {
    status_.set_state(state);
    report();
  }

  void take(const std::string& json, const TimeMeaning& meaning) {
    const auto event = make_caption_event(json, meaning);
    if (!event) return complain(event.error().message);
    // Only the operator sees text that has not been reviewed.
    CaptionFeed& partial = reviews() ? desk_feed_ : feed_;
    if (event->final) {
      status_.add_delay(event->delay);
      if (reviews()) {
        show_held(review_.add(event->json, ReviewQueue::Clock::now()), event->json);
      } else {
        feed_.add_final(event->json);
      }
      // The previous partial text includes the words that are now final. The element sends a new
      // partial text.
      partial.set_partial("");
    } else {
      partial.set_partial(event->json);
    }
    server_->publish();
  }

  bool reviews() const { return review_time_.count() > 0; }

  /// Returns the desk if there is a review.
  Result<std::optional<Desk>> make_desk(const MonitorOptions& options) {
    if (!reviews()) return std::optional<Desk>();
    auto access = http::AccessRules::create({.hosts = options.server.access.hosts,
                                             .token = options.desk_token,
                                             .token_name = "--desk-token"},
                                            options.server.address);
    if (!access) return fail(access.error());
    return std::optional<Desk>(
        {.access = std::move(*access),
         .feed = desk_feed_,
         .correct = [this](const std::string& json) { return correct(json); }});
  }

  /// Takes {"number": N, "text": "..."}.
  Result<void> correct(const std::string& json) {
    const Json object = Json::parse(json, nullptr, false);
    const auto number = object.is_object() ? object.find("number") : object.end();
    const auto text = object.is_object() ? object.find("text") : object.end();
    if (!object.is_object() || number == object.end() || !number->is_number_unsigned() ||
        text == object.end() || !text->is_string()) {
      return fail(ErrorCode::InvalidArgument,
                  R"(found another body, wanted {"number": N, "text": "..."})");
    }
    const auto corrected = review_.correct(number->get<std::uint64_t>(), text->get<std::string>());
    if (!corrected) return corrected;
    desk_feed_.add_final(
        cli::json_line({{"kind", "corrected"}, {"number", *number}, {"text", *text}}));
    server_->publish();
    return {};
  }

  /// Shows the operator a piece that is held.
  void show_held(std::uint64_t number, const std::string& json) {
    Json piece = Json::parse(json);
    piece["kind"] = "held";
    piece["number"] = number;
    piece["milliseconds"] = review_time_.count();
    piece["due"] = status_.uptime() + std::chrono::duration<double>(review_time_).count();
    desk_feed_.add_final(cli::json_line(piece));
  }

  /// Sends pieces to the browsers, and tells the operator.
  void send_out(const std::vector<ReviewQueue::Piece>& pieces) {
    if (pieces.empty()) return;
    for (const ReviewQueue::Piece& piece : pieces) {
      if (!piece.is_withheld) feed_.add_final(piece.json);
      desk_feed_.add_final(Json{{"kind", "out"}, {"number", piece.number}}.dump());
    }
    server_->publish();
  }

  void report() {
    const std::string status = status_.json(captions_->readings(), server_->n_streams());
    feed_.set_status(status);
    desk_feed_.set_status(status);
    server_->publish();
  }

  CaptionFeed feed_;
  CaptionFeed desk_feed_;
  const std::chrono::milliseconds review_time_;
  ReviewQueue review_;
  StatusReport status_;
  GMainLoop* loop_;
  std::unique_ptr<WebServer> server_;
  std::unique_ptr<LiveCaptions> captions_;
  ExitCode exit_code_ = kOk;
};

ExitCode run(int argc, char** argv) {
  const auto options = parse_monitor_options(argc, argv);
  if (!options) {
    complain(options.error().message + " (see --help)");
    return options.error().code == ErrorCode::InvalidArgument ? kUsage : kFailed;
  }
  if (options->version) {
    std::cout << "npuwhisper-monitor " NPUWHISPER_VERSION << std::endl;
    return kOk;
  }
  Monitor monitor(*options);
  if (const auto prepared = monitor.prepare(*options); !prepared) {
    complain(prepared.error().message);
    return prepared.error().code == ErrorCode::InvalidArgument ? kUsage : kFailed;
  }
  return monitor.run();
}

}  // namespace
}  // namespace npuwhisper::monitor

int main(int argc, char** argv) {
  return npuwhisper::monitor::run(argc, argv);
}

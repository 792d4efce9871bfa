// SPDX-License-Identifier: LGPL-2.1-or-later
#include "status_report.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "programs/common/json_line.h"

namespace npuwhisper::monitor {
namespace {

constexpr std::size_t kDelays = 20;

double rounded(double value) {
  return std::round(value * 1e3) / 1e3;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::string text(sizeof "2000-01-01T00:00:00Z", '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

}  // namespace

StatusReport::StatusReport(std::string source) : source_(std::move(source)) {
  load_.add(LoadMeter::Clock::now(), process_cpu_seconds());
}

void StatusReport::add_delay(double seconds) {
  if (delays_.size() == kDelays) delays_.pop_front();
  delays_.push_back(seconds);
  longest_delay_ = std::max(longest_delay_, seconds);
}

void StatusReport::warn(const std::string& message) {
  ++n_warnings_;
  message_ = message;
}

void StatusReport::set_error(const std::string& message) {
  state_ = "failed";
  message_ = message;
}

double StatusReport::uptime() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::string StatusReport::json(const Readings& readings, std::size_t n_browsers) {
  load_.add(LoadMeter::Clock::now(), process_cpu_seconds());
  nlohmann::ordered_json status = {{"state", state_},
                                   {"source", source_},
                                   {"clock", utc_now()},
                                   {"uptime", rounded(uptime())},
                                   {"device", readings.device},
                                   {"kernels", readings.kernels},
                                   {"position", rounded(readings.position)},
                                   {"delay", nullptr},
                                   {"longest_delay", rounded(longest_delay_)},
                                   {"cores", rounded(load_.cores())},
                                   {"skipped", rounded(readings.skipped)},
                                   {"unread", readings.unread},
                                   {"browsers", n_browsers},
                                   {"warnings", n_warnings_},
                                   {"message", message_}};
  if (!delays_.empty()) {
    const double sum = std::accumulate(delays_.begin(), delays_.end(), 0.0);
    status["delay"] = rounded(sum / static_cast<double>(delays_.size()));
  }
  return cli::json_line(status);
}

}  // namespace npuwhisper::monitor

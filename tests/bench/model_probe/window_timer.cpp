// SPDX-License-Identifier: LGPL-2.1-or-later
#include "window_timer.h"

#include <algorithm>
#include <chrono>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace npuwhisper {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

Token best(std::span<float> logits, Token end) {
  logits[static_cast<std::size_t>(end)] = -std::numeric_limits<float>::infinity();
  return static_cast<Token>(std::ranges::max_element(logits) - logits.begin());
}

Result<nlohmann::json> time_once(TokenDecoder& decoder, const TimedWindow& window) {
  std::vector<Token> tokens;
  const auto start = Clock::now();
  if (auto encoded = decoder.encode(window.mel, window.n_frames); !encoded) {
    return fail(encoded.error());
  }
  const auto encoded = Clock::now();
  const int last = static_cast<int>(window.prompt.size()) - 1;
  auto logits = decoder.prompt(window.prompt, {&last, 1});
  if (!logits) return fail(logits.error());
  tokens.push_back(best(*logits, window.end));
  const auto prompted = Clock::now();
  while (std::ssize(tokens) < window.n_tokens) {
    logits = decoder.step({&tokens.back(), 1});
    if (!logits) return fail(logits.error());
    tokens.push_back(best(*logits, window.end));
  }
  const auto stepped = Clock::now();
  return nlohmann::json{{"seconds",
                         {{"encode", seconds(encoded - start)},
                          {"prompt", seconds(prompted - encoded)},
                          {"steps", seconds(stepped - prompted)}}},
                        {"tokens", tokens}};
}

}  // namespace

Result<void> time_window(TokenDecoder& decoder, const TimedWindow& window, std::istream& requests,
                         std::ostream& answers) {
  for (std::string line; std::getline(requests, line);) {
    const auto answer = time_once(decoder, window);
    if (!answer) return fail(answer.error());
    answers << *answer << std::endl;
  }
  return {};
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rounds.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace npuwhisper {

Result<double> median_seconds(int n_rounds, const std::function<Result<void>()>& run) {
  using Clock = std::chrono::steady_clock;
  if (auto warmed = run(); !warmed) return fail(warmed.error());
  std::vector<double> seconds;
  for (int i = 0; i < n_rounds; ++i) {
    const auto begin = Clock::now();
    if (auto done = run(); !done) return fail(done.error());
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

}  // namespace npuwhisper

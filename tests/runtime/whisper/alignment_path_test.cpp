// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/alignment_path.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace npuwhisper {
namespace {

struct State {
  std::vector<float> scores;
  bool is_optional = false;
  float cost = 0;
};

using Counts = std::vector<int>;  // Number of frames of each state.

bool is_allowed(const std::vector<State>& states, const Counts& counts) {
  std::size_t first = 0;
  std::size_t end = states.size();
  for (std::size_t s = 0; s < states.size(); ++s) {
    if (counts[s] == 0 && !states[s].is_optional) return false;
  }
  while (first < end && counts[first] == 0) ++first;
  while (end > first && counts[end - 1] == 0) --end;
  for (std::size_t s = first; s + 1 < end; ++s) {
    if (counts[s] == 0 && counts[s + 1] == 0) return false;
  }
  return true;
}

double value_of(const std::vector<State>& states, const Counts& counts) {
  double value = 0;
  std::size_t frame = 0;
  for (std::size_t s = 0; s < states.size(); ++s) {
    if (counts[s] > 0) value -= states[s].cost;
    for (int i = 0; i < counts[s]; ++i) value += states[s].scores[frame++];
  }
  return value;
}

/// Tries every way to distribute the `n_left` remaining frames among the states after `counts`. If
/// an allowed way has a larger value than `best`, stores it in `best` and `best_counts`.
void try_all(const std::vector<State>& states, Counts& counts, int n_left, double& best,
             Counts& best_counts) {
  if (counts.size() + 1 == states.size()) {
    counts.push_back(n_left);
    if (is_allowed(states, counts) && value_of(states, counts) > best) {
      best = value_of(states, counts);
      best_counts = counts;
    }
    counts.pop_back();
    return;
  }
  for (int n = 0; n <= n_left; ++n) {
    counts.push_back(n);
    try_all(states, counts, n_left - n, best, best_counts);
    counts.pop_back();
  }
}

std::span<const AlignmentPath::Range> solve(AlignmentPath& path, const std::vector<State>& states) {
  path.begin(states.front().scores.size());
  for (const State& state : states) path.add(state.scores, state.is_optional, state.cost);
  return path.solve();
}

TEST(AlignmentPath, FindsWhatTryingEveryPathFinds) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> score(-4, 0);
  AlignmentPath path(6, 8);
  int n_infeasible = 0;
  for (int round = 0; round < 400; ++round) {
    const std::size_t n_states = 1 + random() % 6;
    const std::size_t n_frames = 1 + random() % 8;
    std::vector<State> states(n_states);
    for (State& state : states) {
      state.is_optional = random() % 2 == 0;
      state.cost = state.is_optional && random() % 2 == 0 ? 1.5F : 0.0F;
      for (std::size_t t = 0; t < n_frames; ++t) state.scores.push_back(score(random));
    }
    Counts counts;
    Counts best_counts;
    double best = -std::numeric_limits<double>::infinity();
    try_all(states, counts, static_cast<int>(n_frames), best, best_counts);

    const auto ranges = solve(path, states);
    ASSERT_EQ(ranges.empty(), best_counts.empty()) << "round " << round;
    n_infeasible += ranges.empty();
    int frame = 0;
    for (std::size_t s = 0; s < ranges.size(); ++s) {
      EXPECT_EQ(ranges[s].first, frame) << "round " << round << ", state " << s;
      EXPECT_EQ(ranges[s].end - ranges[s].first, best_counts[s]) << "round " << round;
      frame = ranges[s].end;
    }
  }
  EXPECT_GT(n_infeasible, 0);
}

TEST(AlignmentPath, FollowsTheRidgeOfAMatrix) {
  // State s scores 0 in frames 3 * s to 3 * s + 2, and -1 in all other frames.
  AlignmentPath path(5, 15);
  std::vector<State> states(5);
  for (std::size_t s = 0; s < states.size(); ++s) {
    states[s].scores.assign(15, -1.0F);
    for (std::size_t t = 3 * s; t < 3 * s + 3; ++t) states[s].scores[t] = 0;
  }
  const auto ranges = solve(path, states);
  ASSERT_EQ(ranges.size(), 5U);
  for (int s = 0; s < 5; ++s) {
    EXPECT_EQ(ranges[static_cast<std::size_t>(s)].first, 3 * s);
    EXPECT_EQ(ranges[static_cast<std::size_t>(s)].end, 3 * s + 3);
  }
}

TEST(AlignmentPath, CostKeepsAWeakGapOut) {
  AlignmentPath path(3, 4);
  std::vector<State> states = {
      {{0, 0, -3, -3}, false, 0}, {{-9, -1, -1, -9}, true, 0}, {{-3, -3, 0, 0}, false, 0}};
  states[1].scores = {-9, 0.5F, 0.5F, -9};
  EXPECT_EQ(solve(path, states)[1].end - solve(path, states)[1].first, 2);
  states[1].cost = 2;
  EXPECT_EQ(solve(path, states)[1].end, solve(path, states)[1].first);
}

TEST(AlignmentPath, RefusesMoreStatesThanFramesAndScoresThatAreNoNumbers) {
  AlignmentPath path(4, 4);
  EXPECT_TRUE(solve(path, {{{0, 0}}, {{0, 0}}, {{0, 0}}}).empty());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(solve(path, {{{nan, nan, nan}}, {{nan, nan, nan}}}).empty());
  path.begin(4);
  EXPECT_TRUE(path.solve().empty());
}

}  // namespace
}  // namespace npuwhisper

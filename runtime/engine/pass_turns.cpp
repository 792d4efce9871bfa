// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pass_turns.h"

#include <algorithm>
#include <utility>

namespace npuwhisper {

PassTurns::Turn::Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}

PassTurns::Turn::~Turn() {
  if (turns_ == nullptr) return;
  const std::lock_guard lock(turns_->mutex_);
  --turns_->n_running_;
}

PassTurns::PassTurns(std::size_t n_expected) {
  waiting_.reserve(n_expected);
}

std::optional<PassTurns::Turn> PassTurns::ask(const void* stream, Time deadline, Time now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [&](const Waiting& other) {
    return other.stream == stream || now - other.asked > kPatience;
  });
  const auto n_before = std::ranges::count_if(
      waiting_, [&](const Waiting& other) { return other.deadline < deadline; });
  const int n_turns = deadline <= now ? kPasses + 1 : kPasses;
  if (n_running_ + n_before >= n_turns) {
    waiting_.push_back({stream, deadline, now});
    return std::nullopt;
  }
  ++n_running_;
  return std::optional<Turn>(std::in_place, *this);
}

PassTurns::Turn PassTurns::take(const void* stream) {
  const std::lock_guard lock(mutex_);
  forget(stream);
  ++n_running_;
  return Turn(*this);
}

void PassTurns::leave(const void* stream) {
  const std::lock_guard lock(mutex_);
  forget(stream);
}

/// The caller must hold mutex_.
void PassTurns::forget(const void* stream) {
  std::erase_if(waiting_, [&](const Waiting& other) { return other.stream == stream; });
}

}  // namespace npuwhisper

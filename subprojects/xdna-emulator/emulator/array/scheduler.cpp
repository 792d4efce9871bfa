// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/scheduler.h"

#include <algorithm>

namespace npuwhisper::emu {

void Scheduler::schedule(Actor& actor, Cycles at) {
  if (actor.queued_) return;
  actor.queued_ = true;
  queue_.push({std::max(at, now_), number_++, &actor});
}

bool Scheduler::advance(Cycles at) {
  if (next() <= at) return false;
  now_ = std::max(now_, at);
  return true;
}

Result<void> Scheduler::step() {
  const Entry entry = queue_.top();
  queue_.pop();
  now_ = entry.at;
  entry.actor->queued_ = false;
  return entry.actor->act();
}

}  // namespace npuwhisper::emu

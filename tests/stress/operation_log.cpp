// SPDX-License-Identifier: LGPL-2.1-or-later
#include "operation_log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

namespace npuwhisper::stress {
namespace {

constexpr std::size_t kKept = 16;
constexpr OperationLog::Clock::time_point kNever = OperationLog::Clock::time_point::max();

template <std::size_t N>
void copy_text(std::array<char, N>& to, std::string_view text) {
  const std::size_t n = std::min(text.size(), N - 1);
  std::memcpy(to.data(), text.data(), n);
  to[n] = '\0';
}

void write_text(const char* text) {
  std::size_t n = std::strlen(text);
  while (n > 0) {
    const ssize_t written = write(STDERR_FILENO, text, n);
    if (written <= 0) return;
    text += written;
    n -= static_cast<std::size_t>(written);
  }
}

}  // namespace

// The state of one log. Slots exist until the process ends, so that another thread can read a slot
// while its log is destroyed. The texts need no lock, because they are read only when the process
// ends with a failure.
struct OperationLog::Slot {
  std::atomic<bool> is_used{false};
  std::atomic<Clock::time_point> running_since{kNever};
  std::atomic<std::size_t> n_begun{0};
  std::array<char, 32> name{};
  std::array<std::array<char, 96>, kKept> lines{};
};

OperationLog::Slot OperationLog::slots[kMaxLogs];

OperationLog::OperationLog(std::string_view name) {
  for (Slot& slot : slots) {
    bool is_used = false;
    if (!slot.is_used.compare_exchange_strong(is_used, true)) continue;
    slot_ = &slot;
    slot.n_begun = 0;
    copy_text(slot.name, name);
    return;
  }
  std::abort();
}

OperationLog::~OperationLog() {
  slot_->running_since = kNever;
  slot_->is_used = false;
}

void OperationLog::begin(std::string_view description) {
  const std::size_t n = slot_->n_begun;
  copy_text(slot_->lines[n % kKept], description);
  slot_->n_begun = n + 1;
  slot_->running_since = Clock::now();
}

void OperationLog::end() {
  slot_->running_since = kNever;
}

void OperationLog::dump_all() {
  for (const Slot& slot : slots) {
    if (!slot.is_used) continue;
    const std::size_t n = slot.n_begun;
    write_text(slot.name.data());
    write_text(":\n");
    for (std::size_t i = n > kKept ? n - kKept : 0; i < n; ++i) {
      const bool runs = i + 1 == n && slot.running_since.load() != kNever;
      write_text(runs ? "  RUNS: " : "        ");
      write_text(slot.lines[i % kKept].data());
      write_text("\n");
    }
  }
}

bool OperationLog::any_runs_since(Clock::time_point limit) {
  return std::any_of(std::begin(slots), std::end(slots),
                     [limit](const Slot& slot) { return slot.running_since.load() < limit; });
}

}  // namespace npuwhisper::stress

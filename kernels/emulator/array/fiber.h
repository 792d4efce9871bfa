// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace npuwhisper::emu {

/// A function that can stop half way and go on later: it runs on a stack of its own. A core's
/// kernel needs one where it waits at streams or at the cascade. The function lets no exception out
/// and needs no clean-up: a fiber that is destroyed half way simply never goes on.
class Fiber {
 public:
  static constexpr std::size_t kStackBytes = 1 << 20;

  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs `body` until it suspends or ends; true: it has ended. What an earlier body left undone is
  /// dropped.
  bool start(std::function<void()> body);
  /// Goes on with the body; true: it has ended.
  bool resume();
  /// From within the body: returns to start() or resume().
  void suspend();

  std::uintptr_t stack_begin() const;

 private:
  static void enter(unsigned high, unsigned low);

  std::byte* stack_;
  std::function<void()> body_;
  ucontext_t inside_{};
  ucontext_t outside_{};
  bool ended_ = true;
};

}  // namespace npuwhisper::emu

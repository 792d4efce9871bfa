// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace npuwhisper::emu {

/// A function that can suspend and resume, because it runs on a stack of its own. A core's kernel
/// runs in a fiber, so that the kernel can wait at streams or at the cascade. The function must not
/// throw. It must not rely on destructors, because a function that is suspended when its fiber is
/// destroyed never resumes.
class Fiber {
 public:
  static constexpr std::size_t kStackBytes = 1 << 20;

  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs `body` until it suspends or ends. Returns true if `body` has ended. Drops an earlier body
  /// that is still suspended.
  bool start(std::function<void()> body);
  /// Resumes the body until it suspends or ends. Returns true if the body has ended.
  bool resume();
  /// Suspends the body and returns to start() or resume(). Call only from within the body.
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

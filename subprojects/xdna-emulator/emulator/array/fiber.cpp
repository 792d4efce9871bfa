// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/fiber.h"

#include <sys/mman.h>

#include <new>
#include <utility>

namespace npuwhisper::emu {
namespace {

/// Size of the guard area below the stack. A stack overflow faults in the guard area instead of
/// writing to other memory.
constexpr std::size_t kGuardBytes = 4096;

}  // namespace

Fiber::Fiber() {
  void* memory = ::mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  ::mprotect(memory, kGuardBytes, PROT_NONE);
  stack_ = static_cast<std::byte*>(memory) + kGuardBytes;
}

Fiber::~Fiber() {
  ::munmap(stack_ - kGuardBytes, kGuardBytes + kStackBytes);
}

std::uintptr_t Fiber::stack_begin() const {
  return reinterpret_cast<std::uintptr_t>(stack_);
}

bool Fiber::start(std::function<void()> body) {
  body_ = std::move(body);
  ended_ = false;
  ::getcontext(&inside_);
  inside_.uc_stack.ss_sp = stack_;
  inside_.uc_stack.ss_size = kStackBytes;
  inside_.uc_link = &outside_;
  // makecontext() passes only arguments of type int, so `this` is passed as two halves.
  const auto self = reinterpret_cast<std::uint64_t>(this);
  ::makecontext(&inside_, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
  return resume();
}

void Fiber::enter(unsigned high, unsigned low) {
  auto* self = reinterpret_cast<Fiber*>(std::uint64_t{high} << 32 | low);
  self->body_();
  self->ended_ = true;
}

bool Fiber::resume() {
  ::swapcontext(&outside_, &inside_);
  return ended_;
}

void Fiber::suspend() {
  ::swapcontext(&inside_, &outside_);
}

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replaced_thread.h"

#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>

// This function is exported, so that libraries use it.
#pragma GCC visibility push(default)
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  static const auto real =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return npuwhisper::test::allows_thread() ? real(thread, attributes, start, argument) : EAGAIN;
}
#pragma GCC visibility pop

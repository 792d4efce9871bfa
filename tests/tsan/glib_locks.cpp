// SPDX-License-Identifier: LGPL-2.1-or-later
// A library to preload (LD_PRELOAD) into programs with ThreadSanitizer if GLib and GStreamer are
// built without it. The locks, conditions, once-initialisations, thread pools and reference counts
// of GLib and GStreamer order the actions of threads. ThreadSanitizer does not see this order,
// because these libraries implement it with atomics and futexes. The functions in this file replace
// GLib's functions, call them, and report the order to ThreadSanitizer. ThreadSanitizer already
// sees GLib's recursive and reader-writer locks, because they use pthread's locks.
//
// Calls within GLib and GStreamer do not reach the functions in this file. Reports are therefore
// useful only for instrumented code (TSAN_OPTIONS=ignore_noninstrumented_modules=1).

#include <dlfcn.h>
#include <gst/gst.h>

#include <cstdlib>

extern "C" {
// Defined by the ThreadSanitizer runtime in programs that include it.
__attribute__((weak)) void __tsan_acquire(void* address);
__attribute__((weak)) void __tsan_release(void* address);
}

namespace {

void acquire(const void* address) {
  if (__tsan_acquire != nullptr) __tsan_acquire(const_cast<void*>(address));
}

void release(const void* address) {
  if (__tsan_release != nullptr) __tsan_release(const_cast<void*>(address));
}

// Returns the function `name` of a library that is loaded after this one. Aborts if there is none.
template <typename Function>
Function* next(Function*, const char* name) {
  auto* found = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  if (found == nullptr) std::abort();
  return found;
}

// The function and data that a caller passed to g_thread_pool_new(). run_in_pool() first calls
// acquire(), which orders the function after g_thread_pool_push(), and then calls the function.
struct PoolFunction {
  GFunc function;
  gpointer data;
};

void run_in_pool(gpointer item, gpointer data) {
  acquire(item);
  const auto* call = static_cast<const PoolFunction*>(data);
  call->function(item, call->data);
}

}  // namespace

#define NEXT(function)                                  \
  static auto* const real = next(&function, #function); \
  static_assert(true, "the macro is followed by a semicolon")

#pragma GCC visibility push(default)
extern "C" {

void g_mutex_lock(GMutex* mutex) {
  NEXT(g_mutex_lock);
  real(mutex);
  acquire(mutex);
}

gboolean g_mutex_trylock(GMutex* mutex) {
  NEXT(g_mutex_trylock);
  const gboolean locked = real(mutex);
  if (locked) acquire(mutex);
  return locked;
}

void g_mutex_unlock(GMutex* mutex) {
  NEXT(g_mutex_unlock);
  release(mutex);
  real(mutex);
}

void g_cond_wait(GCond* cond, GMutex* mutex) {
  NEXT(g_cond_wait);
  release(mutex);
  real(cond, mutex);
  acquire(mutex);
}

gboolean g_cond_wait_until(GCond* cond, GMutex* mutex, gint64 end) {
  NEXT(g_cond_wait_until);
  release(mutex);
  const gboolean signalled = real(cond, mutex, end);
  acquire(mutex);
  return signalled;
}

void g_bit_lock(volatile gint* address, gint bit) {
  NEXT(g_bit_lock);
  real(address, bit);
  acquire(const_cast<const gint*>(address));
}

gboolean g_bit_trylock(volatile gint* address, gint bit) {
  NEXT(g_bit_trylock);
  const gboolean locked = real(address, bit);
  if (locked) acquire(const_cast<const gint*>(address));
  return locked;
}

void g_bit_unlock(volatile gint* address, gint bit) {
  NEXT(g_bit_unlock);
  release(const_cast<const gint*>(address));
  real(address, bit);
}

#undef g_once_init_enter
gboolean g_once_init_enter(volatile void* location) {
  NEXT(g_once_init_enter);
  const gboolean first = real(location);
  acquire(const_cast<const void*>(location));
  return first;
}

#undef g_once_init_leave
void g_once_init_leave(volatile void* location, gsize result) {
  NEXT(g_once_init_leave);
  release(const_cast<const void*>(location));
  real(location, result);
}

gpointer g_once_impl(GOnce* once, GThreadFunc function, gpointer argument) {
  NEXT(g_once_impl);
  gpointer result = real(once, function, argument);
  release(once);
  acquire(once);
  return result;
}

// The PoolFunction is never freed, because GStreamer's thread pools exist until the process ends.
GThreadPool* g_thread_pool_new(GFunc function, gpointer data, gint max_threads, gboolean exclusive,
                               GError** error) {
  NEXT(g_thread_pool_new);
  return real(run_in_pool, new PoolFunction{function, data}, max_threads, exclusive, error);
}

gboolean g_thread_pool_push(GThreadPool* pool, gpointer item, GError** error) {
  NEXT(g_thread_pool_push);
  release(item);
  return real(pool, item, error);
}

// Orders the last release of a reference after all uses through other references.
void g_object_unref(gpointer object) {
  NEXT(g_object_unref);
  release(object);
  acquire(object);
  real(object);
}

gpointer(g_object_ref)(gpointer object) {
  static auto* const real = next(&(g_object_ref), "g_object_ref");
  gpointer same = real(object);
  acquire(object);
  return same;
}

void gst_mini_object_unref(GstMiniObject* object) {
  NEXT(gst_mini_object_unref);
  release(object);
  acquire(object);
  real(object);
}

}  // extern "C"
#pragma GCC visibility pop

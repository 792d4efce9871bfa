// SPDX-License-Identifier: LGPL-2.1-or-later
// Replaces the C library's file functions for this program and the libraries that it uses.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

#include "fault_points.h"

namespace {

using npuwhisper::test::FaultKind;
using npuwhisper::test::fault_points::fails;

/// The original functions of the C library, or those of a preloaded library.
class NextFunctions {
 public:
  /// Looks up all functions on the first call, which happens before there are threads. Later,
  /// dlsym() could block: it waits while a library is loaded, and the constructors of that library
  /// may read files.
  static const NextFunctions& get() {
    static const NextFunctions found;
    return found;
  }

  int (*const open)(const char*, int, ...) = find("open64");
  FILE* (*const fopen)(const char*, const char*) = find("fopen64");
  decltype(&::read) read = find("read");
  decltype(&::pread) pread = find("pread64");
  decltype(&::eventfd) eventfd = find("eventfd");
  int (*const ioctl)(int, unsigned long, ...) = find("ioctl");

 private:
  /// The address of a function. Converts to a pointer to any function type.
  struct Found {
    template <typename Function>
    operator Function*() const {
      return reinterpret_cast<Function*>(address);
    }
    void* address;
  };
  static Found find(const char* name) { return {dlsym(RTLD_NEXT, name)}; }
};

int error(int number) {
  errno = number;
  return -1;
}

}  // namespace

// The functions below are exported, so that libraries call them instead of the C library's.
#pragma GCC visibility push(default)
extern "C" {
// open, fopen and pread have two symbols each. With 64-bit offsets, the name open means the symbol
// open64, and so on. The plain_ functions define the other symbols.
int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t access = va_arg(arguments, mode_t);
  va_end(arguments);
  return fails(FaultKind::Open) ? error(EMFILE) : NextFunctions::get().open(path, flags, access);
}

FILE* fopen(const char* path, const char* access) {
  if (!fails(FaultKind::Open)) return NextFunctions::get().fopen(path, access);
  errno = EMFILE;
  return nullptr;
}

ssize_t read(int file, void* data, std::size_t n_bytes) {
  return fails(FaultKind::Read) ? error(EIO) : NextFunctions::get().read(file, data, n_bytes);
}

ssize_t pread(int file, void* data, std::size_t n_bytes, off_t offset) {
  return fails(FaultKind::Read) ? error(EIO)
                                : NextFunctions::get().pread(file, data, n_bytes, offset);
}

static_assert(sizeof(off_t) == 8 && sizeof(long) == 8, "the other symbols take the same");
int plain_open(const char* path, int flags, mode_t access) __asm__("open");
int plain_open(const char* path, int flags, mode_t access) {
  return open(path, flags, access);
}

FILE* plain_fopen(const char* path, const char* access) __asm__("fopen");
FILE* plain_fopen(const char* path, const char* access) {
  return fopen(path, access);
}

ssize_t plain_pread(int file, void* data, std::size_t n_bytes, off_t offset) __asm__("pread");
ssize_t plain_pread(int file, void* data, std::size_t n_bytes, off_t offset) {
  return pread(file, data, n_bytes, offset);
}

int ioctl(int file, unsigned long request, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return fails(FaultKind::Device) ? error(EIO)
                                  : NextFunctions::get().ioctl(file, request, argument);
}

int eventfd(unsigned value, int flags) noexcept {
  return fails(FaultKind::EventDescriptor) ? error(EMFILE)
                                           : NextFunctions::get().eventfd(value, flags);
}
}
#pragma GCC visibility pop

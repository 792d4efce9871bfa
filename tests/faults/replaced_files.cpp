// SPDX-License-Identifier: LGPL-2.1-or-later
// Functions of the C library about files, replaced for the libraries that this program uses, too.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

#include "fault_points.h"

namespace {

using npuwhisper::test::FaultKind;
using npuwhisper::test::fault_points::fails;

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int error(int number) {
  errno = number;
  return -1;
}

}  // namespace

// Libraries are to find them here.
#pragma GCC visibility push(default)
extern "C" {
// Functions of files have two symbols: with offsets of 64 bits, these names mean open64 and so on.
int open(const char* path, int flags, ...) {
  static auto* const real = next<int(const char*, int, ...)>("open64");
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t access = va_arg(arguments, mode_t);
  va_end(arguments);
  return fails(FaultKind::Open) ? error(EMFILE) : real(path, flags, access);
}

FILE* fopen(const char* path, const char* access) {
  static auto* const real = next<decltype(fopen)>("fopen64");
  if (!fails(FaultKind::Open)) return real(path, access);
  errno = EMFILE;
  return nullptr;
}

ssize_t read(int file, void* data, std::size_t n_bytes) {
  static auto* const real = next<decltype(read)>("read");
  return fails(FaultKind::Read) ? error(EIO) : real(file, data, n_bytes);
}

ssize_t pread(int file, void* data, std::size_t n_bytes, off_t offset) {
  static auto* const real = next<decltype(pread)>("pread64");
  return fails(FaultKind::Read) ? error(EIO) : real(file, data, n_bytes, offset);
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

int eventfd(unsigned value, int flags) noexcept {
  static auto* const real = next<decltype(eventfd)>("eventfd");
  return fails(FaultKind::EventDescriptor) ? error(EMFILE) : real(value, flags);
}
}
#pragma GCC visibility pop

// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The library that npuwhisper-emulate preloads. The library replaces functions of the C library.
// Functions that take paths redirect the NPU's paths to the device tree. Functions that take file
// descriptors handle the NPU's descriptors. All other calls go to the C library. Programs must call
// the C library through dynamic symbols, as all of XRT does. A statically linked program sees no
// NPU.
//
// Also exports npuwhisper_emulator_statistics(), for programs that read the counters while they
// run.

// This file defines each function for both widths of file offsets, such as open() and open64().
// Without _FILE_OFFSET_BITS and _FORTIFY_SOURCE, the headers neither redirect one name to the other
// nor define functions inline. Both widths are equal on 64-bit machines.
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "emulator/driver/device_files.h"

namespace {

namespace device_files = npuwhisper::emu::device_files;

/// Returns the C library's own function with the name `name`.
template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// A path for the C library, redirected to the device tree if the path belongs to the NPU.
class Path {
 public:
  explicit Path(const char* path) : given_(path) {
    if (path == nullptr) return;
    if (auto redirected = device_files::redirect(path)) {
      redirected_ = std::move(*redirected);
      given_ = redirected_.c_str();
    }
  }
  const char* get() const { return given_; }

 private:
  const char* given_;
  std::string redirected_;
};

int open_file(int folder, const char* path, int flags, mode_t mode) {
  static auto* const real = next<int(int, const char*, int, ...)>("openat");
  const int fd = real(folder, Path(path).get(), flags, mode);
  if (fd >= 0 && device_files::is_device(path)) {
    if (const int error = device_files::opened(fd)) {
      close(fd);
      errno = error;
      return -1;
    }
  }
  return fd;
}

bool takes_mode(int flags) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

void* map(void* address, size_t bytes, int protection, int flags, int fd, off_t offset) {
  static auto* const real = next<void*(void*, size_t, int, int, int, off_t)>("mmap");
  const auto client = fd < 0 ? nullptr : device_files::find(fd);
  if (!client) return real(address, bytes, protection, flags, fd, offset);
  const auto mapping = client->find_mapping(static_cast<std::uint64_t>(offset));
  if (!mapping.buffer || mapping.offset + bytes > mapping.buffer->host().size()) {
    errno = EINVAL;
    return MAP_FAILED;
  }
  // Drop MAP_LOCKED, because it would populate pages that the program never uses.
  void* begin = real(address, bytes, protection, flags & ~MAP_LOCKED, mapping.buffer->fd(),
                     static_cast<off_t>(mapping.offset));
  if (begin != MAP_FAILED && mapping.offset == 0) {
    mapping.buffer->mapped_at(reinterpret_cast<std::uintptr_t>(begin));
  }
  return begin;
}

/// Writes the counters when the process ends, even if the program has not closed the device.
__attribute__((destructor)) void write_statistics() {
  if (auto* device = device_files::device()) device->write_statistics();
}

/// Makes XRT sync buffers through the driver, because the emulator cannot detect cache flushes.
__attribute__((constructor)) void configure_xrt() {
  if (getenv("NPUWHISPER_EMULATOR_TREE") != nullptr) setenv("Debug.force_driver_sync", "true", 1);
}

/// Converts a path that the C library has resolved to the path that the program should see. Returns
/// the converted path in `to`, or in allocated memory if `to` is null.
char* restored(char* resolved, char* to) {
  if (resolved == nullptr) return nullptr;
  const std::string path = device_files::restore(resolved);
  if (path == resolved) return resolved;
  if (to != nullptr) return strcpy(to, path.c_str());
  free(resolved);
  return strdup(path.c_str());
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = takes_mode(flags) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_file(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = takes_mode(flags) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_file(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = takes_mode(flags) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_file(folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = takes_mode(flags) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_file(folder, path, flags | O_LARGEFILE, mode);
}

// In programs that define _FORTIFY_SOURCE, calls of open() and openat() become calls of these
// functions if they pass no mode and their flags are not a constant.
int __open_2(const char* path, int flags);
int __open_2(const char* path, int flags) {
  return open_file(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char* path, int flags);
int __open64_2(const char* path, int flags) {
  return open_file(AT_FDCWD, path, flags, 0);
}
int __openat_2(int folder, const char* path, int flags);
int __openat_2(int folder, const char* path, int flags) {
  return open_file(folder, path, flags, 0);
}
int __openat64_2(int folder, const char* path, int flags);
int __openat64_2(int folder, const char* path, int flags) {
  return open_file(folder, path, flags, 0);
}

int close(int fd) {
  static auto* const real = next<int(int)>("close");
  device_files::closed(fd);
  return real(fd);
}

FILE* fopen(const char* path, const char* mode) {
  static auto* const real = next<FILE*(const char*, const char*)>("fopen");
  return real(Path(path).get(), mode);
}

FILE* fopen64(const char* path, const char* mode) {
  static auto* const real = next<FILE*(const char*, const char*)>("fopen64");
  return real(Path(path).get(), mode);
}

DIR* opendir(const char* path) {
  static auto* const real = next<DIR*(const char*)>("opendir");
  return real(Path(path).get());
}

int stat(const char* path, struct stat* status) noexcept {
  static auto* const real = next<int(const char*, struct stat*)>("stat");
  return real(Path(path).get(), status);
}

int stat64(const char* path, struct stat64* status) noexcept {
  static auto* const real = next<int(const char*, struct stat64*)>("stat64");
  return real(Path(path).get(), status);
}

int lstat(const char* path, struct stat* status) noexcept {
  static auto* const real = next<int(const char*, struct stat*)>("lstat");
  return real(Path(path).get(), status);
}

int lstat64(const char* path, struct stat64* status) noexcept {
  static auto* const real = next<int(const char*, struct stat64*)>("lstat64");
  return real(Path(path).get(), status);
}

int fstatat(int folder, const char* path, struct stat* status, int flags) noexcept {
  static auto* const real = next<int(int, const char*, struct stat*, int)>("fstatat");
  return real(folder, Path(path).get(), status, flags);
}

int fstatat64(int folder, const char* path, struct stat64* status, int flags) noexcept {
  static auto* const real = next<int(int, const char*, struct stat64*, int)>("fstatat64");
  return real(folder, Path(path).get(), status, flags);
}

int statx(int folder, const char* path, int flags, unsigned mask, struct statx* status) noexcept {
  static auto* const real = next<int(int, const char*, int, unsigned, struct statx*)>("statx");
  return real(folder, Path(path).get(), flags, mask, status);
}

int access(const char* path, int mode) noexcept {
  static auto* const real = next<int(const char*, int)>("access");
  return real(Path(path).get(), mode);
}

ssize_t readlink(const char* path, char* to, size_t bytes) noexcept {
  static auto* const real = next<ssize_t(const char*, char*, size_t)>("readlink");
  return real(Path(path).get(), to, bytes);
}

char* realpath(const char* path, char* to) noexcept {
  static auto* const real = next<char*(const char*, char*)>("realpath");
  return restored(real(Path(path).get(), to), to);
}

char* __realpath_chk(const char* path, char* to, size_t bytes);
char* __realpath_chk(const char* path, char* to, size_t bytes) {
  static auto* const real = next<char*(const char*, char*, size_t)>("__realpath_chk");
  return restored(real(Path(path).get(), to, bytes), to);
}

int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  const auto client = device_files::find(fd);
  if (!client) {
    static auto* const real = next<int(int, unsigned long, ...)>("ioctl");
    return real(fd, request, argument);
  }
  const int error = client->ioctl(request, argument);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

void* mmap(void* address, size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  return map(address, bytes, protection, flags, fd, offset);
}

void* mmap64(void* address, size_t bytes, int protection, int flags, int fd,
             off64_t offset) noexcept {
  return map(address, bytes, protection, flags, fd, offset);
}

/// Writes the current counters to `to`, in the format of the file that NPUWHISPER_EMULATOR_STATS
/// names. Truncates the text to `bytes` bytes, including the terminating zero. Returns the length
/// of the full text, or 0 if this process has not opened the device.
size_t npuwhisper_emulator_statistics(char* to, size_t bytes);
size_t npuwhisper_emulator_statistics(char* to, size_t bytes) {
  const auto* device = device_files::device();
  if (device == nullptr) return 0;
  const std::string text = const_cast<npuwhisper::emu::Device*>(device)->statistics().json();
  if (bytes > 0) {
    const size_t n = text.copy(to, bytes - 1);
    to[n] = 0;
  }
  return text.size();
}

}  // extern "C"
#pragma GCC visibility pop

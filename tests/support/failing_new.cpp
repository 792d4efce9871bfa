// SPDX-License-Identifier: LGPL-2.1-or-later
#include "failing_new.h"

#include <dlfcn.h>

#include <cstring>

#include "replaced_allocation.h"

namespace {

// Number of calls of operator new in this thread until one fails, including the failing call. If 0,
// no call fails.
thread_local long n_left = 0;
thread_local bool lasts = false;
thread_local bool spares_onednn = false;
thread_local bool has_failed = false;

bool is_in_onednn(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) != 0 && std::strstr(info.dli_fname, "libdnnl") != nullptr;
}

bool fails(const void* caller) {
  if (n_left == 0 || (spares_onednn && is_in_onednn(caller))) return false;
  if (n_left > 1) {
    --n_left;
    return false;
  }
  if (!lasts) n_left = 0;
  has_failed = true;
  return true;
}

}  // namespace

namespace npuwhisper::test {

bool allows(Allocation /*function*/, const void* caller) {
  return !fails(caller);
}

void note_release(Allocation /*function*/, const void* /*memory*/) {}

FailingNew::FailingNew(const Failures& failures) {
  has_failed = false;
  lasts = failures.lasts;
  spares_onednn = failures.spares_onednn;
  n_left = failures.first;
}

FailingNew::~FailingNew() {
  n_left = 0;
}

bool FailingNew::happened() const {
  return has_failed;
}

}  // namespace npuwhisper::test

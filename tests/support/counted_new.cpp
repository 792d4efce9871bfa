// SPDX-License-Identifier: LGPL-2.1-or-later
#include "counted_new.h"

#include <atomic>

#include "replaced_allocation.h"

namespace npuwhisper::test {
namespace {

std::atomic<long> allocations{0};

}  // namespace

bool allows(Allocation /*function*/, const void* /*caller*/) {
  ++allocations;
  return true;
}

void note_release(Allocation /*function*/, const void* /*memory*/) {}

long n_allocations() {
  return allocations;
}

}  // namespace npuwhisper::test

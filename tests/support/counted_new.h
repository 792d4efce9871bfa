// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// Counts the calls of operator new. The test adds counted_new.cpp and replaced_new.cpp to its
/// sources.
namespace npuwhisper::test {

/// Returns the number of calls of operator new so far, in all threads.
long n_allocations();

}  // namespace npuwhisper::test

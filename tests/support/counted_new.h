// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// Counts the calls of operator new. A test compiles counted_new.cpp and replaced_new.cpp among its
/// own sources.
namespace npuwhisper::test {

/// Calls so far, of all threads.
long n_allocations();

}  // namespace npuwhisper::test

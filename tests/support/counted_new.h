// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// The program's operator new, replaced so that a test can count its calls, in builds with
/// sanitizers too. A test compiles counted_new.cpp among its own sources. Where malloc() counts as
/// well there is replaced_allocation.h.
namespace npuwhisper::test {

/// Calls so far, of all threads.
long n_allocations();

}  // namespace npuwhisper::test

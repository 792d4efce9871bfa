// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// The program's operator new and delete, the C library's allocation functions and mmap, replaced,
/// so that a test can count what is asked for. A test compiles replaced_allocation.cpp among its
/// own sources and defines the two hooks; not for builds with sanitizers, which replace them, too.
namespace npuwhisper::test {

/// `caller`: an address in whoever called the replaced function. What the hook allocates itself
/// comes here again.
void note_allocation(const void* caller);
/// `memory` is about to be freed; not null.
void note_release(const void* memory);

}  // namespace npuwhisper::test

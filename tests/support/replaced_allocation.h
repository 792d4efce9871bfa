// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

/// Replaces the allocation functions of the program and of the libraries that the program uses. A
/// test adds replaced_new.cpp to its sources to replace operator new and delete, also in builds
/// with sanitizers. Without sanitizers, the test may also add replaced_malloc.cpp, which replaces
/// malloc(), the related functions and mmap(). Sanitizers replace these functions themselves. The
/// test defines the hooks allows() and note_release().
namespace npuwhisper::test {

enum class Allocation : std::uint8_t { New, Malloc, Map };

/// Hook, called before each allocation. If it returns false, the allocation fails. `caller` is an
/// address in the function that allocates. An allocation by the hook calls the hook again.
bool allows(Allocation function, const void* caller);

/// Hook, called before operator delete (New) or free() (Malloc) frees `memory`, which is never
/// null.
void note_release(Allocation function, const void* memory);

/// Returns whether the calling thread is inside operator new or delete, which call malloc() and
/// free().
bool is_in_replaced_new();

}  // namespace npuwhisper::test

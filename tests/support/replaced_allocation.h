// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

/// The program's allocation functions, replaced for the libraries that it uses, too. A test
/// compiles replaced_new.cpp among its own sources: operator new and delete, also in builds with
/// sanitizers. With replaced_malloc.cpp, malloc() and its relatives and mmap() are replaced as
/// well; sanitizers replace them themselves. The test defines the two hooks.
namespace npuwhisper::test {

enum class Allocation : std::uint8_t { New, Malloc, Map };

/// Hook before an allocation: whether it is to succeed. `caller` is an address in the function that
/// called the replaced one. An allocation by the hook calls the hook again.
bool allows(Allocation function, const void* caller);

/// Hook before `memory`, not null, is freed: by operator delete (New) or by free() (Malloc).
void note_release(Allocation function, const void* memory);

/// Whether this thread is in operator new or delete, which call malloc() and free() in turn.
bool is_in_replaced_new();

}  // namespace npuwhisper::test

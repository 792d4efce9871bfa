// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#if !defined(__cplusplus) || __cplusplus < 202002L
#error "npuwhisper's headers need C++20: compile with -std=c++20 or later"
#endif

/// Marks a symbol that libnpuwhisper exports. All other symbols are hidden.
#define NPUWHISPER_API __attribute__((visibility("default")))

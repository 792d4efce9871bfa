// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// Marks what libnpuwhisper exports; everything else is hidden.
#define NPUWHISPER_API __attribute__((visibility("default")))

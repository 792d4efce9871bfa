// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>

#include "engine/memory_limits.h"

namespace npuwhisper {

/// Finds the name of a published model that takes at most `bytes`; nullopt if there is none.
using FindFitting = std::function<std::optional<std::string_view>(std::uint64_t bytes)>;

/// Compares the memory that the model of `path` takes with the memory that the process may use.
/// Logs a warning if the process may use this much memory, but less is free now. Errors:
/// Unavailable (the model takes more memory than the process can ever have). The error message
/// contains the model, both amounts of memory, the origin of the limit and the result of
/// `find_fitting`. `find_fitting` is called only for this message.
Result<void> check_memory(const std::filesystem::path& path, const MemoryNeed& need,
                          const MemoryLimits& limits, const FindFitting& find_fitting);

/// Returns an amount of memory as text: "82 MB", "1.9 GB".
std::string describe_bytes(std::uint64_t bytes);

}  // namespace npuwhisper

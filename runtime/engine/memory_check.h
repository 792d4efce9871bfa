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
/// Logs a warning if the memory is possible but not available now. Errors: Unavailable (more than
/// the process can ever have). The message has the model, both figures, the origin of the limit and
/// the result of `find_fitting`, which is called only then.
Result<void> check_memory(const std::filesystem::path& path, const MemoryNeed& need,
                          const MemoryLimits& limits, const FindFitting& find_fitting);

/// Returns an amount of memory as text: "82 MB", "1.9 GB".
std::string describe_bytes(std::uint64_t bytes);

}  // namespace npuwhisper

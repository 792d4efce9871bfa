// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/memory_check.h"

#include <cstdio>

#include <npuwhisper/log.h>

#include "model/model_failure.h"

namespace npuwhisper {

std::string describe_bytes(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  char text[32];
  if (value < 999.5e6) {
    std::snprintf(text, sizeof text, "%.0f MB", value / 1e6);
  } else {
    std::snprintf(text, sizeof text, "%.1f GB", value / 1e9);
  }
  return text;
}

Result<void> check_memory(const std::filesystem::path& path, const MemoryNeed& need,
                          const MemoryLimits& limits, const FindFitting& find_fitting) {
  const std::uint64_t wanted = need.peak_bytes();
  const auto compare = [&](const MemoryLimit& limit) {
    return "memory: found " + describe_bytes(limit.bytes) + ", " + limit.source + ", wanted " +
           describe_bytes(wanted) + "; ";
  };
  if (limits.possible && wanted > limits.possible->bytes) {
    const auto fitting = find_fitting(limits.possible->bytes);
    return model_failure(
        path, {ErrorCode::Unavailable,
               compare(*limits.possible) + (fitting ? "model '" + std::string(*fitting) + "' fits"
                                                    : std::string("no published model fits"))});
  }
  if (limits.available && wanted > limits.available->bytes) {
    log(LogLevel::Warning, "model '" + path.string() + "': " + compare(*limits.available) +
                               "loading may fail, or may slow down this machine");
  }
  return {};
}

}  // namespace npuwhisper

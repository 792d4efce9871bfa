// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Returns `error` with the path of the model, or of one of its files, in front of its message.
inline Failure model_failure(const std::filesystem::path& path, const Error& error) {
  return fail(error.code, "model '" + path.string() + "': " + error.message);
}

}  // namespace npuwhisper

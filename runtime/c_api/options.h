// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string_view>

#include <npuwhisper/result.h>

#include "c_api/handles.h"

namespace npuwhisper {

/// An option of the C interface.
struct Option {
  const char* name;
  /// Converts `text` to a value and sets the option, which keeps its value after a failure.
  /// `name`: the option's name, for messages. Errors: InvalidArgument.
  Result<void> (*set)(npuwhisper_options& options, std::string_view name, std::string_view text);
};

/// Returns all options. If the element has the same option, its property has the same name.
std::span<const Option> option_table();

}  // namespace npuwhisper

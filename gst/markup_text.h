// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace npuwhisper {

/// The text of Pango markup: without its tags, with its entities resolved. What is no well-formed
/// markup is returned as it is.
std::string markup_text(std::string_view markup);

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace npuwhisper {

/// Returns the text of Pango markup, without tags and with entities resolved. Markup that is not
/// well-formed is returned unchanged.
std::string markup_text(std::string_view markup);

}  // namespace npuwhisper

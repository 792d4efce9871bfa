// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/captions.h>
#include <unicase.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "captions/characters.h"

namespace npuwhisper {

std::string upper_case(std::string_view text, std::string_view language) {
  std::string valid;
  append_valid(text, valid);
  const std::string code(language);
  std::size_t size = 0;
  // The first nullptr selects no normalisation form.
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> upper(
      u8_toupper(reinterpret_cast<const std::uint8_t*>(valid.data()), valid.size(), code.c_str(),
                 nullptr, nullptr, &size),
      std::free);
  // With valid text, u8_toupper() fails only for lack of memory.
  if (!upper && !valid.empty()) throw std::bad_alloc();
  return std::string(reinterpret_cast<const char*>(upper.get()), upper ? size : 0);
}

}  // namespace npuwhisper

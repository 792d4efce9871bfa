// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/upper_case_captions.h"

#include <string>

namespace npuwhisper {

void UpperCaseCaptions::add(std::span<const SpokenText> texts, std::string_view language) {
  std::vector<SpokenText> upper(texts.begin(), texts.end());
  for (SpokenText& spoken : upper) spoken.text = upper_case(spoken.text, language);
  maker_->add(upper, language);
}

}  // namespace npuwhisper

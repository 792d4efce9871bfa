// SPDX-License-Identifier: LGPL-2.1-or-later
#include "language_warning.h"

#include <npuwhisper/languages.h>

#include <string>

namespace npuwhisper {

void LanguageWarning::check(GstElement* element, const Transcriber& transcriber) {
  if (!transcriber.language_is_doubtful()) {
    is_posted_ = false;
    return;
  }
  if (is_posted_) return;
  is_posted_ = true;
  const std::string& code = transcriber.language();
  std::string name(language_name(code));
  if (!name.empty()) name.front() = g_ascii_toupper(name.front());
  GST_ELEMENT_WARNING(
      element, STREAM, DECODE,
      ("The language is probably %s (%s), but with a probability of only %.2f: set language-code "
       "(--language), or set the candidates with languages (--languages)",
       name.c_str(), code.c_str(), static_cast<double>(transcriber.language_probability())),
      ("detection requires a probability of at least one half"));
}

}  // namespace npuwhisper

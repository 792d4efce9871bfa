// SPDX-License-Identifier: LGPL-2.1-or-later
#include "markup_text.h"

#include <glib.h>

namespace npuwhisper {
namespace {

void append(GMarkupParseContext*, const gchar* text, gsize n_bytes, gpointer out, GError**) {
  static_cast<std::string*>(out)->append(text, n_bytes);
}

}  // namespace

std::string markup_text(std::string_view markup) {
  static const GMarkupParser kParser = {nullptr, nullptr, append, nullptr, nullptr};
  std::string text;
  GMarkupParseContext* context =
      g_markup_parse_context_new(&kParser, static_cast<GMarkupParseFlags>(0), &text, nullptr);
  // The parser requires one element around the whole markup. Pango's parser also adds such an
  // element.
  const bool parsed = g_markup_parse_context_parse(context, "<markup>", -1, nullptr) &&
                      g_markup_parse_context_parse(context, markup.data(),
                                                   static_cast<gssize>(markup.size()), nullptr) &&
                      g_markup_parse_context_parse(context, "</markup>", -1, nullptr) &&
                      g_markup_parse_context_end_parse(context, nullptr);
  g_markup_parse_context_free(context);
  return parsed ? text : std::string(markup);
}

}  // namespace npuwhisper

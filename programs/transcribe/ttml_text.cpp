// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ttml_text.h"

#include <glib.h>

#include <algorithm>
#include <memory>

#include "programs/common/cue_text.h"

namespace npuwhisper::cli {
namespace {

// Both standards allow more than this document uses: one style, and one region, which is the area
// that all screens show. With 30 rows, a font size of 160 % is 5.3 % of the picture's height, so a
// line of 42 columns fits into the region of a 16:9 picture.
constexpr std::string_view kHead = R"( <head>
  <metadata>
   <ebuttm:documentMetadata>
    <ebuttm:conformsToStandard>urn:ebu:tt:distribution:2018-04</ebuttm:conformsToStandard>
    <ebuttm:conformsToStandard>http://www.w3.org/ns/ttml/profile/imsc1/text</ebuttm:conformsToStandard>
    <ebuttm:conformsToStandard>http://www.w3.org/ns/ttml/profile/imsc1.1/text</ebuttm:conformsToStandard>
   </ebuttm:documentMetadata>
  </metadata>
  <styling>
   <style xml:id="cue" tts:fontFamily="proportionalSansSerif" tts:fontSize="160%"
    tts:lineHeight="normal" tts:textAlign="center" ebutts:linePadding="0.5c"/>
   <style xml:id="text" tts:color="#FFFFFF" tts:backgroundColor="#000000"/>
  </styling>
  <layout>
   <region xml:id="bottom" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after"/>
  </layout>
 </head>
)";

/// Returns the text as character data of XML, which is valid UTF-8. XML 1.0 allows no control
/// characters except tabs and line ends.
std::string escape_xml(std::string_view text) {
  const std::unique_ptr<gchar, decltype(&g_free)> valid(
      g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())), g_free);
  std::string allowed(valid.get());
  std::erase_if(allowed, [](unsigned char c) { return c < 0x20 && c != '\t'; });
  const std::unique_ptr<gchar, decltype(&g_free)> escaped(
      g_markup_escape_text(allowed.data(), static_cast<gssize>(allowed.size())), g_free);
  return escaped.get();
}

}  // namespace

std::string ttml_head(std::string_view language) {
  std::string head = R"(<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
 xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ebuttm="urn:ebu:tt:metadata"
 xmlns:ebutts="urn:ebu:tt:style" ttp:timeBase="media" ttp:cellResolution="50 30" xml:lang=")";
  head += escape_xml(language);
  head += "\">\n";
  head += kHead;
  return head;
}

std::string ttml_cue(int number, std::int64_t start, std::int64_t end, std::string_view text) {
  std::string cue = "   <p xml:id=\"c" + std::to_string(number) +
                    "\" region=\"bottom\" style=\"cue\" begin=\"" + cue_timestamp(start, '.') +
                    "\" end=\"" + cue_timestamp(end, '.') + "\">";
  for (bool is_first = true;; is_first = false) {
    const std::size_t n = std::min(text.find('\n'), text.size());
    if (!is_first) cue += "<br/>";
    cue += "<span style=\"text\">" + escape_xml(text.substr(0, n)) + "</span>";
    if (n == text.size()) break;
    text.remove_prefix(n + 1);
  }
  return cue + "</p>\n";
}

}  // namespace npuwhisper::cli

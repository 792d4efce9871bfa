// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/chinese_converter.h"

#ifdef NPUWHISPER_HAVE_OPENCC
#include <opencc.h>

#include <cstdint>
#endif

#include <algorithm>
#include <cstddef>

#include "model/utf8.h"

namespace npuwhisper {
namespace {

#ifdef NPUWHISPER_HAVE_OPENCC
class OpenCc final : public ChineseConverter {
 public:
  explicit OpenCc(opencc_t handle) : handle_(handle) {}
  OpenCc(const OpenCc&) = delete;
  OpenCc& operator=(const OpenCc&) = delete;
  ~OpenCc() override { opencc_close(handle_); }

  std::string convert(std::string_view text) const override {
    // OpenCC rejects invalid UTF-8. An empty text needs no conversion.
    if (text.empty() || !is_valid_utf8(text)) return std::string(text);
    char* converted = opencc_convert_utf8(handle_, text.data(), text.size());
    if (converted == nullptr) return std::string(text);
    std::string result = converted;
    opencc_convert_utf8_free(converted);
    return result;
  }

 private:
  const opencc_t handle_;
};
#endif

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

/// Removes the first `n` characters from `text` and returns them.
std::string_view take_characters(std::string_view& text, std::size_t n) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (begins_character(text[end]) && n-- == 0) break;
  }
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

}  // namespace

Result<std::unique_ptr<ChineseConverter>> ChineseConverter::create(ChineseScript script) {
#ifdef NPUWHISPER_HAVE_OPENCC
  const char* config = script == ChineseScript::Simplified ? OPENCC_DEFAULT_CONFIG_TRAD_TO_SIMP
                                                           : OPENCC_DEFAULT_CONFIG_SIMP_TO_TRAD;
  const opencc_t handle = opencc_open(config);
  if (reinterpret_cast<std::intptr_t>(handle) == -1) {
    return fail(ErrorCode::Unavailable, std::string("chinese_script: OpenCC cannot open ") +
                                            config + ": " + opencc_error());
  }
  return std::unique_ptr<ChineseConverter>(std::make_unique<OpenCc>(handle));
#else
  return fail(ErrorCode::Unsupported,
              "chinese_script: found " +
                  std::string(script == ChineseScript::Simplified ? "simplified" : "traditional") +
                  ", wanted auto: this build has no OpenCC (meson option opencc)");
#endif
}

void ChineseConverter::convert_parts(std::string_view context,
                                     const std::vector<std::string*>& parts) const {
  std::string whole(context);
  for (const std::string* part : parts) whole += *part;
  const std::string converted = convert(whole);
  if (count_characters(converted) != count_characters(whole)) {
    for (std::string* part : parts) *part = convert(*part);
    return;
  }
  std::string_view rest = converted;
  take_characters(rest, count_characters(context));
  for (std::string* part : parts) *part = take_characters(rest, count_characters(*part));
}

}  // namespace npuwhisper

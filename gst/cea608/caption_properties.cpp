// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_properties.h"

#include "codes.h"

namespace npuwhisper {
namespace {

using cea608::Mode;

// Flags of properties that may be changed while playing. Changes take effect with the next text or
// GAP.
constexpr auto kWhilePlaying = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                        GST_PARAM_MUTABLE_PLAYING);
constexpr guint kLongestTimeoutMs = 600'000;
constexpr guint kLongestLookaheadMs = 10'000;

GType mode_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Mode::PopOn), "Captions appear as a whole, at their start time", "pop-on"},
      {static_cast<int>(Mode::PaintOn), "Captions become visible while they are sent", "paint-on"},
      {static_cast<int>(Mode::RollUp2), "Roll-up captions in two rows", "roll-up2"},
      {static_cast<int>(Mode::RollUp3), "Roll-up captions in three rows", "roll-up3"},
      {static_cast<int>(Mode::RollUp4), "Roll-up captions in four rows", "roll-up4"},
      {0, nullptr, nullptr}};
  static const GType type = [] {
    const GType registered = g_enum_register_static("GstTextToCea608Mode", values);
    gst_type_mark_as_plugin_api(registered, static_cast<GstPluginAPIFlags>(0));
    return registered;
  }();
  return type;
}

void set(GstStructure* structure, const char* name, std::uint64_t value) {
  gst_structure_set(structure, name, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

}  // namespace

void install_caption_properties(GObjectClass* klass) {
  const CaptionSettings initial;
  g_object_class_install_property(
      klass, kCaptionPropMode,
      g_param_spec_enum("mode", "Mode", "How captions appear", mode_type(),
                        static_cast<int>(initial.layout.mode), kWhilePlaying));
  g_object_class_install_property(
      klass, kCaptionPropOriginRow,
      g_param_spec_int(
          "origin-row", "Origin row",
          "Base row of roll-up captions, first row of other captions (0: top, -1: at the bottom)",
          -1, cea608::kRows - 1, initial.layout.origin_row, kWhilePlaying));
  g_object_class_install_property(
      klass, kCaptionPropOriginColumn,
      g_param_spec_uint("origin-column", "Origin column", "Column in which rows start", 0,
                        cea608::kColumns - 1, static_cast<guint>(initial.layout.origin_column),
                        kWhilePlaying));
  g_object_class_install_property(
      klass, kCaptionPropTimeout,
      g_param_spec_uint("timeout", "Timeout",
                        "Milliseconds after which text is erased if no text follows (0: never); "
                        "pop-on and paint-on: only for text without a duration",
                        0, kLongestTimeoutMs, initial.timeout_ms, kWhilePlaying));
  g_object_class_install_property(
      klass, kCaptionPropLookahead,
      g_param_spec_uint("lookahead", "Lookahead",
                        "Pop-on: time in milliseconds between sending a caption and showing it; "
                        "increases the latency of a live pipeline by this time",
                        0, kLongestLookaheadMs, initial.lookahead_ms, kWhilePlaying));
  g_object_class_install_property(
      klass, kCaptionPropStats,
      g_param_spec_boxed(
          "stats", "Statistics",
          "Numbers of texts and characters received, and of characters replaced and dropped",
          GST_TYPE_STRUCTURE, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

bool set_property(CaptionSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kCaptionPropMode:
      settings.layout.mode = static_cast<Mode>(g_value_get_enum(value));
      return true;
    case kCaptionPropOriginRow:
      settings.layout.origin_row = g_value_get_int(value);
      return true;
    case kCaptionPropOriginColumn:
      settings.layout.origin_column = static_cast<int>(g_value_get_uint(value));
      return true;
    case kCaptionPropTimeout:
      settings.timeout_ms = g_value_get_uint(value);
      return true;
    case kCaptionPropLookahead:
      settings.lookahead_ms = g_value_get_uint(value);
      return true;
    default:
      return false;
  }
}

bool get_property(const CaptionSettings& settings, guint id, GValue* value) {
  switch (id) {
    case kCaptionPropMode:
      g_value_set_enum(value, static_cast<int>(settings.layout.mode));
      return true;
    case kCaptionPropOriginRow:
      g_value_set_int(value, settings.layout.origin_row);
      return true;
    case kCaptionPropOriginColumn:
      g_value_set_uint(value, static_cast<guint>(settings.layout.origin_column));
      return true;
    case kCaptionPropTimeout:
      g_value_set_uint(value, settings.timeout_ms);
      return true;
    case kCaptionPropLookahead:
      g_value_set_uint(value, settings.lookahead_ms);
      return true;
    default:
      return false;
  }
}

GstStructure* make_stats(const cea608::EncoderCounters& counters) {
  GstStructure* stats = gst_structure_new_empty("application/x-texttocea608-stats");
  set(stats, "texts", counters.texts);
  set(stats, "characters", counters.characters);
  set(stats, "replaced-characters", counters.replaced_characters);
  set(stats, "dropped-characters", counters.dropped_characters);
  return stats;
}

}  // namespace npuwhisper

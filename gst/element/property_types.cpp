// SPDX-License-Identifier: LGPL-2.1-or-later
#include "property_types.h"

#include <npuwhisper/captions.h>

#include <vector>

#include "settings.h"

namespace npuwhisper {
namespace {

enum StageFlag : guint { kMel = 1, kEncoder = 2, kDecoder = 4 };

GType register_enum(const char* name, const GEnumValue* values) {
  const GType type = g_enum_register_static(name, values);
  gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
  return type;
}

}  // namespace

GType device_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(DeviceKind::Auto), "An NPU if one is usable, else the CPU", "auto"},
      {static_cast<int>(DeviceKind::Cpu), "The CPU", "cpu"},
      {static_cast<int>(DeviceKind::Npu), "An NPU; an error if there is none", "npu"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperDevice", values);
  return type;
}

GType npu_stages_type() {
  static const GFlagsValue values[] = {
      {0, "The stages predicted to run faster on the NPU", "auto"},
      {kMel, "Log-mel spectrogram of a window", "mel"},
      {kEncoder, "The encoder", "encoder"},
      {kDecoder, "Cross-attention keys and values, and the decoder's matrix products", "decoder"},
      {0, nullptr, nullptr}};
  static const GType type = [] {
    const GType registered = g_flags_register_static("GstNpuWhisperNpuStages", values);
    gst_type_mark_as_plugin_api(registered, static_cast<GstPluginAPIFlags>(0));
    return registered;
  }();
  return type;
}

guint flags_of(const NpuStages& stages) {
  return (stages.mel ? kMel : 0U) | (stages.encoder ? kEncoder : 0U) |
         (stages.decoder ? kDecoder : 0U);
}

NpuStages stages_of(guint flags) {
  return {.mel = (flags & kMel) != 0,
          .encoder = (flags & kEncoder) != 0,
          .decoder = (flags & kDecoder) != 0};
}

GType precision_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Precision::Auto), "The fastest precision with the accuracy of f32", "auto"},
      {static_cast<int>(Precision::F32), "32-bit floating point", "f32"},
      {static_cast<int>(Precision::Bf16), "Encoder in bfloat16", "bf16"},
      {static_cast<int>(Precision::Int8),
       "8-bit integers for the decoder's weights and the encoder's matrix products", "int8"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperPrecision", values);
  return type;
}

GType task_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Task::Transcribe), "Text in the spoken language", "transcribe"},
      {static_cast<int>(Task::Translate), "Text in English", "translate"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperTask", values);
  return type;
}

GType chinese_script_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(ChineseScript::Auto), "As written by the model", "auto"},
      {static_cast<int>(ChineseScript::Simplified), "Simplified characters", "simplified"},
      {static_cast<int>(ChineseScript::Traditional), "Traditional characters", "traditional"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperChineseScript", values);
  return type;
}

GType vad_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Vad::Auto),
       "Detect speech if the detector's weights are installed; otherwise warn", "auto"},
      {static_cast<int>(Vad::On),
       "Detect speech; an error if the detector's weights are not installed", "on"},
      {static_cast<int>(Vad::Off), "Transcribe all audio", "off"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperVad", values);
  return type;
}

GType output_mode_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(OutputMode::Segment),
       "One buffer for each caption, or segment if caption-style=none", "segment"},
      {static_cast<int>(OutputMode::Word), "One buffer for each word", "word"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperOutputMode", values);
  return type;
}

GType caption_style_type() {
  // GLib keeps a pointer to the values, so they are never freed.
  static const auto& values = *new std::vector<GEnumValue>([] {
    std::vector<GEnumValue> rows;
    for (const CaptionStyleEntry& entry : caption_styles()) {
      rows.push_back({static_cast<int>(entry.style), entry.description, entry.name});
    }
    rows.push_back({0, nullptr, nullptr});
    return rows;
  }());
  static const GType type = register_enum("GstNpuWhisperCaptionStyle", values.data());
  return type;
}

}  // namespace npuwhisper

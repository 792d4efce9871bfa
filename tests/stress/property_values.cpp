// SPDX-License-Identifier: LGPL-2.1-or-later
#include "property_values.h"

#include <algorithm>
#include <string_view>

namespace npuwhisper::stress {
namespace {

bool is_for_us(const GParamSpec* spec) {
  const std::string_view name(spec->name);
  return (spec->flags & G_PARAM_WRITABLE) != 0 && (spec->flags & G_PARAM_CONSTRUCT_ONLY) == 0 &&
         name != "name" && name != "parent";
}

const char* some_string(Dice& dice) {
  static constexpr const char* kStrings[] = {"",   "en",    "de-DE",        "auto", "English",
                                             "xx", "en,de", "a, b, prompt", "base", "tiny"};
  return dice.pick(kStrings);
}

gint some_enum_value(GType type, Dice& dice) {
  auto* klass = G_ENUM_CLASS(g_type_class_ref(type));
  const gint value = klass->values[dice.number(0, klass->n_values - 1)].value;
  g_type_class_unref(klass);
  return value;
}

guint some_flags(GType type, Dice& dice) {
  auto* klass = G_FLAGS_CLASS(g_type_class_ref(type));
  const guint value = klass->mask & static_cast<guint>(dice.number(0, 0xFFFF));
  g_type_class_unref(klass);
  return value;
}

// Returns a value at most 4000 above the minimum. Some properties are times of up to an hour, with
// which no output would appear.
guint some_uint(const GParamSpecUInt& spec, Dice& dice) {
  constexpr guint kMostAbove = 4000;
  const guint most = std::min(spec.maximum, spec.minimum + kMostAbove);
  return static_cast<guint>(dice.number(spec.minimum, most));
}

void fill(GValue* value, GParamSpec* spec, Dice& dice) {
  if (G_IS_PARAM_SPEC_BOOLEAN(spec)) {
    g_value_set_boolean(value, dice.chance(0.5));
  } else if (G_IS_PARAM_SPEC_UINT(spec)) {
    g_value_set_uint(value, some_uint(*G_PARAM_SPEC_UINT(spec), dice));
  } else if (G_IS_PARAM_SPEC_INT(spec)) {
    const auto* range = G_PARAM_SPEC_INT(spec);
    g_value_set_int(value, static_cast<gint>(dice.number(range->minimum, range->maximum)));
  } else if (G_IS_PARAM_SPEC_FLOAT(spec)) {
    const auto* range = G_PARAM_SPEC_FLOAT(spec);
    g_value_set_float(value, static_cast<float>(dice.between(range->minimum, range->maximum)));
  } else if (G_IS_PARAM_SPEC_STRING(spec)) {
    g_value_set_string(value, some_string(dice));
  } else if (G_IS_PARAM_SPEC_ENUM(spec)) {
    g_value_set_enum(value, some_enum_value(spec->value_type, dice));
  } else if (G_IS_PARAM_SPEC_FLAGS(spec)) {
    g_value_set_flags(value, some_flags(spec->value_type, dice));
  }
}

}  // namespace

void set_random_property(GstElement* element, Dice& dice) {
  guint n = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &n);
  GParamSpec** end =
      std::remove_if(specs, specs + n, [](const GParamSpec* spec) { return !is_for_us(spec); });
  GParamSpec* spec = specs[dice.number(0, end - specs - 1)];
  g_free(specs);
  GValue value = G_VALUE_INIT;
  g_value_init(&value, spec->value_type);
  fill(&value, spec, dice);
  g_object_set_property(G_OBJECT(element), spec->name, &value);
  g_value_unset(&value);
}

void read_all_properties(GstElement* element) {
  guint n = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &n);
  for (guint i = 0; i < n; ++i) {
    if ((specs[i]->flags & G_PARAM_READABLE) == 0) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, specs[i]->value_type);
    g_object_get_property(G_OBJECT(element), specs[i]->name, &value);
    g_value_unset(&value);
  }
  g_free(specs);
}

}  // namespace npuwhisper::stress

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "element_settings.h"

#include <memory>
#include <span>
#include <string>

namespace npuwhisper::fuzz {
namespace {

constexpr std::size_t kMaxText = 40;

using Specs = std::unique_ptr<GParamSpec*, decltype(&g_free)>;

/// Chooses a value for the property. Returns false for types that no property of this project has.
bool choose(Decisions& input, GParamSpec* spec, GValue* value) {
  if (auto* number = G_IS_PARAM_SPEC_UINT(spec) ? G_PARAM_SPEC_UINT(spec) : nullptr) {
    g_value_set_uint(value, static_cast<guint>(input.between(number->minimum, number->maximum)));
  } else if (auto* integer = G_IS_PARAM_SPEC_INT(spec) ? G_PARAM_SPEC_INT(spec) : nullptr) {
    g_value_set_int(value, static_cast<gint>(input.between(integer->minimum, integer->maximum)));
  } else if (G_IS_PARAM_SPEC_BOOLEAN(spec)) {
    g_value_set_boolean(value, input.yes());
  } else if (G_IS_PARAM_SPEC_STRING(spec)) {
    g_value_set_string(value, input.text(kMaxText).c_str());
  } else if (G_IS_PARAM_SPEC_FLOAT(spec)) {
    g_value_set_float(value, static_cast<float>(input.between(-300, 300)) / 100);
  } else if (G_IS_PARAM_SPEC_ENUM(spec)) {
    const GEnumClass* values = G_PARAM_SPEC_ENUM(spec)->enum_class;
    const auto i = input.choice(static_cast<int>(values->n_values));
    g_value_set_enum(value, values->values[i].value);
  } else if (G_IS_PARAM_SPEC_FLAGS(spec)) {
    g_value_set_flags(value, input.byte() & G_PARAM_SPEC_FLAGS(spec)->flags_class->mask);
  } else {
    return false;
  }
  g_param_value_validate(spec, value);
  return true;
}

/// Returns whether the property is the element's own. Properties of GstObject, such as the name,
/// are excluded.
bool is_ours(const GParamSpec* spec) {
  return spec->owner_type != GST_TYPE_OBJECT && spec->owner_type != G_TYPE_OBJECT;
}

}  // namespace

void set_some_properties(Decisions& input, GstElement* element, int n) {
  guint n_specs = 0;
  const Specs specs(g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &n_specs), g_free);
  for (; n > 0; --n) {
    GParamSpec* spec = specs.get()[input.choice(static_cast<int>(n_specs))];
    if (!is_ours(spec) || (spec->flags & G_PARAM_WRITABLE) == 0) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_PARAM_SPEC_VALUE_TYPE(spec));
    if (choose(input, spec, &value)) g_object_set_property(G_OBJECT(element), spec->name, &value);
    g_value_unset(&value);
  }
}

void read_properties(GstElement* element) {
  guint n_specs = 0;
  const Specs specs(g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &n_specs), g_free);
  for (GParamSpec* spec : std::span(specs.get(), n_specs)) {
    if ((spec->flags & G_PARAM_READABLE) == 0) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_PARAM_SPEC_VALUE_TYPE(spec));
    g_object_get_property(G_OBJECT(element), spec->name, &value);
    g_value_unset(&value);
  }
}

}  // namespace npuwhisper::fuzz

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/unicode_class.h"

#include <unictype.h>

namespace npuwhisper {

UnicodeClass unicode_class(char32_t code_point) {
  if (uc_is_property_white_space(code_point)) return UnicodeClass::Space;
  if (uc_is_general_category(code_point, UC_CATEGORY_L)) return UnicodeClass::Letter;
  if (uc_is_general_category(code_point, UC_CATEGORY_N)) return UnicodeClass::Number;
  return UnicodeClass::Other;
}

}  // namespace npuwhisper

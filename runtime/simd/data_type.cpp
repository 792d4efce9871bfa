// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/data_type.h"

namespace npuwhisper {

std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::I8:
      return 1;
    case DataType::I16:
    case DataType::F16:
    case DataType::Bf16:
      return 2;
    case DataType::F32:
    case DataType::I32:
      return 4;
  }
  return 0;
}

std::string_view to_string(DataType type) {
  switch (type) {
    case DataType::F32:
      return "f32";
    case DataType::I8:
      return "i8";
    case DataType::I16:
      return "i16";
    case DataType::I32:
      return "i32";
    case DataType::F16:
      return "f16";
    case DataType::Bf16:
      return "bf16";
  }
  return "unknown";
}

}  // namespace npuwhisper

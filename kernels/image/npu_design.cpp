// SPDX-License-Identifier: LGPL-2.1-or-later
//
// npuwhisper-npu-design ARRAY ROWS COLUMNS [OBJECT]: writes the array program for ROWS x COLUMNS
// cores as MLIR-AIE text. ARRAY is npu1 or npu2. The cores are linked with OBJECT (default:
// encoder_core.o).
#include <charconv>
#include <cstring>
#include <iostream>

#include "design/write_design.h"

namespace {

bool read_number(const char* text, int& value) {
  const char* end = text + std::strlen(text);
  return std::from_chars(text, end, value).ptr == end;
}

}  // namespace

int main(int argc, char** argv) {
  int rows = 0;
  int columns = 0;
  if (argc < 4 || argc > 5 || !read_number(argv[2], rows) || !read_number(argv[3], columns)) {
    std::cerr << "usage: npuwhisper-npu-design npu1|npu2 CORE_ROWS CORE_COLUMNS [OBJECT]\n";
    return 2;
  }
  const auto spec = npuwhisper::npu::make_design_spec(argv[1], rows, columns);
  if (!spec) {
    std::cerr << "npuwhisper-npu-design: " << spec.error().message << '\n';
    return 1;
  }
  const char* object = argc == 5 ? argv[4] : npuwhisper::npu::core::kObject;
  std::cout << npuwhisper::npu::write_design(*spec, object);
  return std::cout.good() ? 0 : 1;
}

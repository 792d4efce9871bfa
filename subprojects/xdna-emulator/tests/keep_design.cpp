// SPDX-License-Identifier: LGPL-2.1-or-later
#include "keep_design.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

namespace npuwhisper::emu::test {

void keep_design(std::string_view text) {
  const char* folder = std::getenv("NPUWHISPER_KEEP_DESIGNS");
  if (folder == nullptr) return;
  const std::string name = "design_" + std::to_string(std::hash<std::string_view>()(text));
  std::ofstream(std::filesystem::path(folder) / name, std::ios::binary) << text;
}

}  // namespace npuwhisper::emu::test

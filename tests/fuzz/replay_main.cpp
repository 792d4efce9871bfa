// SPDX-License-Identifier: LGPL-2.1-or-later
// Feeds files to a harness without libFuzzer, so that findings can be replayed with any compiler.
// usage: PROGRAM FILE_OR_FOLDER...
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include "harness.h"

namespace {

std::set<std::filesystem::path> files_of(int argc, char** argv) {
  std::set<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.insert(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      if (entry.is_regular_file()) files.insert(entry.path());
    }
  }
  return files;
}

bool replay(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "cannot read '%s'\n", file.c_str());
    return false;
  }
  // The vector has exactly the size of the file, so that a sanitizer detects the first read beyond
  // its end.
  const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
  std::printf("%s: %zu bytes\n", file.c_str(), bytes.size());
  std::fflush(stdout);  // After a crash, the last line names the file.
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto files = files_of(argc, argv);
  bool all_read = true;
  for (const auto& file : files) all_read = replay(file) && all_read;
  std::printf("%zu inputs\n", files.size());
  return all_read && !files.empty() ? 0 : 1;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "outputs.h"

#include <map>
#include <system_error>

namespace npuwhisper::cli {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return !path.has_filename() || fs::is_directory(path, ignored);
}

fs::path name_of(const std::string& input, Format format) {
  fs::path name = input == "-" ? fs::path("stdin") : fs::path(input).filename();
  return name.replace_extension(to_string(format));
}

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code missing;  // A file that is not there yet is no other file.
  return fs::equivalent(a, b, missing) && !missing;
}

}  // namespace

Result<std::vector<fs::path>> plan_outputs(std::span<const std::string> inputs,
                                           const std::string& output, Format format) {
  const bool many = inputs.size() > 1;
  if (output.empty()) {
    if (many && (format == Format::Srt || format == Format::Vtt)) {
      return fail(ErrorCode::InvalidArgument,
                  "format " + std::string(to_string(format)) +
                      " holds one file: name a folder with --output for several");
    }
    return std::vector<fs::path>(inputs.size());
  }

  std::vector<fs::path> paths;
  if (is_folder(output) || (many && format != Format::Json)) {
    std::error_code error;
    fs::create_directories(output, error);
    if (error) {
      return fail(ErrorCode::Unavailable,
                  "cannot make the folder '" + output + "': " + error.message());
    }
    std::map<fs::path, std::string> input_of;
    for (const std::string& input : inputs) {
      paths.push_back(fs::path(output) / name_of(input, format));
      const auto [other, is_new] = input_of.emplace(paths.back(), input);
      if (!is_new) {
        return fail(ErrorCode::InvalidArgument, "'" + other->second + "' and '" + input +
                                                    "' would both be written to '" +
                                                    paths.back().string() + "'");
      }
    }
  } else {
    paths.assign(inputs.size(), output);
  }

  for (const fs::path& path : paths) {
    for (const std::string& input : inputs) {
      if (same_file(path, input)) {
        return fail(ErrorCode::InvalidArgument,
                    "the output '" + path.string() + "' is one of the inputs");
      }
    }
  }
  return paths;
}

}  // namespace npuwhisper::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "outputs.h"

#include <algorithm>
#include <map>
#include <system_error>

namespace npuwhisper::cli {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return !path.has_filename() || fs::is_directory(path, ignored);
}

fs::path name_of(const Input& input, Format format) {
  return fs::path(input.name).replace_extension(to_string(format));
}

bool is_stdout(const std::string& output) {
  return output.empty() || output == "-";
}

/// `inputs` is the number of inputs, as text.
Failure one_file_for_several(const std::string& output, const std::string& inputs) {
  return fail(ErrorCode::InvalidArgument,
              "--output '" + output + "' is one file, but there are " + inputs +
                  " inputs: name an existing folder, or '" + output +
                  "/' to create one (--format json can write all of them to one file)");
}

Failure stdout_for_several(Format format) {
  return fail(ErrorCode::InvalidArgument,
              "format " + std::string(to_string(format)) +
                  " cannot hold several inputs: name a folder with --output");
}

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code missing;  // A file that does not exist yet equals no other file.
  return fs::equivalent(a, b, missing) && !missing;
}

}  // namespace

Result<std::vector<fs::path>> plan_outputs(std::span<const Input> inputs, const std::string& output,
                                           Format format) {
  const bool many = inputs.size() > 1;
  if (is_stdout(output)) {
    if (many && has_cues(format)) return stdout_for_several(format);
    return std::vector<fs::path>(inputs.size());
  }

  std::vector<fs::path> paths;
  if (is_folder(output)) {
    std::error_code error;
    fs::create_directories(output, error);
    if (error) {
      return fail(ErrorCode::Unavailable,
                  "cannot create the folder '" + output + "': " + error.message());
    }
    std::map<fs::path, std::string> input_of;
    for (const Input& input : inputs) {
      paths.push_back(fs::path(output) / name_of(input, format));
      const auto [other, is_new] = input_of.emplace(paths.back(), input.given);
      if (!is_new) {
        return fail(ErrorCode::InvalidArgument, "'" + other->second + "' and '" + input.given +
                                                    "' would both be written to '" +
                                                    paths.back().string() + "'");
      }
    }
  } else if (many && format != Format::Json) {
    return one_file_for_several(output, std::to_string(inputs.size()));
  } else {
    paths.assign(inputs.size(), output);
  }

  for (const fs::path& path : paths) {
    for (const Input& input : inputs) {
      if (input.kind == Input::Kind::File && same_file(path, input.location)) {
        return fail(ErrorCode::InvalidArgument,
                    "the output '" + path.string() + "' is one of the inputs");
      }
    }
  }
  return paths;
}

Result<std::vector<TextPaths>> plan_texts(std::span<const Input> inputs,
                                          std::span<const Output> outputs) {
  std::vector<TextPaths> texts(inputs.size());
  for (const Output& output : outputs) {
    const auto paths = plan_outputs(inputs, output.place, output.format);
    if (!paths) return fail(paths.error());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const fs::path& path = (*paths)[i];
      if (std::ranges::find(texts[i], path) != texts[i].end()) {
        return fail(ErrorCode::InvalidArgument,
                    "two texts of '" + inputs[i].given + "' would both be written to " +
                        (path.empty() ? "stdout" : "'" + path.string() + "'"));
      }
      texts[i].push_back(path);
    }
  }
  return texts;
}

bool is_shared(const Output& output) {
  return is_stdout(output.place) || !is_folder(output.place);
}

Result<void> check_list_outputs(std::span<const Output> outputs) {
  for (const Output& output : outputs) {
    if (!is_shared(output)) continue;
    if (!is_stdout(output.place)) {
      if (output.format != Format::Json) return one_file_for_several(output.place, "several");
    } else if (has_cues(output.format)) {
      return stdout_for_several(output.format);
    }
  }
  return {};
}

Result<TextPaths> plan_listed_texts(const Input& input, std::span<const Output> outputs) {
  const auto texts = plan_texts(std::span(&input, 1), outputs);
  if (!texts) return fail(texts.error());
  TextPaths paths = texts->front();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::error_code ignored;
    if (!is_shared(outputs[i]) && fs::exists(paths[i], ignored)) {
      return fail(ErrorCode::InvalidArgument, "its text '" + paths[i].string() + "' exists");
    }
  }
  return paths;
}

}  // namespace npuwhisper::cli

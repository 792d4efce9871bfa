// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kept_work.h"

#include "progress.h"

namespace npuwhisper::cli {
namespace {

using Kind = WorkState::Kind;

constexpr std::size_t kMostNames = 5;

/// Returns the name of the input with the places of its texts: "a.wav in a.srt and on stdout".
std::string with_places(const Input& input, const TextPaths& paths) {
  std::string text = input.given;
  for (const std::filesystem::path& path : paths) {
    text += &path == &paths.front() ? " " : " and ";
    text += path.empty() ? "on stdout" : "in " + path.string();
  }
  return text;
}

/// Returns the names as text, such as "a, b". Replaces all but the first kMostNames names by their
/// number: "a, b, c, d, e and 3 more".
std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMostNames; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kMostNames) {
    text += " and " + std::to_string(names.size() - kMostNames) + " more";
  }
  return text;
}

}  // namespace

std::vector<std::string> describe_kept_work(std::span<const Input> inputs,
                                            std::span<const TextPaths> paths,
                                            std::span<const WorkState> states) {
  std::vector<std::string> complete;
  std::vector<std::string> partial;
  std::vector<std::string> not_started;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    switch (states[i].kind) {
      case Kind::Complete:
        complete.push_back(with_places(inputs[i], paths[i]));
        break;
      case Kind::Partial:
        partial.push_back(with_places(inputs[i], paths[i]) +
                          (states[i].text_end ? ", text up to " + clock_text(*states[i].text_end)
                                              : ", no text yet"));
        break;
      case Kind::NotStarted:
        not_started.push_back(inputs[i].given);
        break;
      case Kind::Failed:
        break;
    }
  }
  std::vector<std::string> lines;
  if (!complete.empty()) lines.push_back("complete: " + join(complete));
  if (!partial.empty()) lines.push_back("partial: " + join(partial));
  if (!not_started.empty()) lines.push_back("not started: " + join(not_started));
  return lines;
}

}  // namespace npuwhisper::cli

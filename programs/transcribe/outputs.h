// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "formats.h"
#include "input.h"

namespace npuwhisper::cli {

/// One text to write for each input.
struct Output {
  std::string place;  ///< A value of --output; empty: stdout.
  Format format = Format::Txt;
};

/// The paths of the texts of one input, in the order of the outputs. An empty path means stdout.
using TextPaths = std::vector<std::filesystem::path>;

/// Returns the path of the output file of each input. An empty path means stdout. The paths are
/// either all the same or all different. `output` is the value of --output, or empty:
///   empty, or -                stdout; with has_cues() for one input, because the format cannot
///                              hold the texts of two
///   a folder, or NAME/         NAME/<Input::name, with the format's extension>
///   other names                that file, for one input; with Json also for several
/// Creates the folder NAME/. Errors: InvalidArgument (two inputs with one output, or an output that
/// is an input), Unavailable (the folder cannot be created).
Result<std::vector<std::filesystem::path>> plan_outputs(std::span<const Input> inputs,
                                                        const std::string& output, Format format);

/// Returns the paths of the texts of each input. Errors: those of plan_outputs() for each output,
/// and InvalidArgument if two outputs are the same file, or both are stdout.
Result<std::vector<TextPaths>> plan_texts(std::span<const Input> inputs,
                                          std::span<const Output> outputs);

/// Returns whether one place, stdout or a file, receives the texts of all inputs. Otherwise, the
/// place is a folder.
bool is_shared(const Output& output);

/// Checks that the outputs can hold the texts of any number of inputs. Errors: InvalidArgument.
Result<void> check_list_outputs(std::span<const Output> outputs);

/// Returns the paths of the texts of an input of --files-from. Errors: those of plan_texts(), and
/// InvalidArgument if a text in a folder already exists. Another input of the list may have the
/// same name, and the names of a long list are not kept in memory.
Result<TextPaths> plan_listed_texts(const Input& input, std::span<const Output> outputs);

}  // namespace npuwhisper::cli

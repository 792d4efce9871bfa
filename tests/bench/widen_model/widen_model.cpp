// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes a model of a larger shape with the function of a given model. See tests/bench/README.md.
#include <npuwhisper/engine.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "widened_model.h"

namespace npuwhisper::test {
namespace {

constexpr const char* kUsage =
    "usage: widen_model MODEL FOLDER WIDTH ENCODER_LAYERS DECODER_LAYERS [v3]\n"
    "Writes a CTranslate2 folder whose model has this shape and produces the same text as\n"
    "MODEL.\n"
    "  MODEL   name or folder of a CTranslate2 model\n"
    "  FOLDER  folder for the new model; it is created\n"
    "  v3      give the model 128 mel bins and the language yue, like large-v3; its text may then\n"
    "          differ from MODEL's, because its mel bins are interpolated\n";

Result<void> run(const std::vector<std::string>& arguments) {
  const auto folder = find_model(arguments[0]);
  if (!folder) return fail(folder.error());
  const auto model = Model::load(*folder);
  if (!model) return fail(model.error());
  std::error_code error;
  std::filesystem::create_directories(arguments[1], error);
  if (error) return fail(ErrorCode::Unavailable, arguments[1] + ": " + error.message());
  return write_widened_model(**model,
                             {.n_state = std::atoi(arguments[2].c_str()),
                              .n_audio_layer = std::atoi(arguments[3].c_str()),
                              .n_text_layer = std::atoi(arguments[4].c_str()),
                              .is_v3 = arguments.size() > 5},
                             arguments[1]);
}

}  // namespace
}  // namespace npuwhisper::test

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 5 || arguments.size() > 6 ||
      (arguments.size() == 6 && arguments[5] != "v3")) {
    std::cerr << npuwhisper::test::kUsage;
    return 2;
  }
  const auto done = npuwhisper::test::run(arguments);
  if (!done) {
    std::cerr << "widen_model: " << done.error().message << '\n';
    return 1;
  }
  return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later

// Plays hours of live input with random seeks, flushes, gaps, lost audio, restarts, and changes of
// caps and segments (see tests/bench/README.md). Prints one JSON object to stdout. The exit status
// is 0 if "failures" is empty, else 1. It is 2 if the arguments are wrong or a recording cannot be
// decoded.

#include <gst/gst.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "device/cpu/cpu_device.h"
#include "device/registry.h"
#include "gst/element/gstnpuwhisper.h"
#include "soak.h"
#include "soak_options.h"
#include "speech_source.h"
#include "temporary_folder.h"
#include "tiny_model.h"
#include "tone_device.h"

namespace npuwhisper {
namespace soak {
namespace {

/// The model that the tone device pretends to run.
struct ToneModel {
  ToneModel() {
    const test::TinyModelOptions options{.n_audio_layer = 1, .n_state = 8, .n_text_layer = 1};
    test::write_tiny_model(folder.path(), options);
    config = test::tiny_model_config(options);
    tokenizer = std::move(Tokenizer::load(folder.path(), config).value());
  }
  std::vector<std::string> words() const {
    std::vector<std::string> texts;
    for (const Token token : test::tone_word_tokens(*tokenizer)) {
      texts.push_back(tokenizer->decode({&token, 1}));
    }
    return texts;
  }

  test::TemporaryFolder folder;
  ModelConfig config;
  std::unique_ptr<const Tokenizer> tokenizer;
};

const ToneModel* the_tones = nullptr;  // Set before the element is created.

int run(int argc, char** argv) {
  const auto options = parse_soak_options(argc, argv);
  if (!options) {
    std::cerr << "soak: " << options.error().message << " (see --help)" << std::endl;
    return 2;
  }
  gst_element_register(nullptr, "npuwhisper", GST_RANK_NONE, GST_TYPE_NPU_WHISPER);
  std::unique_ptr<ToneModel> tones;
  std::unique_ptr<SpeechSource> source;
  std::string model = options->model;
  if (model.empty()) {
    tones = std::make_unique<ToneModel>();
    the_tones = tones.get();
    model = tones->folder.path().string();
    source = make_tones(tones->words(), options->seed);
  } else {
    auto recordings = make_recordings(options->files);
    if (!recordings) {
      std::cerr << "soak: " << recordings.error().message << std::endl;
      return 2;
    }
    source = std::move(*recordings);
  }
  const nlohmann::ordered_json result = Soak(*options, model, std::move(source)).run();
  std::cout << result.dump() << std::endl;
  return result["failures"].empty() ? 0 : 1;
}

}  // namespace
}  // namespace soak

// Replaces the registry's function at link time, because test tones need a ToneDevice.
Result<std::unique_ptr<Device>> open_device(const DeviceOptions& options) {
  if (soak::the_tones == nullptr) return cpu::CpuDevice::open(options);
  return std::unique_ptr<Device>(
      std::make_unique<test::ToneDevice>(*soak::the_tones->tokenizer, soak::the_tones->config));
}

}  // namespace npuwhisper

int main(int argc, char** argv) {
  setenv("G_SLICE", "always-malloc", 0);  // Makes malloc count all memory.
  // Setting G_DEBUG here would be too late, because GLib reads it before main().
  g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
  return npuwhisper::soak::run(argc, argv);
}

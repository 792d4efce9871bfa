// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs the encoder and the decoder of a model on the CPU. Writes their results, or times them. See
// tests/bench/README.md.
#include <npuwhisper/engine.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "device/registry.h"
#include "engine/stream.h"
#include "engine/whisper_graphs.h"
#include "model/model.h"
#include "window_timer.h"

namespace npuwhisper {
namespace {

constexpr const char* kUsage =
    "usage: model_probe MODEL PRECISION MEL PREFIX N TOKEN...\n"
    "       model_probe --time THREADS MODEL PRECISION MEL N TOKEN...\n"
    "Encodes a window and decodes greedily, on the CPU and without decoding rules.\n"
    "  MODEL      name or folder\n"
    "  PRECISION  f32 or auto\n"
    "  MEL        file with the window's log-mel: f32, [2 * positions, mel bins]\n"
    "  PREFIX     PREFIX.features receives the output of the encoder: f32, [positions, width];\n"
    "             PREFIX.logits receives the logits after each token: f32, [TOKENs + N - 1,\n"
    "             vocabulary]\n"
    "  N          number of tokens to decode after the TOKENs\n"
    "Prints {\"tokens\": [the decoded tokens], \"kernels\": [...]}.\n"
    "\n"
    "With --time, prints {\"kernels\": [...]} when the model is loaded. Then, for each line of\n"
    "stdin, encodes the window, decodes N tokens other than the end of text, and prints\n"
    "{\"seconds\": {\"encode\", \"prompt\", \"steps\"}, \"tokens\"}. \"prompt\" is the time to "
    "the\n"
    "first decoded token after the encoding, \"steps\" the time for the other tokens.\n"
    "  THREADS    number of threads, at least 1\n";

Result<std::vector<float>> read_values(const std::string& path, std::size_t n) {
  std::vector<float> values(n);
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto wanted = static_cast<std::streamoff>(n * sizeof(float));
  const std::streamoff found = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (found != wanted) {
    return fail(ErrorCode::InvalidArgument, path + ": found " + std::to_string(found) +
                                                " bytes, wanted " + std::to_string(wanted));
  }
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), wanted);
  if (!file) return fail(ErrorCode::Unavailable, path + ": cannot be read");
  return values;
}

Result<void> write_values(const std::string& path, std::span<const float> values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size_bytes()));
  file.close();
  if (!file) return fail(ErrorCode::Unavailable, path + ": cannot be written");
  return {};
}

/// Returns the output of the encoder in f32. The device may store it in bf16.
Result<std::vector<float>> encode(const Model& model, Precision precision,
                                  std::span<const float> mel) {
  auto device = open_device({.kind = DeviceKind::Cpu, .precision = precision, .n_threads = 0});
  if (!device) return fail(device.error());
  const Graph graph = make_encoder_graph(model.config);
  auto encoder = (*device)->prepare(graph, *model.weights, 1);
  if (!encoder) return fail(encoder.error());
  auto input = (*encoder)->allocate(graph.inputs[0]);
  if (!input) return fail(input.error());
  auto output = (*encoder)->allocate(graph.outputs[0]);
  if (!output) return fail(output.error());
  std::memcpy((*input)->host().data(), mel.data(), mel.size_bytes());
  const std::vector<Buffer*> item = {input->get(), output->get()};
  const std::vector<std::span<Buffer* const>> items = {item};
  if (auto synced = (*input)->sync_to_device(); !synced) return fail(synced.error());
  auto run = (*encoder)->start({.items = items, .rows = {}});
  if (!run) return fail(run.error());
  if (auto done = (*run)->wait(); !done) return fail(done.error());
  if (auto synced = (*output)->sync_from_device(); !synced) return fail(synced.error());

  const std::span<const std::byte> bytes = (*output)->host();
  std::vector<float> features(
      static_cast<std::size_t>(model.config.n_audio_ctx * model.config.n_state));
  const std::size_t width = bytes.size() / features.size();
  for (std::size_t i = 0; i < features.size(); ++i) {
    std::memcpy(reinterpret_cast<std::byte*>(&features[i]) + (sizeof(float) - width),
                bytes.data() + i * width, width);
  }
  return features;
}

struct Decoded {
  std::vector<Token> tokens;
  std::vector<float> logits;  // n_vocab logits after each token but the last decoded token.
};

/// Runs `prompt` one token at a time, then appends `n` tokens, each with the largest logit.
Result<Decoded> decode(TokenDecoder& decoder, const std::vector<Token>& prompt, int n) {
  Decoded decoded;
  std::span<const float> last;
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    const int at = static_cast<int>(i);
    const auto logits = decoder.prompt(prompt, {&at, 1});
    if (!logits) return fail(logits.error());
    last = *logits;
    decoded.logits.insert(decoded.logits.end(), last.begin(), last.end());
  }
  while (std::ssize(decoded.tokens) < n) {
    decoded.tokens.push_back(static_cast<Token>(std::ranges::max_element(last) - last.begin()));
    if (std::ssize(decoded.tokens) == n) break;
    const auto logits = decoder.step({&decoded.tokens.back(), 1});
    if (!logits) return fail(logits.error());
    last = *logits;
    decoded.logits.insert(decoded.logits.end(), last.begin(), last.end());
  }
  return decoded;
}

Result<void> probe(const EngineOptions& options, const std::string& mel_file,
                   const std::string& prefix, int n, const std::vector<Token>& prompt) {
  std::vector<float> mel;
  {  // The encoder's own copy of its weights is released before the engine packs all weights.
    const auto folder = find_model(options.model);
    if (!folder) return fail(folder.error());
    const auto model = Model::load(*folder);
    if (!model) return fail(model.error());
    const ModelConfig& config = (*model)->config;
    auto read =
        read_values(mel_file, static_cast<std::size_t>(2 * config.n_audio_ctx * config.n_mels));
    if (!read) return fail(read.error());
    mel = std::move(*read);
    const auto features = encode(**model, options.precision, mel);
    if (!features) return fail(features.error());
    if (auto written = write_values(prefix + ".features", *features); !written) return written;
  }
  const auto engine = Engine::open(options);
  if (!engine) return fail(engine.error());
  const std::atomic<bool> never{false};
  auto decoder = make_stream_decoder(*engine, {}, never);
  if (!decoder) return fail(decoder.error());
  const int n_frames = 2 * model_of(**engine).config.n_audio_ctx;
  if (auto encoded = (*decoder)->encode(mel, n_frames); !encoded) return encoded;
  const auto decoded = decode(**decoder, prompt, n);
  if (!decoded) return fail(decoded.error());
  if (auto written = write_values(prefix + ".logits", decoded->logits); !written) return written;
  std::cout << nlohmann::json{{"tokens", decoded->tokens}, {"kernels", (*engine)->device().kernels}}
            << '\n';
  return {};
}

Result<void> time_model(const EngineOptions& options, const std::string& mel_file, int n,
                        const std::vector<Token>& prompt) {
  const auto engine = Engine::open(options);
  if (!engine) return fail(engine.error());
  const std::atomic<bool> never{false};
  auto decoder = make_stream_decoder(*engine, {}, never);
  if (!decoder) return fail(decoder.error());
  const Model& model = model_of(**engine);
  const int n_frames = 2 * model.config.n_audio_ctx;
  auto mel = read_values(mel_file, static_cast<std::size_t>(n_frames * model.config.n_mels));
  if (!mel) return fail(mel.error());
  const TimedWindow window{.mel = std::move(*mel),
                           .n_frames = n_frames,
                           .prompt = prompt,
                           .n_tokens = n,
                           .end = model.tokenizer->special().eot};
  std::cout << nlohmann::json{{"kernels", (*engine)->device().kernels}} << std::endl;
  return time_window(**decoder, window, std::cin, std::cout);
}

/// The arguments of the command line.
struct Arguments {
  bool time = false;
  EngineOptions engine{.device = DeviceKind::Cpu};
  std::string mel_file, prefix;  // `prefix` is empty with --time.
  int n = 0;
  std::vector<Token> prompt;
};

/// Returns nullopt if `words` are not a command line of kUsage.
std::optional<Arguments> parse(std::span<const std::string> words) {
  Arguments arguments;
  if (words.size() > 1 && words[0] == "--time") {
    arguments.time = true;
    const int n_threads = std::atoi(words[1].c_str());
    if (n_threads < 1) return std::nullopt;
    arguments.engine.n_threads = static_cast<unsigned>(n_threads);
    words = words.subspan(2);
  }
  const std::size_t n_named = arguments.time ? 4 : 5;
  if (words.size() <= n_named || (words[1] != "f32" && words[1] != "auto")) return std::nullopt;
  arguments.engine.model = words[0];
  arguments.engine.precision = words[1] == "f32" ? Precision::F32 : Precision::Auto;
  arguments.mel_file = words[2];
  if (!arguments.time) arguments.prefix = words[3];
  arguments.n = std::atoi(words[n_named - 1].c_str());
  for (const std::string& token : words.subspan(n_named)) {
    arguments.prompt.push_back(static_cast<Token>(std::atoi(token.c_str())));
  }
  return arguments.n >= (arguments.time ? 1 : 0) ? std::optional(arguments) : std::nullopt;
}

}  // namespace
}  // namespace npuwhisper

int main(int argc, char** argv) {
  using namespace npuwhisper;
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto arguments = parse(words);
  if (!arguments) {
    std::cerr << kUsage;
    return 2;
  }
  const auto& [time, engine, mel_file, prefix, n, prompt] = *arguments;
  const auto done =
      time ? time_model(engine, mel_file, n, prompt) : probe(engine, mel_file, prefix, n, prompt);
  if (!done) {
    std::cerr << "model_probe: " << done.error().message << '\n';
    return 1;
  }
  return 0;
}

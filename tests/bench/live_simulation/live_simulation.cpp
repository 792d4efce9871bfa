// SPDX-License-Identifier: LGPL-2.1-or-later
// Measures how soon and how well the live policy captions recordings on a machine of a given speed.
// See tests/bench/README.md.
#include <gst/gst.h>

#include <npuwhisper/engine.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live_simulation.h"
#include "recording.h"

namespace npuwhisper::test {
namespace {

constexpr const char* kUsage =
    "usage: live_simulation OUT.jsonl OUT.tsv [OPTION...] FILE...\n"
    "Transcribes the FILEs in simulated time, in which a pass takes the time that the options\n"
    "define. Writes the results in the format of tests/bench/live.\n"
    "  --latency MS        maximum delay of a word (default: 1800; the latency of the element is\n"
    "                      200 ms longer)\n"
    "  --model NAME        default: base\n"
    "  --precision auto|f32  default: auto\n"
    "  --threads N         number of threads that compute; does not change the results\n"
    "  --language CODE     default: en; none: detected\n"
    "  --hotwords TEXT     names and phrases to prefer, separated by commas\n"
    "  --vad auto|off      default: auto\n"
    "  --pace real-time|audio  default: real-time; audio: the schedule of played files\n"
    "  --encode MS         simulated time to encode a window (default: 150)\n"
    "  --prompt MS         simulated time of the run for the known tokens (default: 4)\n"
    "  --prompt-token MS   additional time for each known token (default: 0.15)\n"
    "  --step MS           simulated time to decode each further token (default: 2.5)\n"
    "  --align MS          simulated time to compute word times (default: 5)\n"
    "  --align-token MS    additional time for each token (default: 0.15)\n";

struct Settings {
  std::vector<std::string> arguments;
  EngineOptions engine;
  TranscriberOptions stream;
  PassCosts costs;
};

std::chrono::microseconds milliseconds(const std::string& text) {
  return std::chrono::microseconds(static_cast<std::int64_t>(std::atof(text.c_str()) * 1000));
}

std::optional<Settings> parse(int argc, char** argv) {
  Settings settings;
  settings.stream.language = "en";
  settings.stream.word_times = true;
  settings.stream.live_latency = std::chrono::milliseconds(1800);
  std::map<std::string_view, std::chrono::microseconds*> costs{
      {"--encode", &settings.costs.encode},
      {"--prompt", &settings.costs.prompt},
      {"--prompt-token", &settings.costs.prompt_token},
      {"--step", &settings.costs.step},
      {"--align", &settings.costs.align},
      {"--align-token", &settings.costs.align_token}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!argument.starts_with("--")) {
      settings.arguments.push_back(argument);
      continue;
    }
    if (++i == argc) return std::nullopt;
    const std::string value = argv[i];
    if (const auto cost = costs.find(argument); cost != costs.end()) {
      *cost->second = milliseconds(value);
    } else if (argument == "--latency") {
      settings.stream.live_latency =
          std::chrono::duration_cast<std::chrono::milliseconds>(milliseconds(value));
    } else if (argument == "--threads") {
      settings.engine.n_threads = static_cast<unsigned>(std::atoi(value.c_str()));
    } else if (argument == "--model") {
      settings.engine.model = value;
    } else if (argument == "--precision" && (value == "auto" || value == "f32")) {
      settings.engine.precision = value == "f32" ? Precision::F32 : Precision::Auto;
    } else if (argument == "--language") {
      settings.stream.language = value == "none" ? "" : value;
    } else if (argument == "--hotwords") {
      settings.stream.hotwords = value;
    } else if (argument == "--vad" && (value == "auto" || value == "off")) {
      settings.stream.vad = value == "off" ? Vad::Off : Vad::Auto;
    } else if (argument == "--pace" && (value == "real-time" || value == "audio")) {
      settings.stream.pace = value == "audio" ? Pace::Audio : Pace::RealTime;
    } else {
      return std::nullopt;
    }
  }
  if (settings.arguments.size() < 3) return std::nullopt;
  return settings;
}

double seconds(std::int64_t samples) {
  return static_cast<double>(samples) / kSampleRate;
}

double in_seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// Returns the last two parts of the path, GROUP/FILE, as in the tables of the speech set.
std::string name_of(const std::filesystem::path& path) {
  const auto whole = std::filesystem::absolute(path);
  return whole.parent_path().filename() / whole.filename();
}

std::string_view without_space(std::string_view text) {
  return text.starts_with(' ') ? text.substr(1) : text;
}

int run(const Settings& settings) {
  auto engine = Engine::open(settings.engine);
  if (!engine) {
    std::cerr << engine.error().message << '\n';
    return 1;
  }
  std::ofstream lines(settings.arguments[0]);
  std::ofstream texts(settings.arguments[1]);
  std::vector<double> delays;
  TranscriberStats sum;
  double audio = 0;
  double busy = 0;
  for (std::size_t i = 2; i < settings.arguments.size(); ++i) {
    const auto pcm = read_recording(settings.arguments[i]);
    if (!pcm) {
      std::cerr << pcm.error().message << '\n';
      return 1;
    }
    const auto stream = listen_in_simulated_time(*engine, settings.stream, settings.costs, *pcm);
    if (!stream) {
      std::cerr << settings.arguments[i] << ": " << stream.error().message << '\n';
      return 1;
    }
    auto words = nlohmann::json::array();
    std::string text;
    for (const auto& [word, emitted] : stream->words) {
      words.push_back({{"word", without_space(word.text)},
                       {"start", seconds(word.start)},
                       {"end", seconds(word.end)},
                       {"probability", word.probability},
                       {"emitted", seconds(emitted)}});
      delays.push_back(seconds(emitted - word.end));
      text += word.text;
    }
    const std::string name = name_of(settings.arguments[i]);
    lines << nlohmann::json{{"file", name}, {"words", std::move(words)}} << '\n' << std::flush;
    texts << name << '\t' << without_space(text) << '\n' << std::flush;
    audio += seconds(static_cast<std::int64_t>(pcm->size()));
    busy += std::chrono::duration<double>(stream->busy).count();
    sum.windows += stream->stats.windows;
    sum.tokens += stream->stats.tokens;
    sum.verified_tokens += stream->stats.verified_tokens;
    sum.skipped_samples += stream->stats.skipped_samples;
    sum.late_words += stream->stats.late_words;
    sum.vad_time += stream->stats.vad_time;
    sum.mel_time += stream->stats.mel_time;
    sum.encode_time += stream->stats.encode_time;
    sum.prompt_time += stream->stats.prompt_time;
    sum.decode_time += stream->stats.decode_time;
    sum.align_time += stream->stats.align_time;
  }
  std::sort(delays.begin(), delays.end());
  double total = 0;
  for (const double delay : delays) total += delay;
  const std::size_t n = delays.size();
  std::cout << nlohmann::json{{"audio_seconds", audio},
                              {"words", n},
                              {"passes", sum.windows},
                              {"tokens", sum.tokens},
                              {"verified_tokens", sum.verified_tokens},
                              {"skipped_seconds",
                               seconds(static_cast<std::int64_t>(sum.skipped_samples))},
                              {"late_words", sum.late_words},
                              {"busy", busy / audio},
                              {"real_seconds",
                               {{"vad", in_seconds(sum.vad_time)},
                                {"mel", in_seconds(sum.mel_time)},
                                {"encode", in_seconds(sum.encode_time)},
                                {"prompt", in_seconds(sum.prompt_time)},
                                {"decode", in_seconds(sum.decode_time)},
                                {"align", in_seconds(sum.align_time)}}},
                              {"mean_delay", n == 0 ? 0 : total / static_cast<double>(n)},
                              {"delay_95", n == 0 ? 0 : delays[(n - 1) * 95 / 100]},
                              {"max_delay", n == 0 ? 0 : delays.back()}}
            << '\n';
  return 0;
}

}  // namespace
}  // namespace npuwhisper::test

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  const auto settings = npuwhisper::test::parse(argc, argv);
  if (!settings) {
    std::cerr << npuwhisper::test::kUsage;
    return 2;
  }
  return npuwhisper::test::run(*settings);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// Times each stage of a window on the CPU, and measures the limits of this machine. See
// tests/bench/README.md.
#include <npuwhisper/engine.h>

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "audio/mel_frontend.h"
#include "machine_rates.h"
#include "model/model.h"
#include "rounds.h"
#include "simd/data_type.h"
#include "simd/thread_pool.h"
#include "stage_runs.h"

namespace npuwhisper {
namespace {

constexpr const char* kUsage =
    "usage: stages [--model NAME] [--threads N] [--rounds N]\n"
    "Times each stage of a window of 30 s on the CPU, and measures the limits of this machine: "
    "the\n"
    "rate of oneDNN's products and the rate of reading memory. Prints one JSON object.\n"
    "  --model NAME   name or folder (default: base)\n"
    "  --threads N    default: one for each physical core\n"
    "  --rounds N     number of runs whose median counts (default: 15)\n";

/// Number of tokens to which a row attends in the middle of a typical window's text.
constexpr int kCells = 50;

struct Settings {
  std::string model = "base";
  unsigned n_threads = 0;
  int n_rounds = 15;
};

std::optional<Settings> parse(const std::vector<std::string>& words) {
  Settings settings;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return std::nullopt;
    const int number = std::atoi(words[i + 1].c_str());
    if (words[i] == "--model") {
      settings.model = words[i + 1];
    } else if (words[i] == "--threads" && number > 0) {
      settings.n_threads = static_cast<unsigned>(number);
    } else if (words[i] == "--rounds" && number > 0) {
      settings.n_rounds = number;
    } else {
      return std::nullopt;
    }
  }
  return settings;
}

/// Returns the type of the operands that `op` multiplies.
DataType operand_type(const PlannedOp& op) {
  if (op.how.find("int8") != std::string::npos) return DataType::I8;
  return op.how.find("bf16") != std::string::npos ? DataType::Bf16 : DataType::F32;
}

/// The rates of oneDNN's products of one type of operands.
struct ProductRates {
  nlohmann::json products = nlohmann::json::array();
  double flops_per_second = 0;  ///< Rate of all products of an encoder layer together.
};

/// Measures the rates of the four products that an encoder layer computes with its weights.
Result<ProductRates> measure_products(cpu::ThreadPool& pool, const ModelConfig& config,
                                      DataType input, int n_rounds) {
  const int rows = config.n_audio_ctx;
  const int width = config.n_state;
  ProductRates rates;
  double flops = 0;
  double seconds = 0;
  for (const ProductSize& size : {ProductSize{rows, width, 3 * width},
                                  {rows, width, width},
                                  {rows, width, 4 * width},
                                  {rows, 4 * width, width}}) {
    const auto rate = product_rate(pool, size, input, n_rounds);
    if (!rate) return fail(rate.error());
    rates.products.push_back({{"rows", size.rows},
                              {"inputs", size.inputs},
                              {"outputs", size.outputs},
                              {"gflop_per_second", *rate / 1e9}});
    const double work = 2.0 * size.rows * size.inputs * size.outputs;
    flops += work;
    seconds += work / *rate;
  }
  rates.flops_per_second = flops / seconds;
  return rates;
}

/// Measures the rate of oneDNN's products for each type of operands that `plan` multiplies. Adds
/// the rates to `out`. Returns the time that the operations of the plan would take at these rates,
/// in seconds.
Result<double> time_at_limit(cpu::ThreadPool& pool, const ModelConfig& config, const Plan& plan,
                             int n_rounds, nlohmann::json& out) {
  double seconds = 0;
  for (const DataType type : {DataType::I8, DataType::Bf16, DataType::F32}) {
    double flops = 0;
    for (const PlannedOp& op : plan.ops) flops += operand_type(op) == type ? op.flops : 0;
    if (flops == 0) continue;
    const auto rates = measure_products(pool, config, type, n_rounds);
    if (!rates) return fail(rates.error());
    out[to_string(type)] = {{"gflop", flops / 1e9},
                            {"gflop_per_second", rates->flops_per_second / 1e9},
                            {"products", rates->products}};
    seconds += flops / rates->flops_per_second;
  }
  return seconds;
}

double flops_of(const Plan& plan) {
  double flops = 0;
  for (const PlannedOp& op : plan.ops) flops += op.flops;
  return flops;
}

Result<nlohmann::json> time_log_mel(const ModelConfig& config, int n_rounds) {
  const int n_frames = 2 * config.n_audio_ctx;
  const auto mel = MelFrontend::create(config.n_mels, n_frames + 100);
  if (!mel) return fail(mel.error());
  const std::vector<float> pcm(static_cast<std::size_t>(n_frames) * 160, 0.1F);
  std::vector<float> window(static_cast<std::size_t>(n_frames) * config.n_mels);
  const auto seconds = median_seconds(n_rounds, [&]() -> Result<void> {
    (*mel)->reset();
    (*mel)->push(pcm);
    const auto made = (*mel)->window(0, n_frames, n_frames, window);
    if (!made) return fail(made.error());
    return {};
  });
  if (!seconds) return fail(seconds.error());
  return nlohmann::json{{"stage", "log-mel"}, {"ms", *seconds * 1e3}};
}

Result<nlohmann::json> time_window(StageRuns& runs, cpu::ThreadPool& pool,
                                   const ModelConfig& config, int n_rounds) {
  nlohmann::json limits;
  const auto limit = time_at_limit(pool, config, runs.encoder_plan(), n_rounds, limits);
  if (!limit) return fail(limit.error());
  const auto seconds = runs.encoder({}, n_rounds);
  if (!seconds) return fail(seconds.error());
  const double flops = flops_of(runs.encoder_plan());
  return nlohmann::json{{"stage", "encoder"},
                        {"ms", *seconds * 1e3},
                        {"gflop", flops / 1e9},
                        {"gflop_per_second", flops / *seconds / 1e9},
                        {"ms_at_limit", *limit * 1e3},
                        {"share_of_limit", *limit / *seconds},
                        {"limits", limits}};
}

/// Times the encoder for a live window that holds `seconds_of_audio`; the rest is thinned padding.
Result<nlohmann::json> time_live_window(StageRuns& runs, int seconds_of_audio, int n_rounds) {
  constexpr int kPositionsPerSecond = 50;
  const WindowPositions positions = runs.positions_for(seconds_of_audio * kPositionsPerSecond);
  const auto seconds = runs.encoder(positions, n_rounds);
  if (!seconds) return fail(seconds.error());
  return nlohmann::json{{"stage", "encoder of a live window"},
                        {"seconds_of_audio", seconds_of_audio},
                        {"rows", positions.dense + positions.sparse},
                        {"ms", *seconds * 1e3}};
}

Result<nlohmann::json> time_cross(StageRuns& runs, int n_rounds) {
  const auto seconds = runs.cross(n_rounds);
  if (!seconds) return fail(seconds.error());
  const double flops = flops_of(runs.cross_plan());
  return nlohmann::json{{"stage", "cross-attention projections"},
                        {"ms", *seconds * 1e3},
                        {"gflop", flops / 1e9},
                        {"gflop_per_second", flops / *seconds / 1e9}};
}

Result<nlohmann::json> time_step(StageRuns& runs, cpu::ThreadPool& pool, int n_streams,
                                 int n_rounds) {
  const auto seconds = runs.step(n_streams, kCells, n_rounds);
  if (!seconds) return fail(seconds.error());
  const std::size_t bytes = runs.step_bytes(n_streams, kCells);
  const auto limit = read_rate(pool, bytes, n_rounds);
  if (!limit) return fail(limit.error());
  const double rate = static_cast<double>(bytes) / *seconds;
  return nlohmann::json{{"stage", "decoder step"},        {"rows", n_streams},
                        {"ms", *seconds * 1e3},           {"bytes", bytes},
                        {"gb_per_second", rate / 1e9},    {"gb_per_second_read", *limit / 1e9},
                        {"share_of_limit", rate / *limit}};
}

Result<nlohmann::json> time_prompt(StageRuns& runs, int n_tokens, int n_rounds) {
  const auto seconds = runs.prompt(n_tokens, n_rounds);
  if (!seconds) return fail(seconds.error());
  return nlohmann::json{{"stage", "prompt"}, {"rows", n_tokens}, {"ms", *seconds * 1e3}};
}

Result<nlohmann::json> measure(const Settings& settings) {
  const auto folder = find_model(settings.model);
  if (!folder) return fail(folder.error());
  const auto model = Model::load(*folder);
  if (!model) return fail(model.error());
  const ModelConfig& config = (*model)->config;
  auto runs = StageRuns::create(**model, settings.n_threads);
  if (!runs) return fail(runs.error());
  cpu::ThreadPool pool(runs->n_threads());
  const int n = settings.n_rounds;
  nlohmann::json stages = nlohmann::json::array();
  const auto add = [&](const Result<nlohmann::json>& stage) -> Result<void> {
    if (!stage) return fail(stage.error());
    stages.push_back(*stage);
    return {};
  };
  if (auto added = add(time_log_mel(config, n)); !added) return fail(added.error());
  if (auto added = add(time_window(*runs, pool, config, n)); !added) return fail(added.error());
  for (const int seconds : {5, 10}) {
    if (auto added = add(time_live_window(*runs, seconds, n)); !added) return fail(added.error());
  }
  if (auto added = add(time_cross(*runs, n)); !added) return fail(added.error());
  for (const int rows : {4, StageRuns::kMaxRows}) {
    if (auto added = add(time_prompt(*runs, rows, n)); !added) return fail(added.error());
  }
  for (const int rows : {1, 2, 4, StageRuns::kMaxStreams}) {
    if (auto added = add(time_step(*runs, pool, rows, n)); !added) return fail(added.error());
  }
  return nlohmann::json{
      {"model", settings.model}, {"threads", runs->n_threads()}, {"rounds", n}, {"stages", stages}};
}

}  // namespace
}  // namespace npuwhisper

int main(int argc, char** argv) {
  using namespace npuwhisper;
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && (words[0] == "--help" || words[0] == "-h")) {
    std::cout << kUsage;
    return 0;
  }
  const auto settings = parse(words);
  if (!settings) {
    std::cerr << kUsage;
    return 2;
  }
  const auto measured = measure(*settings);
  if (!measured) {
    std::cerr << "stages: " << measured.error().message << '\n';
    return 1;
  }
  std::cout << measured->dump(2) << '\n';
  return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
//
// npu_model [--no-run]: compares the predictions of the emulated array's clock and of the planner
// with published measurements on silicon, and prints one JSON object to stdout. --no-run skips the
// runs on the emulated array, so the program takes a second instead of minutes. The exit status is
// 1 if a prediction failed or deviates by more than its tolerance without a known reason.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <variant>

#include <nlohmann/json.hpp>

#include "array/clock_constants.h"
#include "design/plan.h"
#include "predecessor.h"
#include "published.h"
#include "support/whisper_encoder.h"
#include "timing.h"

namespace npuwhisper::bench {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double value, int digits) {
  const double scale = std::pow(10, digits);
  return std::round(value * scale) / scale;
}
double milliseconds(double seconds) {
  return rounded(seconds * 1e3, 4);
}

/// Compares predictions with published figures, and counts the unexplained deviations.
class Comparison {
 public:
  /// Adds to `row` the deviation of `predicted` from `published`, and `reason` unless it is empty.
  /// Without a reason, a deviation of more than `tolerance` counts as an error.
  void add(Json& row, double predicted, double published, std::string_view reason,
           bool is_source = false, double tolerance = kTolerance) {
    const double off = predicted / published - 1;
    row["off_percent"] = rounded(off * 100, 1);
    if (!is_source) {
      ++n_rows_;
      if (std::abs(off) <= kTolerance) ++n_within_;
    } else {
      row["is_source"] = true;
    }
    if (!reason.empty()) row["reason"] = reason;
    if (reason.empty() && std::abs(off) > tolerance) {
      ++n_off_;
      std::cerr << "npu_model: off by more than " << tolerance * 100 << " %: " << row.dump()
                << '\n';
    }
  }
  void failed(const std::string& what, const Error& error) {
    ++n_off_;
    std::cerr << "npu_model: " << what << ": " << error.message << '\n';
  }
  int n_off() const { return n_off_; }
  /// Number of comparisons, and of those that deviate by at most kTolerance. Figures that are
  /// constants of the clock do not count.
  int n_rows() const { return n_rows_; }
  int n_within() const { return n_within_; }

 private:
  int n_off_ = 0, n_rows_ = 0, n_within_ = 0;
};

npu::DesignSpec whole(std::string_view array) {
  return *npu::make_design_spec(array, 4, array == "npu1" ? 4 : 8);
}

/// Returns the part of the array that a measurement used, with its clock.
Machine machine_of(const PublishedOn& on, bool run) {
  const int columns = on.core_columns > 0 ? on.core_columns : on.array == "npu1" ? 4 : 8;
  Machine machine{.spec = *npu::make_design_spec(on.array, on.core_rows, columns), .run = run};
  machine.clock = npu::clock_of(machine.spec.array->generation, on.basis);
  if (on.hertz > 0) machine.clock.hertz = on.hertz;
  return machine;
}

Json row_of(const PublishedOn& on) {
  Json row{{"array", on.array}, {"source", on.source}};
  if (on.basis == Basis::BestPublished) row["basis"] = "best published";
  if (on.core_columns > 0) row["cores"] = on.core_rows * on.core_columns;
  if (on.hertz > 0) row["gigahertz"] = on.hertz * 1e-9;
  return row;
}

void put_timing(Json& row, const Timing& timing) {
  row["planner_ms"] = milliseconds(timing.planner_seconds);
  if (timing.clock_seconds) row["clock_ms"] = milliseconds(*timing.clock_seconds);
}

/// Adds a row that compares a predicted duration with a published one.
void add_row(Json& rows, Json row, const Result<Timing>& timing, double seconds,
             std::string_view reason, Comparison& comparison, bool is_source = false) {
  if (!timing) {
    comparison.failed(row.dump(), timing.error());
    return;
  }
  row["published_ms"] = milliseconds(seconds);
  put_timing(row, *timing);
  comparison.add(row, timing->seconds(), seconds, reason, is_source);
  rows.push_back(std::move(row));
}

/// Returns the time by which one run is longer than another.
Result<Timing> difference(const Result<Timing>& longer, const Result<Timing>& shorter) {
  if (!longer) return longer;
  if (!shorter) return shorter;
  Timing timing{.planner_seconds = longer->planner_seconds - shorter->planner_seconds};
  if (longer->clock_seconds && shorter->clock_seconds) {
    timing.clock_seconds = *longer->clock_seconds - *shorter->clock_seconds;
  }
  return timing;
}
Result<Timing> divided(Result<Timing> timing, double by) {
  if (!timing) return timing;
  timing->planner_seconds /= by;
  if (timing->clock_seconds) *timing->clock_seconds /= by;
  return timing;
}

Json products(bool run, Comparison& comparison) {
  // Larger products would take the emulated array minutes.
  constexpr double kLargest = 100e9;
  Json rows = Json::array();
  for (const PublishedProduct& published : kProducts) {
    const auto timing = time_product(machine_of(published.on, run && published.macs() < kLargest),
                                     published.m, published.k, published.n);
    Json row = row_of(published.on);
    row["m_k_n"] = std::to_string(published.m) + " x " + std::to_string(published.k) + " x " +
                   std::to_string(published.n);
    if (timing) {
      row["published_tflops"] = rounded(published.tera_per_second, 3);
      row["predicted_tflops"] = rounded(2 * published.macs() / timing->seconds() * 1e-12, 3);
    }
    add_row(rows, row, timing, published.seconds(), published.reason, comparison,
            published.on.is_source);
  }
  return rows;
}

Json attentions(bool run, Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedAttention& published : kAttentions) {
    Json row = row_of(published.on);
    row["positions"] = published.n;
    row["heads"] = published.n_heads;
    add_row(
        rows, row,
        time_attention(machine_of(published.on, run), published.n, published.n, published.n_heads),
        published.seconds, published.reason, comparison);
  }
  return rows;
}

Json attention_blocks(bool run, Comparison& comparison) {
  constexpr int kFewer = 8, kMore = 24;
  Json rows = Json::array();
  for (const PublishedBlock& published : kBlocks) {
    const Machine machine = machine_of(published.on, run);
    const auto time = [&](int n_blocks) {
      return time_attention(machine, npu::core::kTile, n_blocks * npu::core::kTile, 1);
    };
    add_row(rows, row_of(published.on),
            divided(difference(time(kMore), time(kFewer)), kMore - kFewer), published.seconds,
            published.reason, comparison);
  }
  return rows;
}

/// Times a run of GELU alone: the time that GELU adds to a product, and a dispatch.
Json gelus(bool run, Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedPass& published : kGelus) {
    const Machine machine = machine_of(published.on, run);
    const auto time = [&](bool gelu) {
      return time_product(machine, published.m, npu::core::kTile, published.n, gelu);
    };
    auto timing = difference(time(true), time(false));
    if (timing) {
      timing->planner_seconds += npu::kDispatchSeconds;
      if (timing->clock_seconds) *timing->clock_seconds += npu::kDispatchSeconds;
    }
    add_row(rows, row_of(published.on), timing, published.seconds, published.reason, comparison);
  }
  return rows;
}

/// Times rows of one tile for each core column, because this project's design sums each row once
/// for each tile of it.
Json layer_norms(bool run, Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedPass& published : kLayerNorms) {
    const Machine machine = machine_of(published.on, run);
    const int columns = machine.spec.core_columns * npu::core::kTile;
    add_row(rows, row_of(published.on),
            time_layer_norm(machine, published.m * published.n / columns, columns),
            published.seconds, published.reason, comparison);
  }
  return rows;
}

Json published_encoders(Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedEncoder& published : kEncoders) {
    const Machine machine = machine_of(published.on, false);
    const auto encoder =
        npu::encoder_operations(machine.spec, {.n_mels = 80,
                                               .n_frames = 2 * published.n_positions,
                                               .n_state = published.n_state,
                                               .n_heads = published.n_heads,
                                               .n_layers = published.n_layers});
    add_row(rows, row_of(published.on),
            time_operations(machine, encoder.operations, encoder.workspace_bytes),
            published.seconds, published.reason, comparison);
  }
  return rows;
}

Json dispatches(Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedDispatch& published : kDispatches) {
    Json row{{"array", published.array}, {"source", published.source}};
    row["published_us"] = rounded(published.seconds * 1e6, 0);
    row["predicted_us"] = rounded(npu::kDispatchSeconds * 1e6, 0);
    comparison.add(row, npu::kDispatchSeconds, published.seconds, published.reason,
                   published.is_source);
    rows.push_back(row);
  }
  return rows;
}

Json bandwidths(Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedBandwidth& published : kBandwidths) {
    const double predicted =
        npu::clock_of(whole(published.array).array->generation, Basis::OpenKernels)
            .host_bytes_per_second;
    Json row{{"array", published.array}, {"source", published.source}};
    row["published_gb_per_second"] = rounded(published.bytes_per_second * 1e-9, 1);
    row["predicted_gb_per_second"] = rounded(predicted * 1e-9, 1);
    // As durations of a transfer.
    comparison.add(row, published.bytes_per_second, predicted, published.reason,
                   published.is_source);
    rows.push_back(row);
  }
  return rows;
}

Json instructions(Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedInstruction& published : kInstructions) {
    const double predicted = published.accesses * npu::kInstructionSeconds +
                             published.n_words * npu::kRegisterWordSeconds;
    Json row{{"array", "npu1"}, {"source", published.source}};
    row["published_ns"] = rounded(published.seconds * 1e9, 0);
    row["predicted_ns"] = rounded(predicted * 1e9, 0);
    // The constants are fitted to these figures.
    comparison.add(row, predicted, published.seconds, "", true);
    rows.push_back(row);
  }
  return rows;
}

/// Predicts the duration of Whisper base's encoder for a window of 1,500 positions, as one
/// submission, on both bases.
Json encoders(bool run, Comparison& comparison) {
  struct Cores {
    const char* array;
    int rows, columns;
    double hertz;  ///< 0: the clock's own.
  };
  Json rows = Json::array();
  for (const Cores& cores :
       {Cores{"npu1", 1, 1, 0}, Cores{"npu1", 4, 1, 0}, Cores{"npu1", 4, 4, 0},
        Cores{"npu1", 4, 4, 1.03e9}, Cores{"npu1", 4, 4, 1.8e9}, Cores{"npu2", 1, 1, 0},
        Cores{"npu2", 4, 1, 0}, Cores{"npu2", 4, 4, 0}, Cores{"npu2", 4, 8, 0}}) {
    for (const Basis basis : {Basis::OpenKernels, Basis::BestPublished}) {
      const Machine machine =
          machine_of({cores.array, "", basis, cores.hertz, cores.rows, cores.columns},
                     run && cores.rows * cores.columns >= 16);
      const npu::EncoderOperations encoder = npu::encoder_operations(machine.spec, npu::kBase);
      const auto timing = time_operations(machine, encoder.operations, encoder.workspace_bytes);
      Json row{{"array", cores.array},
               {"cores", machine.spec.n_cores()},
               {"gigahertz", machine.clock.hertz * 1e-9},
               {"basis", basis == Basis::OpenKernels ? "open kernels" : "best published"}};
      if (!timing) {
        comparison.failed(row.dump(), timing.error());
        continue;
      }
      put_timing(row, *timing);
      row["million_multiply_accumulates"] = timing->multiply_accumulates / 1'000'000;
      rows.push_back(row);
    }
  }
  return rows;
}

/// Selects int8 weights for all products except the convolutions, as the device does.
void use_int8_weights(npu::EncoderOperations& encoder) {
  for (npu::Operation& operation : encoder.operations) {
    auto* product = std::get_if<npu::Product>(&operation.what);
    if (product != nullptr && operation.name.rfind("conv", 0) != 0) {
      product->weights = npu::WeightType::Int8;
    }
  }
}

/// Predicts the duration of the encoders of all published sizes for a window. The predictions are
/// the planner's.
Json encoders_by_size(Comparison& comparison) {
  struct Size {
    const char* models;
    npu::EncoderSizes sizes;
  };
  Json rows = Json::array();
  for (const Size& size :
       {Size{"tiny", npu::kTiny}, Size{"base", npu::kBase}, Size{"small", npu::kSmall},
        Size{"medium", npu::kMedium}, Size{"large-v1, large-v2", npu::kLarge},
        Size{"large-v3, large-v3-turbo", npu::kLargeV3}}) {
    Json row{{"models", size.models}};
    for (const char* array : {"npu1", "npu2"}) {
      for (const bool int8 : {false, true}) {
        npu::EncoderOperations encoder = npu::encoder_operations(whole(array), size.sizes);
        if (int8) use_int8_weights(encoder);
        const auto plan = npu::make_plan(whole(array), encoder.operations, 0);
        const std::string key = std::string(array) + (int8 ? "_int8" : "_bf16");
        if (!plan) {
          comparison.failed(std::string(size.models) + " " + key, plan.error());
          continue;
        }
        std::uint64_t bytes = 0;
        for (const npu::OperationPlan& figures : plan->figures) {
          bytes += figures.bytes_in + figures.bytes_out;
        }
        row[key + "_ms"] = milliseconds(plan->predicted_seconds(Basis::OpenKernels));
        row[key + "_best_ms"] = milliseconds(plan->predicted_seconds(Basis::BestPublished));
        row[key + "_megabytes"] = bytes / 1'000'000;
      }
    }
    rows.push_back(row);
  }
  return rows;
}

Json predecessors(Comparison& comparison) {
  Json rows = Json::array();
  for (const int n : {1, 4, 16, 32}) {
    Json row{{"cores", n},
             {"kernel_ms", milliseconds(predecessor::kernel_seconds(n))},
             {"encoder_ms", milliseconds(predecessor::encoder_seconds(n))}};
    if (n == 32) {
      row["published_kernel_ms"] = milliseconds(predecessor::kKernelSeconds32);
      row["published_encoder_ms"] = milliseconds(predecessor::kEncoderSeconds32);
    }
    rows.push_back(row);
  }
  const double predicted = predecessor::encoder_seconds(4) / predecessor::encoder_seconds(32);
  const double published = predecessor::kEncoderSeconds4 / predecessor::kEncoderSeconds32;
  Json ratio{{"predicted", rounded(predicted, 3)}, {"published", rounded(published, 3)}};
  // A model that predicts no speed-up (1.00) deviates by 14 % here.
  comparison.add(ratio, predicted, published, "", true, 0.02);
  Json kernel{
      {"predicted", rounded(predecessor::kernel_seconds(4) / predecessor::kernel_seconds(32), 3)},
      {"published", rounded(predecessor::kKernelSeconds4 / predecessor::kKernelSeconds32, 3)}};
  comparison.add(kernel, predecessor::kernel_seconds(32), predecessor::kKernelSeconds32, "", true,
                 0.1);
  return {{"calls", predecessor::kCalls},
          {"host_percent_of_4_cores", rounded((1 - predecessor::kKernelShare4) * 100, 0)},
          {"dispatch_percent_of_a_kernel_call", rounded(predecessor::dispatch_share() * 100, 0)},
          {"cores", rows},
          {"speed_up_4_to_32", ratio},
          {"kernel_speed_up_4_to_32", kernel}};
}

}  // namespace
}  // namespace npuwhisper::bench

int main(int argc, char** argv) {
  using namespace npuwhisper::bench;
  const bool run = argc < 2 || std::strcmp(argv[1], "--no-run") != 0;
  if (argc > 2 || (argc == 2 && run)) {
    std::fputs("usage: npu_model [--no-run]\n", stderr);
    return 2;
  }
  Comparison comparison;
  Json all{{"predicted_by", run ? "the emulated array's clock, or the planner" : "the planner"},
           {"products", products(run, comparison)},
           {"attention", attentions(run, comparison)},
           {"attention_block", attention_blocks(run, comparison)},
           {"gelu", gelus(run, comparison)},
           {"layer_norm", layer_norms(run, comparison)},
           {"encoders", published_encoders(comparison)},
           {"instructions", instructions(comparison)},
           {"dispatch", dispatches(comparison)},
           {"host_memory", bandwidths(comparison)},
           {"encoder_of_base", encoders(run, comparison)},
           {"encoders_by_size", encoders_by_size(comparison)},
           {"predecessors_encoder", predecessors(comparison)}};
  all["rows"] = comparison.n_rows();
  all["rows_within_25_percent"] = comparison.n_within();
  std::cout << all.dump(1) << '\n';
  return comparison.n_off() == 0 && std::cout.good() ? 0 : 1;
}

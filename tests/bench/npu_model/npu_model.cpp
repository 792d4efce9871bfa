// SPDX-License-Identifier: LGPL-2.1-or-later
//
// npu_model [--no-run]: compares the predictions of the emulated array's clock and of the planner
// with published measurements on silicon, and prints one JSON object to stdout. --no-run skips the
// runs on the emulated array, so the program takes a second instead of a minute. The exit status is
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
           double tolerance = kTolerance) {
    const double off = predicted / published - 1;
    row["off_percent"] = rounded(off * 100, 1);
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

 private:
  int n_off_ = 0;
};

npu::DesignSpec whole(std::string_view array) {
  return *npu::make_design_spec(array, 4, array == "npu1" ? 4 : 8);
}

void put_timing(Json& row, const Timing& timing) {
  row["planner_ms"] = milliseconds(timing.planner_seconds);
  if (timing.clock_seconds) row["clock_ms"] = milliseconds(*timing.clock_seconds);
}

Json products(bool run, Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedProduct& published : kProducts) {
    const std::string shape = std::to_string(published.m) + " x " + std::to_string(published.k) +
                              " x " + std::to_string(published.n);
    const auto timing =
        time_product(whole(published.array), published.m, published.k, published.n, run);
    if (!timing) {
      comparison.failed(shape, timing.error());
      continue;
    }
    const double operations = 2.0 * published.m * published.k * published.n;
    Json row{{"array", published.array}, {"source", published.source}, {"m_k_n", shape}};
    row["published_ms"] = milliseconds(published.seconds);
    put_timing(row, *timing);
    row["published_tflops"] = rounded(operations / published.seconds * 1e-12, 3);
    row["predicted_tflops"] = rounded(operations / timing->seconds() * 1e-12, 3);
    comparison.add(row, timing->seconds(), published.seconds, published.reason);
    rows.push_back(row);
  }
  return rows;
}

Json dispatches(Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedDispatch& published : kDispatches) {
    Json row{{"array", published.array}, {"source", published.source}};
    row["published_us"] = rounded(published.seconds * 1e6, 0);
    row["predicted_us"] = rounded(npu::kDispatchSeconds * 1e6, 0);
    comparison.add(row, npu::kDispatchSeconds, published.seconds, published.reason);
    rows.push_back(row);
  }
  return rows;
}

Json bandwidths(Comparison& comparison) {
  Json rows = Json::array();
  for (const PublishedBandwidth& published : kBandwidths) {
    const double predicted =
        npu::clock_of(whole(published.array).array->generation).host_bytes_per_second;
    Json row{{"array", published.array}, {"source", published.source}};
    row["published_gb_per_second"] = rounded(published.bytes_per_second * 1e-9, 1);
    row["predicted_gb_per_second"] = rounded(predicted * 1e-9, 1);
    comparison.add(row, predicted, published.bytes_per_second, published.reason);
    rows.push_back(row);
  }
  return rows;
}

/// Predicts the duration of Whisper base's encoder for a window of 1,500 positions, as one
/// submission.
Json encoders(bool run, Comparison& comparison) {
  struct Cores {
    const char* array;
    int rows, columns;
  };
  Json rows = Json::array();
  for (const Cores& cores :
       {Cores{"npu1", 1, 1}, Cores{"npu1", 4, 1}, Cores{"npu1", 4, 4}, Cores{"npu2", 1, 1},
        Cores{"npu2", 4, 1}, Cores{"npu2", 4, 4}, Cores{"npu2", 4, 8}}) {
    const auto spec = *npu::make_design_spec(cores.array, cores.rows, cores.columns);
    const npu::EncoderOperations encoder = npu::encoder_operations(spec, npu::kBase);
    const auto timing = time_operations(spec, encoder.operations, encoder.workspace_bytes,
                                        run && spec.n_cores() >= 16);
    Json row{{"array", cores.array}, {"cores", spec.n_cores()}};
    if (!timing) {
      comparison.failed(row.dump(), timing.error());
      continue;
    }
    put_timing(row, *timing);
    row["million_multiply_accumulates"] = timing->multiply_accumulates / 1'000'000;
    rows.push_back(row);
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

/// Predicts the duration of the encoders of all published sizes for a window. The prediction is the
/// planner's.
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
        row[key + "_ms"] = milliseconds(plan->predicted_seconds());
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
  comparison.add(ratio, predicted, published, "", 0.02);
  Json kernel{
      {"predicted", rounded(predecessor::kernel_seconds(4) / predecessor::kernel_seconds(32), 3)},
      {"published", rounded(predecessor::kKernelSeconds4 / predecessor::kKernelSeconds32, 3)}};
  comparison.add(kernel, predecessor::kernel_seconds(32), predecessor::kKernelSeconds32, "", 0.1);
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
  const Json all{
      {"predicted_by", run ? "the emulated array's clock, or the planner" : "the planner"},
      {"products", products(run, comparison)},
      {"dispatch", dispatches(comparison)},
      {"host_memory", bandwidths(comparison)},
      {"encoder_of_base", encoders(run, comparison)},
      {"encoders_by_size", encoders_by_size(comparison)},
      {"predecessors_encoder", predecessors(comparison)}};
  std::cout << all.dump(1) << '\n';
  return comparison.n_off() == 0 && std::cout.good() ? 0 : 1;
}

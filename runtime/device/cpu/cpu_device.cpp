// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/cpu_device.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <new>
#include <utility>

#include <hwy/targets.h>

#include <npuwhisper/log.h>

#include "simd/cpu_count.h"
#include "simd/int8_kernels.h"
#include "simd/isa.h"
#include "simd/onednn.h"
#include "simd/tile_product.h"

namespace npuwhisper::cpu {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const auto colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "CPU";
}

/// Returns the name of the target to which Highway dispatches. The lowest bit of the supported
/// targets is the best target.
std::string chosen_target() {
  const std::int64_t targets = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(targets & -targets);
}

WindowTypes window_types(Precision precision, Isa isa) {
  WindowTypes types;
  types.compute =
      precision != Precision::F32 && isa >= Isa::Avx512Bf16 ? DataType::Bf16 : DataType::F32;
  const bool exact = precision == Precision::F32 || precision == Precision::Bf16;
  types.products = !exact && onednn::has_vnni() ? DataType::I8 : types.compute;
  types.cross_cache = exact ? DataType::F32 : DataType::I8;
  types.projection = exact ? DataType::F16 : DataType::I8;
  return types;
}

StepTypes step_types(Precision precision) {
  if (precision == Precision::F32 || precision == Precision::Bf16) {
    return {.weights = DataType::F16, .self_cache = DataType::F32, .cross_cache = DataType::F32};
  }
  return {.weights = DataType::I8, .self_cache = DataType::F16, .cross_cache = DataType::I8};
}

bool has_steps(const Graph& graph) {
  return std::ranges::any_of(graph.ops, [](const Op& op) { return op.kind == OpKind::Embedding; });
}

/// Describes the kernels that multiply a decoder's weights of type `weights`.
std::string describe_products(DataType weights) {
  if (weights != DataType::I8) return "Highway " + chosen_target() + ", weights as stored";
  return "weights i8, products " + std::string(to_string(best_int8_isa())) +
         (has_tiles() ? " and amx_int8" : "");
}

}  // namespace

Result<std::unique_ptr<Device>> CpuDevice::open(const DeviceOptions& options) {
  const auto isa = select_isa();
  if (!isa) return fail(isa.error());
  if (options.precision == Precision::Bf16 && *isa < Isa::Avx512Bf16) {
    return fail(ErrorCode::Unsupported,
                "precision bf16: wanted a CPU with AVX-512 BF16 or AMX, found " +
                    std::string(to_string(*isa)));
  }
  const unsigned usable = count_usable_cores();
  const unsigned n_threads = options.n_threads == 0 ? usable : std::min(options.n_threads, usable);
  if (options.n_threads > usable) {
    log(LogLevel::Warning,
        "n-threads: found " + std::to_string(options.n_threads) + ", wanted at most " +
            std::to_string(usable) +
            ", the number of cores that this process may use; using that number");
  }
  const WindowTypes window = window_types(options.precision, *isa);
  const StepTypes step = step_types(options.precision);
  DeviceInfo info;
  info.kind = DeviceKind::Cpu;
  info.name = processor_name() + " (" + std::string(to_string(*isa)) + ")";
  info.n_threads = n_threads;
  const std::string compute(to_string(window.compute));
  std::string encoder_products = onednn::describe() + " " + compute;
  if (window.products == DataType::I8) {
    encoder_products = onednn::describe() + " int8, attention and convolutions " + compute;
  } else if (window.compute == DataType::F32) {
    encoder_products = "Highway " + chosen_target() + " f32, attention and convolutions " +
                       onednn::describe() + " f32";
  }
  info.kernels = {"encoder: " + encoder_products,
                  "decoder: " + describe_products(step.weights) + ", self-attention cache " +
                      std::string(to_string(step.self_cache)) + ", cross-attention cache " +
                      std::string(to_string(step.cross_cache))};
  try {
    return std::unique_ptr<Device>(new CpuDevice(n_threads, window, step, std::move(info)));
  } catch (const std::exception& error) {
    return fail(ErrorCode::Unavailable, std::string("CPU device: ") + error.what());
  }
}

CpuDevice::CpuDevice(unsigned n_threads, const WindowTypes& window_types,
                     const StepTypes& step_types, DeviceInfo info)
    : pool_(n_threads),
      window_types_(window_types),
      step_types_(step_types),
      info_(std::move(info)) {}

Result<std::unique_ptr<Executable>> CpuDevice::prepare(const Graph& graph, const Weights& weights,
                                                       int batch) {
  if (has_steps(graph)) return prepare_step(graph, weights, batch, nullptr);
  try {
    auto made = WindowExecutable::create(graph, weights, batch, window_types_, pool_, workspace_);
    if (!made) return fail(made.error());
    return std::unique_ptr<Executable>(std::move(*made));
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::Unavailable, graph.name + ": not enough memory");
  }
}

Result<std::unique_ptr<Executable>> CpuDevice::prepare_step(const Graph& graph,
                                                            const Weights& weights, int batch,
                                                            std::unique_ptr<StepOffload> offload) {
  try {
    auto made =
        StepExecutable::create(graph, weights, batch, step_types_, pool_, std::move(offload));
    if (!made) return fail(made.error());
    return std::unique_ptr<Executable>(std::move(*made));
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::Unavailable, graph.name + ": not enough memory");
  }
}

Result<GraphMemory> CpuDevice::measure(const Graph& graph, const WeightsIndex& weights, int batch) {
  try {
    if (has_steps(graph)) return measure_step(graph, weights, batch, {});
    return WindowExecutable::measure(graph, weights, batch, window_types_, pool_);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::Unavailable, graph.name + ": not enough memory");
  }
}

GraphMemory CpuDevice::measure_step(const Graph& graph, const WeightsIndex& weights, int batch,
                                    std::span<const StepOffload::Group> groups) {
  const StepLayout layout(graph, weights, static_cast<std::size_t>(batch), step_types_, groups);
  return layout.memory(graph, pool_.size());
}

}  // namespace npuwhisper::cpu

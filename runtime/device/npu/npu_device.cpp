// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/npu_device.h"

#include <algorithm>
#include <utility>

#include "device/cpu/cpu_device.h"
#include "device/npu/mel_executable.h"
#include "device/npu/npu_executable.h"
#include "device/npu/npu_image.h"
#include "device/npu/npu_steps.h"
#include "device/npu/step_reasons.h"
#include "device/npu/xrt_session.h"

namespace npuwhisper::npu_device {
namespace {

bool has_op(const Graph& graph, OpKind kind) {
  return std::any_of(graph.ops.begin(), graph.ops.end(),
                     [kind](const Op& op) { return op.kind == kind; });
}
/// Returns whether the graph is an encoder: only an encoder has convolutions.
bool is_encoder(const Graph& graph) {
  return has_op(graph, OpKind::Conv1d);
}
bool is_step(const Graph& graph) {
  return has_op(graph, OpKind::CachedAttention);
}

/// Returns the requested stages. Auto chooses only the encoder. A step's products would need two
/// submissions per layer. Their bf16 weights are twice the size of the CPU's int8 weights, and both
/// devices read weights from the same memory. Log-mel would change the array's configuration twice
/// per window (2.8 ms on npu1, 4.3 ms on npu2). The CPU adds less latency than these changes,
/// because it computes log-mel while audio arrives.
Result<NpuStages> choose_stages(const NpuStages& asked) {
  if (asked.is_auto()) return NpuStages{.encoder = true};
  return asked;
}

/// Returns the design that uses all cores of `array`, "npu1" or "npu2".
Result<npu::DesignSpec> whole_array(const std::string& array) {
  return npu::make_design_spec(array, 4, array == "npu1" ? 4 : 8);
}

}  // namespace

Result<std::unique_ptr<Device>> NpuDevice::open(const DeviceOptions& options) {
  if (options.precision == Precision::F32) {
    return fail(ErrorCode::Unsupported,
                "precision f32: the NPU multiplies bf16; wanted auto, bf16 or int8");
  }
  const auto stages = choose_stages(options.npu_stages);
  if (!stages) return fail(stages.error());
  auto session = XrtSession::open();
  if (!session) return fail(session.error());
  const auto spec = whole_array((*session)->array());
  if (!spec) return fail(spec.error());
  const auto image = find_image((*session)->array());
  if (!image) return fail(image.error());
  if (auto loaded = (*session)->load(*image); !loaded) return fail(loaded.error());
  DeviceOptions host = options;
  host.kind = DeviceKind::Cpu;
  host.npu_stages = {};
  // On the CPU, F32 keeps the decoder's weights as the file stores them, and does not require that
  // the CPU supports bf16.
  if (options.precision == Precision::Bf16) host.precision = Precision::F32;
  auto cpu = cpu::CpuDevice::open(host);
  if (!cpu) return cpu;
  std::unique_ptr<cpu::CpuDevice> host_device(static_cast<cpu::CpuDevice*>(cpu->release()));
  const auto weights =
      options.precision == Precision::Int8 ? npu::WeightType::Int8 : npu::WeightType::Bf16;
  return std::unique_ptr<Device>(
      new NpuDevice(*stages, weights, *spec, std::move(*session), std::move(host_device)));
}

NpuDevice::NpuDevice(const NpuStages& stages, npu::WeightType encoder_weights,
                     const npu::DesignSpec& spec, std::shared_ptr<XrtSession> session,
                     std::unique_ptr<cpu::CpuDevice> cpu)
    : stages_(stages),
      encoder_weights_(encoder_weights),
      spec_(spec),
      session_(std::move(session)),
      cpu_(std::move(cpu)) {
  info_ = cpu_->info();
  info_.kind = DeviceKind::Npu;
  info_.name = session_->name() + " with " + cpu_->info().name;
  const std::string on_npu = session_->name() + ", bf16";
  const bool int8 = encoder_weights_ == npu::WeightType::Int8;
  const std::string encoder_on_npu = int8 ? session_->name() + ", int8" : on_npu;
  for (std::string& kernel : info_.kernels) {
    if (stages_.encoder && kernel.rfind("encoder: ", 0) == 0) kernel = "encoder: " + encoder_on_npu;
    if (stages_.decoder && kernel.rfind("decoder: ", 0) == 0)
      kernel.insert(std::string("decoder: ").size(), "products " + on_npu + "; else ");
  }
}

NpuDevice::~NpuDevice() = default;

DeviceStats NpuDevice::stats() const {
  return session_->counters()->stats(DeviceCounters::Clock::now());
}

/// Prepares the log-mel in its own context, because the array cannot hold both designs at once.
Result<std::unique_ptr<WindowMel>> NpuDevice::prepare_mel(int n_mels, int n_frames) {
  if (!stages_.mel) return std::unique_ptr<WindowMel>();
  auto session = XrtSession::open(session_->counters());
  if (!session) return fail(session.error());
  const auto image = find_image((*session)->array());
  if (!image) return fail(image.error());
  if (auto loaded = (*session)->load(*image, kMelKernel); !loaded) return fail(loaded.error());
  return MelExecutable::create(n_mels, n_frames, spec_, std::move(*session));
}

Result<std::unique_ptr<Executable>> NpuDevice::prepare(const Graph& graph, const Weights& weights,
                                                       int batch) {
  if (stages_.encoder && is_encoder(graph)) {
    if (batch != 1)
      return fail(ErrorCode::Unsupported, graph.name + ": the NPU takes one window at a time");
    return NpuExecutable::create(graph, weights, encoder_weights_, spec_, *cpu_, session_);
  }
  if (stages_.decoder && is_step(graph)) {
    auto steps = NpuSteps::create(graph, weights, spec_, session_);
    if (!steps) return fail(steps.error());
    return cpu_->prepare_step(graph, weights, batch, std::move(*steps));
  }
  if (is_step(graph)) {
    return cpu_->prepare_step(graph, weights, batch, explain_steps_on_host(graph, spec_));
  }
  return cpu_->prepare(graph, weights, batch);
}

Result<GraphMemory> NpuDevice::measure(const Graph& graph, const WeightsIndex& weights, int batch) {
  if (stages_.encoder && is_encoder(graph)) {
    return NpuExecutable::measure(graph, encoder_weights_, spec_, *cpu_);
  }
  if (!stages_.decoder || !is_step(graph)) return cpu_->measure(graph, weights, batch);
  const auto on_array = NpuSteps::measure(graph, spec_);
  if (!on_array) return fail(on_array.error());
  GraphMemory memory = cpu_->measure_step(graph, weights, batch, on_array->groups);
  memory.weight_bytes += on_array->weight_bytes;
  memory.working_bytes += on_array->working_bytes;
  return memory;
}

}  // namespace npuwhisper::npu_device

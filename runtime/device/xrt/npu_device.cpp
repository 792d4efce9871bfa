// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/xrt/npu_device.h"

#include <algorithm>
#include <utility>

#include "device/cpu/cpu_device.h"
#include "device/xrt/npu_executable.h"
#include "device/xrt/npu_image.h"
#include "device/xrt/xrt_session.h"

namespace npuwhisper::xdna {
namespace {

/// An encoder: convolutions at its beginning.
bool is_encoder(const Graph& graph) {
  return std::any_of(graph.ops.begin(), graph.ops.end(),
                     [](const Op& op) { return op.kind == OpKind::Conv1d; });
}

/// The stages asked for; auto is what runs fastest so.
Result<NpuStages> choose_stages(const NpuStages& asked) {
  if (asked.is_auto()) return NpuStages{.encoder = true};
  if (asked != NpuStages{.encoder = true}) {
    return fail(ErrorCode::Unsupported, "npu-stages: found " + to_string(asked) +
                                            ", wanted auto or encoder: no other stage is built");
  }
  return asked;
}

}  // namespace

Result<std::unique_ptr<Device>> NpuDevice::open(const DeviceOptions& options) {
  if (options.precision == Precision::F32) {
    return fail(ErrorCode::Unsupported,
                "precision f32: the NPU multiplies bf16; wanted auto, bf16 or int8");
  }
  const auto stages = choose_stages(options.npu_stages);
  if (!stages) return fail(stages.error());
  const auto counters = std::make_shared<DeviceCounters>();
  auto session = XrtSession::open(counters);
  if (!session) return fail(session.error());
  auto image = find_image((*session)->array());
  if (!image) return fail(image.error());
  DeviceOptions host = options;
  host.kind = DeviceKind::Cpu;
  host.npu_stages = {};
  // The decoder's weights as the file stores them; whether the CPU multiplies bf16 does not matter.
  if (options.precision == Precision::Bf16) host.precision = Precision::F32;
  auto cpu = cpu::CpuDevice::open(host);
  if (!cpu) return cpu;
  std::unique_ptr<cpu::CpuDevice> host_device(static_cast<cpu::CpuDevice*>(cpu->release()));
  return std::unique_ptr<Device>(
      new NpuDevice(std::move(*session), counters, std::move(*image), std::move(host_device)));
}

NpuDevice::NpuDevice(std::unique_ptr<XrtSession> session,
                     std::shared_ptr<const DeviceCounters> counters, std::filesystem::path image,
                     std::unique_ptr<cpu::CpuDevice> cpu)
    : session_(std::move(session)),
      counters_(std::move(counters)),
      image_(std::move(image)),
      cpu_(std::move(cpu)) {
  info_ = cpu_->info();
  info_.kind = DeviceKind::Npu;
  info_.name = session_->name() + " with " + cpu_->info().name;
  std::erase_if(info_.kernels,
                [](const std::string& kernel) { return kernel.rfind("encoder: ", 0) == 0; });
  info_.kernels.insert(info_.kernels.begin(), "encoder: " + session_->name() + ", bf16");
}

NpuDevice::~NpuDevice() = default;

DeviceStats NpuDevice::stats() const {
  return counters_->stats(DeviceCounters::Clock::now());
}

Result<std::unique_ptr<Executable>> NpuDevice::prepare(const Graph& graph, const Weights& weights,
                                                       int batch) {
  if (!is_encoder(graph)) return cpu_->prepare(graph, weights, batch);
  if (batch != 1)
    return fail(ErrorCode::Unsupported, graph.name + ": the NPU takes one window at a time");
  if (session_ == nullptr)
    return fail(ErrorCode::Unsupported, graph.name + ": this NPU has an encoder already");
  return NpuExecutable::create(graph, weights, cpu_->feature_type(), image_, std::move(session_));
}

}  // namespace npuwhisper::xdna

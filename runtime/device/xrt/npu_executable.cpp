// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/xrt/npu_executable.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <npuwhisper/log.h>

#include "design/pack_panels.h"
#include "device/cpu/aligned.h"

namespace npuwhisper::xdna {
namespace {

// A window takes tens of milliseconds on silicon. The emulated array computes what it says, on the
// CPU.
constexpr std::chrono::milliseconds kLongestRun{2000};
constexpr int kEmulationSlowdown = 300;

/// How long a run may take, from $NPUWHISPER_NPU_TIMEOUT_MS if that is set.
Result<std::chrono::milliseconds> longest_run(bool is_emulated) {
  const char* given = std::getenv("NPUWHISPER_NPU_TIMEOUT_MS");
  if (given == nullptr || *given == '\0')
    return kLongestRun * (is_emulated ? kEmulationSlowdown : 1);
  const std::string_view text = given;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) {
    return fail(ErrorCode::InvalidArgument, "NPUWHISPER_NPU_TIMEOUT_MS is '" + std::string(text) +
                                                "', wanted milliseconds, at least 1");
  }
  return std::chrono::milliseconds(value);
}

/// The whole array of each generation.
Result<npu::DesignSpec> whole_array(const std::string& array) {
  return npu::make_design_spec(array, 4, array == "npu1" ? 4 : 8);
}

}  // namespace

NpuExecutable::NpuExecutable(Graph graph, EncoderOperations encoder, DataType output_type,
                             std::unique_ptr<XrtSession> session)
    : graph_(std::move(graph)),
      encoder_(std::move(encoder)),
      session_(std::move(session)),
      output_type_(output_type) {}

Result<std::unique_ptr<Executable>> NpuExecutable::create(const Graph& graph,
                                                          const Weights& weights,
                                                          DataType output_type,
                                                          const std::filesystem::path& image,
                                                          std::unique_ptr<XrtSession> session) {
  const auto spec = whole_array(session->array());
  if (!spec) return fail(spec.error());
  const auto longest = longest_run(session->is_emulated());
  if (!longest) return fail(longest.error());
  auto encoder = make_encoder_operations(graph, *spec);
  if (!encoder) return fail(encoder.error());
  std::unique_ptr<NpuExecutable> executable(
      new NpuExecutable(graph, std::move(*encoder), output_type, std::move(session)));
  executable->longest_run_ = *longest;
  if (auto loaded = executable->load(image, weights, *spec); !loaded) return fail(loaded.error());
  return std::unique_ptr<Executable>(std::move(executable));
}

Result<void> NpuExecutable::load(const std::filesystem::path& image, const Weights& weights,
                                 const npu::DesignSpec& spec) {
  const auto plan = npu::make_plan(spec, encoder_.operations, kPacked);
  if (!plan) return fail(plan.error());
  encoder_.bytes[kPacked] = plan->packed_bytes;
  if (auto loaded = session_->load(image, plan->stream(), encoder_.bytes); !loaded) return loaded;
  if (auto packed = pack_weights(encoder_, *plan, weights, session_->buffer(kPacked)); !packed)
    return packed;
  if (auto filled = fill_workspace(encoder_, weights, session_->buffer(kWorkspace)); !filled)
    return filled;
  for (const int buffer : {kPacked, kWorkspace}) {
    if (auto synced = session_->sync_to_device(static_cast<std::size_t>(buffer)); !synced)
      return synced;
  }
  describe(*plan);
  return {};
}

void NpuExecutable::describe(const npu::Plan& plan) {
  plan_.graph = graph_.name;
  plan_.weight_bytes = encoder_.bytes[kPacked];
  for (const int buffer : {kWorkspace, kInput, kOutput})
    plan_.working_bytes += encoder_.bytes[static_cast<std::size_t>(buffer)];
  double cycles = 0;
  unsigned long long macs = 0, padded_macs = 0;
  for (const npu::OperationPlan& figures : plan.figures) {
    cycles += figures.cycles;
    macs += figures.macs;
    padded_macs += figures.padded_macs;
  }
  char text[250];
  std::snprintf(
      text, sizeof text,
      "one submission of %zu instruction words, %d descriptors, %d syncs; "
      "%llu multiply-accumulates (%llu without padding); %.1f ms predicted by the planner",
      plan.stream().size(), plan.n_descriptors, plan.n_syncs, padded_macs, macs,
      1e3 * plan.predicted_seconds());
  plan_.summary = session_->name() + ", " + std::to_string(plan.spec.core_rows) + " x " +
                  std::to_string(plan.spec.core_columns) + " cores: " + text;
  for (const Op& op : graph_.ops) {
    PlannedOp planned{.name = op.name,
                      .device = "npu",
                      .how = "",
                      .reason = "",
                      .flops = count_flops(graph_, op)};
    const auto at =
        std::find_if(encoder_.operations.begin(), encoder_.operations.end(),
                     [&](const npu::Operation& operation) { return operation.name == op.name; });
    if (at == encoder_.operations.end()) {
      planned.how = "folded into the products that read it";
    } else {
      const npu::OperationPlan& figures =
          plan.figures[static_cast<std::size_t>(at - encoder_.operations.begin())];
      std::snprintf(text, sizeof text,
                    ", %.1f million multiply-adds with padding, %.2f ms predicted",
                    static_cast<double>(figures.padded_macs) / 1e6,
                    1e3 * plan.predicted_seconds() * figures.cycles / cycles);
      planned.how = figures.shape + text;
      planned.reason = figures.reason;
    }
    plan_.ops.push_back(std::move(planned));
  }
}

Result<std::unique_ptr<Buffer>> NpuExecutable::allocate(TensorId id, int) {
  const TensorSpec& tensor = graph_.tensor(id);
  const std::size_t n =
      static_cast<std::size_t>(tensor.rows) * static_cast<std::size_t>(tensor.columns);
  const bool is_output = id == graph_.outputs[0];
  return std::unique_ptr<Buffer>(
      std::make_unique<cpu::CpuBuffer>(n * size_of(is_output ? output_type_ : DataType::F32)));
}

Result<Run*> NpuExecutable::start(const Bindings& bindings) {
  if (bindings.items.size() != 1 || bindings.items[0].size() != 2) {
    return fail(ErrorCode::InvalidArgument,
                graph_.name + ": wanted one window with its input and its output");
  }
  const std::span<const std::byte> input = bindings.items[0][0]->host();
  output_ = bindings.items[0][1]->host();
  std::byte* to = session_->buffer(kInput).data() + encoder_.input.offset;
  for (std::size_t i = 0; i < input.size() / sizeof(float); ++i) {
    float value = 0;
    std::memcpy(&value, input.data() + i * sizeof value, sizeof value);
    const std::uint16_t bits = npu::to_bf16(value);
    std::memcpy(to + i * sizeof bits, &bits, sizeof bits);
  }
  if (auto synced = session_->sync_to_device(kInput); !synced) return fail(synced.error());
  started_ = session_->start();
  return &run_;
}

Result<void> NpuExecutable::finish(std::chrono::milliseconds timeout) {
  if (session_->is_emulated()) timeout *= kEmulationSlowdown;
  timeout = std::min(timeout, longest_run_);
  auto done = started_ ? session_->wait(timeout) : started_;
  if (!done) {
    log(LogLevel::Warning,
        done.error().message + "; the context is opened again and the window repeated once");
    if (auto started = session_->start(); !started) return started;
    if (auto repeated = session_->wait(timeout); !repeated) return repeated;
  }
  if (auto synced = session_->sync_from_device(kOutput); !synced) return synced;
  const std::byte* from = session_->buffer(kOutput).data() + encoder_.output.offset;
  if (output_type_ == DataType::Bf16) {
    std::memcpy(output_.data(), from, output_.size());
    return {};
  }
  for (std::size_t i = 0; i < output_.size() / sizeof(float); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, from + i * sizeof bits, sizeof bits);
    const float value = npu::from_bf16(bits);
    std::memcpy(output_.data() + i * sizeof value, &value, sizeof value);
  }
  return {};
}

}  // namespace npuwhisper::xdna

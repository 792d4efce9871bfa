// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/npu_executable.h"

#include <utility>

#include "device/cpu/cpu_buffer.h"
#include "device/npu/describe_run.h"
#include "simd/row_kernels.h"

namespace npuwhisper::npu_device {

NpuExecutable::NpuExecutable(Graph graph, EncoderOperations encoder, cpu::CpuDevice& host,
                             std::shared_ptr<XrtSession> session)
    : graph_(std::move(graph)),
      encoder_(std::move(encoder)),
      session_(std::move(session)),
      output_type_(host.feature_type()) {
  if (encoder_.cache_rows.empty()) return;
  store_.emplace(encoder_.cache_rows, graph_.tensor(graph_.outputs[0]).rows,
                 host.cross_cache_type(), host.pool());
}

Result<std::unique_ptr<Executable>> NpuExecutable::create(
    const Graph& graph, const Weights& weights, npu::WeightType type, const npu::DesignSpec& spec,
    cpu::CpuDevice& host, std::shared_ptr<XrtSession> session) {
  auto encoder = make_encoder_operations(graph, spec);
  if (!encoder) return fail(encoder.error());
  if (type == npu::WeightType::Int8) use_int8_weights(*encoder);
  std::unique_ptr<NpuExecutable> executable(
      new NpuExecutable(graph, std::move(*encoder), host, std::move(session)));
  if (auto loaded = executable->load(weights, spec); !loaded) return fail(loaded.error());
  return std::unique_ptr<Executable>(std::move(executable));
}

Result<GraphMemory> NpuExecutable::measure(const Graph& graph, npu::WeightType type,
                                           const npu::DesignSpec& spec, cpu::CpuDevice& host) {
  auto encoder = make_encoder_operations(graph, spec);
  if (!encoder) return fail(encoder.error());
  if (type == npu::WeightType::Int8) use_int8_weights(*encoder);
  const auto plan = npu::make_plan(spec, encoder->operations, kPacked);
  if (!plan) return fail(plan.error());
  GraphMemory memory{.weight_bytes = plan->packed_bytes, .working_bytes = 0, .buffer_bytes = {}};
  for (const int buffer : {kWorkspace, kInput, kOutput})
    memory.working_bytes += encoder->bytes[static_cast<std::size_t>(buffer)];
  const NpuExecutable executable(graph, std::move(*encoder), host, nullptr);
  memory.buffer_bytes = {executable.buffer_bytes(graph.inputs[0]),
                         executable.buffer_bytes(graph.outputs[0])};
  return memory;
}

Result<void> NpuExecutable::load(const Weights& weights, const npu::DesignSpec& spec) {
  const auto plan = npu::make_plan(spec, encoder_.operations, kPacked);
  if (!plan) return fail(plan.error());
  encoder_.bytes[kPacked] = plan->packed_bytes;
  for (int i = 0; i < kNArguments; ++i) {
    const auto argument = static_cast<std::size_t>(i);
    const auto buffer = session_->add_buffer(encoder_.bytes[argument]);
    if (!buffer) return fail(buffer.error());
    buffers_[argument] = *buffer;
  }
  const npu::HostMatrix& made =
      encoder_.cache_rows.empty() ? encoder_.output : encoder_.cache_rows.back().rows;
  const npu::HostMatrix last = made.from(graph_.tensor(graph_.outputs[0]).rows - 1, 0);
  auto work = RepeatingRun::create(session_, "window", plan->stream(), buffers_,
                                   {.buffer = buffers_[kOutput], .offset = last.offset});
  if (!work) return fail(work.error());
  work_ = std::move(*work);
  if (auto packed = pack_weights(encoder_, *plan, weights, session_->buffer(buffers_[kPacked]));
      !packed) {
    return packed;
  }
  if (auto filled = fill_workspace(encoder_, weights, session_->buffer(buffers_[kWorkspace]));
      !filled) {
    return filled;
  }
  for (const int argument : {kPacked, kWorkspace}) {
    if (auto synced = session_->sync_to_device(buffers_[static_cast<std::size_t>(argument)]);
        !synced)
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
  plan_.summary = session_->name() + ", " + describe_cores(plan) + ": " + describe_run(plan);
  for (const Op& op : graph_.ops) plan_.ops.push_back(describe_op(graph_, op, encoder_, plan));
}

std::size_t NpuExecutable::buffer_bytes(TensorId id) const {
  const TensorSpec& tensor = graph_.tensor(id);
  const bool is_output = id == graph_.outputs[0];
  if (is_output && store_) return store_->cache_bytes();
  return static_cast<std::size_t>(tensor.rows) * static_cast<std::size_t>(tensor.columns) *
         size_of(is_output ? output_type_ : DataType::F32);
}

Result<std::unique_ptr<Buffer>> NpuExecutable::allocate(TensorId id, int) {
  return std::unique_ptr<Buffer>(std::make_unique<cpu::CpuBuffer>(buffer_bytes(id)));
}

Result<Run*> NpuExecutable::start(const Bindings& bindings) {
  if (bindings.items.size() != 1 || bindings.items[0].size() != 2) {
    return fail(ErrorCode::InvalidArgument,
                graph_.name + ": wanted one window with its input and its output");
  }
  if (!bindings.positions.is_all()) {
    return fail(ErrorCode::InvalidArgument, graph_.name + ": wanted all positions of the window");
  }
  const std::span<const std::byte> input = bindings.items[0][0]->host();
  output_ = bindings.items[0][1]->host();
  std::byte* to = session_->buffer(buffers_[kInput]).data() + encoder_.input.offset;
  cpu::convert(input.data(), DataType::F32, to, DataType::Bf16, input.size() / sizeof(float));
  if (auto synced = session_->sync_to_device(buffers_[kInput]); !synced)
    return fail(synced.error());
  work_->start();
  return &run_;
}

Result<void> NpuExecutable::finish() {
  if (auto done = work_->wait(); !done) return done;
  const std::span<const std::byte> made = session_->buffer(buffers_[kOutput]);
  if (store_) {
    store_->store(made, output_);
    return {};
  }
  cpu::convert(made.data() + encoder_.output.offset, DataType::Bf16, output_.data(), output_type_,
               output_.size() / size_of(output_type_));
  return {};
}

}  // namespace npuwhisper::npu_device

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tiny_encoder.h"

#include <cstring>
#include <utility>

#include "engine/whisper_graphs.h"

namespace npuwhisper::test {
namespace {

/// Fills `bytes` with arbitrary floats that are not all equal.
void fill(std::span<std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size() / sizeof(float); ++i) {
    const float value = static_cast<float>(i * 7919 % 1024) / 512 - 1;
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
}

}  // namespace

Result<void> TinyEncoder::prepare(const std::filesystem::path& folder) {
  auto model = Model::load(folder);
  if (!model) return fail(model.error());
  model_ = std::move(*model);
  auto device = open_device({.kind = DeviceKind::Npu});
  if (!device) return fail(device.error());
  device_ = std::move(*device);
  const Graph graph = make_encoder_graph(model_->config);
  auto executable = device_->prepare(graph, *model_->weights, 1);
  if (!executable) return fail(executable.error());
  executable_ = std::move(*executable);
  auto input = executable_->allocate(graph.inputs[0]);
  if (!input) return fail(input.error());
  input_ = std::move(*input);
  auto output = executable_->allocate(graph.outputs[0]);
  if (!output) return fail(output.error());
  output_ = std::move(*output);
  fill(input_->host());
  return {};
}

Result<void> TinyEncoder::run() {
  std::memset(output_->host().data(), 0x55, output_->host().size());
  const std::array<Buffer*, 2> buffers = {input_.get(), output_.get()};
  const std::array<std::span<Buffer* const>, 1> items = {buffers};
  const auto started = executable_->start({.items = items, .rows = {}});
  if (!started) return fail(started.error());
  return (*started)->wait();
}

std::string TinyEncoder::output() const {
  const auto bytes = output_->host();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace npuwhisper::test

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "support/whisper_encoder.h"

#include "design/core_interface.h"

namespace npuwhisper::npu {
namespace {

constexpr int kWorkspace = 1;
constexpr float kEpsilon = 1e-5F;

int padded(int value, int to) {
  return (value + to - 1) / to * to;
}

/// Places matrices at consecutive addresses.
class Workspace {
 public:
  HostMatrix matrix(int rows, int columns) {
    const HostMatrix result{kWorkspace, bytes_, columns};
    bytes_ += 2ULL * static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns);
    return result;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t bytes_ = 0;
};

HostMatrix below(HostMatrix matrix, int rows) {
  matrix.offset +=
      2ULL * static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(matrix.row_stride);
  return matrix;
}

}  // namespace

EncoderOperations encoder_operations(const DesignSpec& spec, const EncoderSizes& sizes) {
  const int pass = spec.core_rows * core::kTile;
  const int d = sizes.n_state;
  const int frames = padded(sizes.n_frames, pass);
  const int n_context = sizes.n_frames / 2;
  const int rows = padded(n_context, pass);

  EncoderOperations result;
  Workspace space;
  // A row of zeros precedes each convolution's input. The windows of padding rows extend beyond the
  // last row of the input.
  result.mel = space.matrix(1 + frames + 4, sizes.n_mels);
  const HostMatrix conv = space.matrix(1 + frames, d);
  result.positions = space.matrix(rows, d);
  const HostMatrix x = space.matrix(rows, d);
  const HostMatrix queries = space.matrix(rows, d);
  const HostMatrix keys = space.matrix(d, rows);
  const HostMatrix values = space.matrix(rows, d);
  const HostMatrix attended = space.matrix(rows, d);
  const HostMatrix hidden = space.matrix(rows, 4 * d);
  result.output = space.matrix(rows, d);
  result.workspace_bytes = space.bytes();

  auto& operations = result.operations;
  operations.push_back(
      {"conv1", Product{.m = sizes.n_frames,
                        .k = 3 * sizes.n_mels,
                        .input = result.mel,
                        .parts = {{.n = d, .output = below(conv, 1), .gelu = true}}}});
  HostMatrix windows = conv;
  windows.row_stride = 2 * d;
  operations.push_back(
      {"conv2",
       Product{.m = n_context,
               .k = 3 * d,
               .input = windows,
               .parts = {{.n = d, .output = x, .gelu = true, .residual = result.positions}}}});
  for (int layer = 0; layer < sizes.n_layers; ++layer) {
    const std::string name = "layer " + std::to_string(layer) + " ";
    operations.push_back(
        {name + "qkv", Product{.m = n_context,
                               .k = d,
                               .input = x,
                               .normalised = true,
                               .epsilon = kEpsilon,
                               .parts = {{.n = d, .output = queries, .scale = 0.125F},
                                         {.n = d, .output = keys, .transposed = true},
                                         {.n = d, .output = values}}}});
    operations.push_back({name + "attention", Attention{.n_queries = n_context,
                                                        .n_keys = n_context,
                                                        .n_heads = sizes.n_heads,
                                                        .queries = queries,
                                                        .keys = keys,
                                                        .values = values,
                                                        .output = attended}});
    operations.push_back({name + "out", Product{.m = n_context,
                                                .k = d,
                                                .input = attended,
                                                .parts = {{.n = d, .output = x, .residual = x}}}});
    operations.push_back(
        {name + "up", Product{.m = n_context,
                              .k = d,
                              .input = x,
                              .normalised = true,
                              .epsilon = kEpsilon,
                              .parts = {{.n = 4 * d, .output = hidden, .gelu = true}}}});
    operations.push_back({name + "down", Product{.m = n_context,
                                                 .k = 4 * d,
                                                 .input = hidden,
                                                 .parts = {{.n = d, .output = x, .residual = x}}}});
  }
  operations.push_back(
      {"norm",
       LayerNorm{
           .m = n_context, .k = d, .epsilon = kEpsilon, .input = x, .output = result.output}});
  return result;
}

}  // namespace npuwhisper::npu

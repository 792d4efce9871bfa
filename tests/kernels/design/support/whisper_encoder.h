// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "design/design_spec.h"
#include "design/operation.h"

namespace npuwhisper::npu {

/// The sizes of a Whisper encoder.
struct EncoderSizes {
  int n_mels = 0;
  int n_frames = 3000;
  int n_state = 0;
  int n_heads = 0;
  int n_layers = 0;
};
inline constexpr EncoderSizes kTiny{.n_mels = 80, .n_state = 384, .n_heads = 6, .n_layers = 4};
inline constexpr EncoderSizes kBase{.n_mels = 80, .n_state = 512, .n_heads = 8, .n_layers = 6};
inline constexpr EncoderSizes kSmall{.n_mels = 80, .n_state = 768, .n_heads = 12, .n_layers = 12};
inline constexpr EncoderSizes kMedium{.n_mels = 80, .n_state = 1024, .n_heads = 16, .n_layers = 24};
/// large-v1 and large-v2. large-v3 has 128 mel bins.
inline constexpr EncoderSizes kLarge{.n_mels = 80, .n_state = 1280, .n_heads = 20, .n_layers = 32};
inline constexpr EncoderSizes kLargeV3{
    .n_mels = 128, .n_state = 1280, .n_heads = 20, .n_layers = 32};

/// The operations of a Whisper encoder, for planning: convolutions, blocks and the final layer
/// norm. Argument 0 is the packed weights. Argument 1 is the workspace.
struct EncoderOperations {
  std::vector<Operation> operations{};
  std::uint64_t workspace_bytes = 0;
  HostMatrix mel{}, positions{}, output{};
};
EncoderOperations encoder_operations(const DesignSpec& spec, const EncoderSizes& sizes);

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// The stages that run on the NPU's array if the device is an NPU. All other stages run on the CPU.
/// If no stage is set ("auto"), the array runs only the encoder. Engine::describe_plan() reports
/// where each operation runs.
struct NpuStages {
  bool mel = false;      ///< Log-mel of a window.
  bool encoder = false;  ///< Encoder of a window.
  bool decoder = false;  ///< Cross-attention keys and values, and matrix products of a step.

  bool is_auto() const { return !mel && !encoder && !decoder; }
  bool operator==(const NpuStages&) const = default;
};

/// Returns "auto", or the names of the stages, separated by commas: "mel,encoder".
NPUWHISPER_API std::string to_string(const NpuStages& stages);
/// Parses a text in the format of to_string(). The names may be in any order. Errors:
/// InvalidArgument (the message contains the name found and the names wanted).
NPUWHISPER_API Result<NpuStages> parse_npu_stages(std::string_view text);

}  // namespace npuwhisper

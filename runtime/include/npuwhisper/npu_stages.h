// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// Which parts of the work device=npu runs on the array; the rest runs on the CPU. None named is
/// "auto": those that are predicted to be faster there, as the plan says for each.
struct NpuStages {
  bool mel = false;      ///< Log-mel of a window.
  bool encoder = false;  ///< A window's encoder.
  bool decoder = false;  ///< Keys and values of the cross-attention, and matrix products of a step.

  bool is_auto() const { return !mel && !encoder && !decoder; }
  bool operator==(const NpuStages&) const = default;
};

/// "auto", or the stages' names: "mel,encoder".
NPUWHISPER_API std::string to_string(const NpuStages& stages);
/// The same backwards, in any order. Errors: InvalidArgument, with the name found and those wanted.
NPUWHISPER_API Result<NpuStages> parse_npu_stages(std::string_view text);

}  // namespace npuwhisper

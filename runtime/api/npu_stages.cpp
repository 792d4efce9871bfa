// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <utility>

#include <npuwhisper/npu_stages.h>

namespace npuwhisper {
namespace {

constexpr std::string_view kAuto = "auto";
constexpr std::array<std::pair<std::string_view, bool NpuStages::*>, 3> kStages = {{
    {"mel", &NpuStages::mel},
    {"encoder", &NpuStages::encoder},
    {"decoder", &NpuStages::decoder},
}};

bool set(NpuStages& stages, std::string_view wanted) {
  for (const auto& [name, stage] : kStages) {
    if (name != wanted) continue;
    stages.*stage = true;
    return true;
  }
  return false;
}

}  // namespace

std::string to_string(const NpuStages& stages) {
  std::string text;
  for (const auto& [name, stage] : kStages) {
    if (stages.*stage) text.append(text.empty() ? "" : ",").append(name);
  }
  return text.empty() ? std::string(kAuto) : text;
}

Result<NpuStages> parse_npu_stages(std::string_view text) {
  NpuStages stages;
  if (text == kAuto) return stages;
  for (;;) {
    const std::size_t comma = text.find(',');
    if (const auto name = text.substr(0, comma); !set(stages, name)) {
      return fail(ErrorCode::InvalidArgument,
                  "npu-stages: found '" + std::string(name) +
                      "', wanted auto or a comma-separated list of mel, encoder, decoder");
    }
    if (comma == std::string_view::npos) return stages;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace npuwhisper

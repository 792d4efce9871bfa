// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <utility>

#include <npuwhisper/device_info.h>

namespace npuwhisper {
namespace {

template <typename T, std::size_t n>
using Names = std::array<std::pair<std::string_view, T>, n>;

constexpr Names<DeviceKind, 3> kDeviceKinds = {{
    {"auto", DeviceKind::Auto},
    {"cpu", DeviceKind::Cpu},
    {"npu", DeviceKind::Npu},
}};

constexpr Names<Precision, 4> kPrecisions = {{
    {"auto", Precision::Auto},
    {"f32", Precision::F32},
    {"bf16", Precision::Bf16},
    {"int8", Precision::Int8},
}};

template <typename T, std::size_t n>
std::string_view name_of(const Names<T, n>& names, T value) {
  for (const auto& [name, candidate] : names) {
    if (candidate == value) return name;
  }
  return "unknown";
}

template <typename T, std::size_t n>
Result<T> parse(const Names<T, n>& names, std::string_view what, std::string_view text) {
  std::string wanted;
  for (const auto& [name, value] : names) {
    if (name == text) return value;
    wanted.append(wanted.empty() ? "" : ", ").append(name);
  }
  return fail(ErrorCode::InvalidArgument,
              std::string(what) + ": found '" + std::string(text) + "', wanted one of " + wanted);
}

}  // namespace

std::string_view to_string(DeviceKind kind) {
  return name_of(kDeviceKinds, kind);
}
std::string_view to_string(Precision precision) {
  return name_of(kPrecisions, precision);
}

Result<DeviceKind> parse_device_kind(std::string_view text) {
  return parse(kDeviceKinds, "device", text);
}
Result<Precision> parse_precision(std::string_view text) {
  return parse(kPrecisions, "precision", text);
}

}  // namespace npuwhisper

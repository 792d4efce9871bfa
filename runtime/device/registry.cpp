// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/registry.h"

#include <string>

#include <npuwhisper/log.h>

#include "device/cpu/cpu_device.h"
#ifdef NPUWHISPER_HAVE_XRT
#include "device/npu/npu_device.h"
#endif

namespace npuwhisper {
namespace {

struct Entry {
  DeviceKind kind;
  Result<std::unique_ptr<Device>> (*open)(const DeviceOptions&);
};

/// The devices, in the order in which Auto tries them. A new device needs a row in this table, a
/// value of DeviceKind with its name (api/device_info.cpp), and a row in the element's property
/// (gst/element/property_types.cpp).
constexpr Entry kDevices[] = {
#ifdef NPUWHISPER_HAVE_XRT
    {DeviceKind::Npu, npu_device::NpuDevice::open},
#endif
    {DeviceKind::Cpu, cpu::CpuDevice::open},
};

}  // namespace

Result<std::unique_ptr<Device>> open_device(const DeviceOptions& options) {
  if (options.kind == DeviceKind::Cpu && !options.npu_stages.is_auto()) {
    return fail(ErrorCode::InvalidArgument, "npu-stages " + to_string(options.npu_stages) +
                                                ": found with device cpu, wanted npu or auto");
  }
  std::string tried;
  for (const Entry& entry : kDevices) {
    if (options.kind != DeviceKind::Auto && options.kind != entry.kind) continue;
    auto device = entry.open(options);
    if (options.kind == entry.kind) return device;
    if (device) {
      log(LogLevel::Info,
          "device=auto: chose " + (*device)->info().name + (tried.empty() ? "" : ";" + tried));
      return device;
    }
    tried.append(" ")
        .append(to_string(entry.kind))
        .append(": ")
        .append(device.error().message)
        .append(";");
  }
  if (options.kind == DeviceKind::Auto)
    return fail(ErrorCode::NotFound, "no device can be opened:" + tried);
  return fail(ErrorCode::NotFound, "device '" + std::string(to_string(options.kind)) +
                                       "': this build has no such device, wanted cpu or auto");
}

}  // namespace npuwhisper

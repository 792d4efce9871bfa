// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/device.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <fstream>

#include "emulator/driver/log.h"

namespace npuwhisper::emu {
namespace {

constexpr std::chrono::milliseconds kWatchdog{2000};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::optional<std::chrono::milliseconds>> watchdog_from_environment() {
  const std::string text = variable("NPUWHISPER_EMULATOR_WATCHDOG_MS");
  if (text.empty()) return std::optional(kWatchdog);
  unsigned value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size()) {
    return fail(ErrorCode::InvalidArgument,
                "NPUWHISPER_EMULATOR_WATCHDOG_MS is '" + text + "', wanted milliseconds");
  }
  if (value == 0) return std::optional<std::chrono::milliseconds>();
  return std::optional(std::chrono::milliseconds(value));
}

std::uint64_t inode(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Result<std::unique_ptr<Device>> Device::open(const std::string& tree) {
  std::string name;
  std::ifstream(tree + "/array") >> name;
  const auto model = find_device(name);
  if (!model) return fail(model.error());
  const auto array = npu::find_array(name);
  if (!array) return fail(array.error());
  auto registry = ContextRegistry::open(tree + "/state");
  if (!registry) return fail(registry.error());
  const std::string script = variable("NPUWHISPER_EMULATOR_FAULTS");
  auto faults = script.empty() ? Result<FaultScript>(FaultScript()) : FaultScript::parse(script);
  if (!faults) return fail(faults.error());
  const auto watchdog = watchdog_from_environment();
  if (!watchdog) return fail(watchdog.error());
  return std::unique_ptr<Device>(
      new Device(**model, **array, std::move(*registry), std::move(*faults), *watchdog));
}

Device::Device(const DeviceModel& model, const npu::ArrayModel& array, ContextRegistry registry,
               FaultScript faults, std::optional<std::chrono::milliseconds> watchdog)
    : model_(&model),
      array_(&array),
      registry_(std::move(registry)),
      faults_(std::move(faults)),
      statistics_(std::string(model.name)),
      watchdog_(watchdog),
      has_timelines_(variable("NPUWHISPER_EMULATOR_TIMELINES") == "1") {}

Result<std::unique_ptr<Npu>> Device::load(std::span<const std::byte> image, bool is_dirty) const {
  auto npu = Npu::load(image, {.is_dirty = is_dirty});
  if (npu && (*npu)->array().name != array_->name) {
    return fail(ErrorCode::InvalidArgument,
                "the image is for " + std::string((*npu)->array().name) + ", but this device is " +
                    std::string(array_->name));
  }
  return npu;
}

void Device::exported(int fd, const std::shared_ptr<Buffer>& buffer) {
  const std::lock_guard lock(mutex_);
  exported_buffers_[inode(fd)] = buffer;
}

void Device::exported(int fd, const std::shared_ptr<Timeline>& timeline) {
  const std::lock_guard lock(mutex_);
  exported_timelines_[inode(fd)] = timeline;
}

std::shared_ptr<Buffer> Device::imported_buffer(int fd) {
  const std::lock_guard lock(mutex_);
  const auto found = exported_buffers_.find(inode(fd));
  return found == exported_buffers_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<Timeline> Device::imported_timeline(int fd) {
  const std::lock_guard lock(mutex_);
  const auto found = exported_timelines_.find(inode(fd));
  return found == exported_timelines_.end() ? nullptr : found->second.lock();
}

void Device::write_statistics() {
  std::string path = variable("NPUWHISPER_EMULATOR_STATS");
  if (path.empty()) return;
  if (const std::size_t at = path.find("%p"); at != std::string::npos) {
    path.replace(at, 2, std::to_string(getpid()));
  }
  std::ofstream file(path);
  file << statistics_.json();
  if (!file.flush()) log("the statistics cannot be written to " + path);
}

void Device::write_trace(Npu& npu) {
  if (npu.counters().n_runs == 0) return;  // The image was loaded but never used.
  const int context = n_traces_++;
  if (const std::string path = variable("NPUWHISPER_EMULATOR_TRACE"); !path.empty()) {
    const auto written = npu.write_trace(path, model_->name, context);
    if (!written) log("the trace cannot be written: " + written.error().message);
  }
  if (std::string path = variable("NPUWHISPER_EMULATOR_OCCUPANCY"); !path.empty()) {
    if (context > 0) path += "." + std::to_string(context + 1);
    const auto written = npu.write_occupancy(path, model_->name);
    if (!written) log("the picture cannot be written: " + written.error().message);
  }
}

}  // namespace npuwhisper::emu

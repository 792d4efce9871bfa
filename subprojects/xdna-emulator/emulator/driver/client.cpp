// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/client.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "emulator/driver/log.h"
#include "emulator/driver/queries.h"

namespace npuwhisper::emu {
namespace {

constexpr char kDriverName[] = "amdxdna_accel_driver";
constexpr char kDriverDate[] = "20261101";
constexpr char kDriverText[] = "AMD XDNA DRM implementation, emulated by npuwhisper";

/// Calls action(Arguments&) on a copy of the program's structure and copies the result back. As DRM
/// allows, the program's structure may be shorter than `Arguments` (missing fields are zero) or
/// longer (additional fields are ignored). Returns the action's errno value.
template <typename Arguments, typename Action>
int with(unsigned long request, void* argument, Action action) {
  const std::size_t size = std::min<std::size_t>(_IOC_SIZE(request), sizeof(Arguments));
  Arguments arguments{};
  std::memcpy(&arguments, argument, size);
  const int error = action(arguments);
  std::memcpy(argument, &arguments, size);
  return error;
}

void copy_text(const char* text, char* to, __kernel_size_t& size) {
  const std::size_t length = std::strlen(text);
  if (to != nullptr) std::memcpy(to, text, std::min<std::size_t>(length, size));
  size = length;
}

int version(drm_version& arguments) {
  arguments.version_major = 0;
  arguments.version_minor = 6;
  arguments.version_patchlevel = 0;
  copy_text(kDriverName, arguments.name, arguments.name_len);
  copy_text(kDriverDate, arguments.date, arguments.date_len);
  copy_text(kDriverText, arguments.desc, arguments.desc_len);
  return 0;
}

int capability(drm_get_cap& arguments) {
  switch (arguments.capability) {
    case DRM_CAP_PRIME:
      arguments.value = DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT;
      return 0;
    case DRM_CAP_SYNCOBJ:
    case DRM_CAP_SYNCOBJ_TIMELINE:
    case DRM_CAP_TIMESTAMP_MONOTONIC:
      arguments.value = 1;
      return 0;
    default:
      arguments.value = 0;
      return EINVAL;
  }
}

}  // namespace

Client::Client(Device& device) : device_(device) {
  record_ = ContextRegistry::kMaxClients;
  device_.registry().with([&](ContextRegistry::Shared& shared) {
    for (std::size_t i = 0; i < ContextRegistry::kMaxClients; ++i) {
      if (shared.clients[i].pid != 0) continue;
      shared.clients[i] = {.pid = getpid()};
      record_ = i;
      return;
    }
  });
}

Client::~Client() {
  contexts_.clear();
  device_.registry().with([&](ContextRegistry::Shared& shared) {
    for (ContextRecord& context : shared.contexts) {
      if (context.pid == getpid() && context.client == record_) context = {};
    }
    if (record_ < ContextRegistry::kMaxClients) shared.clients[record_] = {};
  });
  device_.write_statistics();
}

int Client::ioctl(unsigned long request, void* argument) {
  if (device_.is_lost()) return ENODEV;
  if (argument == nullptr) return EFAULT;
  return dispatch(request, argument);
}

int Client::dispatch(unsigned long request, void* argument) {
  const auto answer = [&]<typename Arguments>(int (Client::*method)(Arguments&)) {
    return with<std::remove_const_t<Arguments>>(
        request, argument, [&](auto& arguments) { return (this->*method)(arguments); });
  };
  const auto answer_const = [&]<typename Arguments>(int (Client::*method)(Arguments&) const) {
    return with<std::remove_const_t<Arguments>>(
        request, argument, [&](auto& arguments) { return (this->*method)(arguments); });
  };
  switch (_IOC_NR(request)) {
    case DRM_COMMAND_BASE + DRM_AMDXDNA_CREATE_HWCTX:
      return answer(&Client::create_context);
    case DRM_COMMAND_BASE + DRM_AMDXDNA_DESTROY_HWCTX:
      return answer(&Client::destroy_context);
    case DRM_COMMAND_BASE + DRM_AMDXDNA_CONFIG_HWCTX:
      return answer(&Client::configure_context);
    case DRM_COMMAND_BASE + DRM_AMDXDNA_CREATE_BO:
      return answer(&Client::create_buffer);
    case DRM_COMMAND_BASE + DRM_AMDXDNA_GET_BO_INFO:
      return answer_const(&Client::buffer_info);
    case DRM_COMMAND_BASE + DRM_AMDXDNA_SYNC_BO:
      return answer(&Client::sync_buffer);
    case DRM_COMMAND_BASE + DRM_AMDXDNA_EXEC_CMD:
      return answer(&Client::execute);
    case DRM_COMMAND_BASE + DRM_AMDXDNA_WAIT_CMD:
      return answer(&Client::wait);
    case DRM_COMMAND_BASE + DRM_AMDXDNA_GET_INFO:
      return with<amdxdna_drm_get_info>(
          request, argument, [&](auto& arguments) { return get_info(device_, arguments); });
    case DRM_COMMAND_BASE + DRM_AMDXDNA_GET_ARRAY:
      return with<amdxdna_drm_get_array>(
          request, argument, [&](auto& arguments) { return get_array(device_, arguments); });
    case DRM_COMMAND_BASE + DRM_AMDXDNA_SET_STATE:
      return with<amdxdna_drm_set_state>(
          request, argument, [&](auto& arguments) { return set_state(device_, arguments); });
    case _IOC_NR(DRM_IOCTL_VERSION):
      return with<drm_version>(request, argument, version);
    case _IOC_NR(DRM_IOCTL_GET_CAP):
      return with<drm_get_cap>(request, argument, capability);
    case _IOC_NR(DRM_IOCTL_GEM_CLOSE):
      return answer(&Client::close_buffer);
    case _IOC_NR(DRM_IOCTL_PRIME_HANDLE_TO_FD):
      return answer(&Client::export_buffer);
    case _IOC_NR(DRM_IOCTL_PRIME_FD_TO_HANDLE):
      return answer(&Client::import_buffer);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_CREATE):
      return answer(&Client::create_timeline);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_DESTROY):
      return with<drm_syncobj_destroy>(
          request, argument, [&](auto& arguments) { return timelines_.close(arguments.handle); });
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD):
      return answer(&Client::export_timeline);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE):
      return answer(&Client::import_timeline);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT):
      return answer_const(&Client::wait_timelines);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL):
      return answer_const(&Client::signal_timelines);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_QUERY):
      return answer_const(&Client::query_timelines);
    default:
      log("DRM ioctl " + std::to_string(_IOC_NR(request)) + " is not emulated");
      return EOPNOTSUPP;
  }
}

Client::Mapping Client::find_mapping(std::uint64_t offset) const {
  Mapping mapping;
  mapping.buffer = buffers_.find_map_offset(offset, mapping.offset);
  return mapping;
}

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/queries.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "emulator/driver/log.h"

namespace npuwhisper::emu {
namespace {

constexpr std::uint32_t kMaxElements = 1024;
/// Size of a column's status, in bytes. A program must provide a buffer for the status of all
/// columns, but the emulator reports no status.
constexpr std::uint32_t kColumnStatusBytes = 4096;
constexpr std::size_t kMaxTelemetryContexts = 16;

/// Copies as much of the answer as fits into the program's buffer, as the kernel does.
template <typename Answer>
int answer(const amdxdna_drm_get_info& arguments, const Answer& value) {
  std::memcpy(reinterpret_cast<void*>(arguments.buffer), &value,
              std::min<std::size_t>(arguments.buffer_size, sizeof value));
  return 0;
}

std::uint16_t small(int value) {
  return static_cast<std::uint16_t>(value);
}

amdxdna_drm_query_aie_tile_metadata tiles(const npu::TileLimits& limits, int start, int count) {
  return {.row_count = small(count),
          .row_start = small(start),
          .dma_channel_count = small(limits.n_s2mm_channels + limits.n_mm2s_channels),
          .lock_count = small(limits.n_locks),
          .event_reg_count = 0,
          .pad = {}};
}

int query_metadata(const Device& device, const amdxdna_drm_get_info& arguments) {
  const npu::ArrayModel& array = device.array();
  amdxdna_drm_query_aie_metadata metadata{};
  metadata.col_size = kColumnStatusBytes;
  metadata.cols = device.model().n_reported_columns;
  metadata.rows = small(array.n_rows);
  metadata.version = {.major = 1, .minor = 1};
  metadata.shim = tiles(array.shim, 0, 1);
  metadata.mem = tiles(array.mem, 1, 1);
  metadata.core = tiles(array.core, 2, array.n_rows - 2);
  return answer(arguments, metadata);
}

int query_status(const Device& device, const amdxdna_drm_get_info& arguments) {
  amdxdna_drm_query_aie_status status{};
  std::memcpy(&status, reinterpret_cast<const void*>(arguments.buffer),
              std::min<std::size_t>(arguments.buffer_size, sizeof status));
  if (status.buffer_size < kColumnStatusBytes * device.model().n_reported_columns) return EINVAL;
  status.cols_filled = 0;
  return answer(arguments, status);
}

std::size_t count_contexts(const ContextRegistry::Shared& shared) {
  return static_cast<std::size_t>(
      std::count_if(std::begin(shared.contexts), std::end(shared.contexts),
                    [](const ContextRecord& record) { return record.pid != 0; }));
}

/// Returns the clocks that xdna-driver would choose. In the default power mode, they are the
/// fastest if any context exists, and the slowest otherwise.
ClockLevel clock(Device& device) {
  const auto& levels = device.model().clocks;
  std::size_t level = 0;
  device.registry().with([&](ContextRegistry::Shared& shared) {
    switch (shared.power_mode) {
      case POWER_MODE_LOW:
        level = 0;
        break;
      case POWER_MODE_MEDIUM:
        level = 3;
        break;
      case POWER_MODE_DEFAULT:
        level = count_contexts(shared) > 0 ? levels.size() - 1 : 0;
        break;
      default:
        level = levels.size() - 1;
    }
  });
  return levels[level];
}

int query_clocks(Device& device, const amdxdna_drm_get_info& arguments) {
  const ClockLevel now = clock(device);
  amdxdna_drm_query_clock_metadata clocks{};
  const auto name = [](auto& field, const char* text) {
    std::snprintf(reinterpret_cast<char*>(field), sizeof field, "%s", text);
  };
  name(clocks.mp_npu_clock.name, "MP-NPU Clock");
  clocks.mp_npu_clock.freq_mhz = now.npu_mhz;
  name(clocks.h_clock.name, "H Clock");
  clocks.h_clock.freq_mhz = now.array_mhz;
  return answer(arguments, clocks);
}

int query_resources(Device& device, const amdxdna_drm_get_info& arguments) {
  const DeviceModel& model = device.model();
  const auto tera_operations = [&](std::uint64_t mhz) {
    return mhz * model.operations_per_cycle * static_cast<std::uint64_t>(device.array().n_columns) /
           1000000;
  };
  amdxdna_drm_get_resource_info info{};
  info.npu_clk_max = model.clocks.back().array_mhz;
  info.npu_tops_max = tera_operations(info.npu_clk_max);
  info.npu_task_max = static_cast<std::uint64_t>(device.array().max_contexts);
  info.npu_tops_curr = tera_operations(clock(device).array_mhz);
  device.registry().with(
      [&](ContextRegistry::Shared& shared) { info.npu_task_curr = count_contexts(shared); });
  return answer(arguments, info);
}

int query_firmware(const Device& device, const amdxdna_drm_get_info& arguments) {
  const auto& version = device.model().firmware_version;
  return answer(
      arguments,
      amdxdna_drm_query_firmware_version{
          .major = version[0], .minor = version[1], .patch = version[2], .build = version[3]});
}

int query_power_mode(Device& device, const amdxdna_drm_get_info& arguments) {
  amdxdna_drm_get_power_mode mode{};
  device.registry().with([&](ContextRegistry::Shared& shared) {
    mode.power_mode = static_cast<std::uint8_t>(shared.power_mode);
  });
  return answer(arguments, mode);
}

/// Answers DRM_AMDXDNA_QUERY_HW_CONTEXTS, the older form of DRM_AMDXDNA_HW_CONTEXT_ALL.
int query_contexts(Device& device, amdxdna_drm_get_info& arguments) {
  std::vector<amdxdna_drm_query_hwctx> contexts;
  device.registry().with([&](ContextRegistry::Shared& shared) {
    for (const ContextRecord& record : shared.contexts) {
      if (record.pid == 0) continue;
      amdxdna_drm_query_hwctx entry{};
      entry.context_id = record.id;
      entry.start_col = record.start_column;
      entry.num_col = record.n_columns;
      entry.pid = record.pid;
      entry.command_submissions = record.n_submitted;
      entry.command_completions = record.n_completed;
      entry.errors = record.n_errors;
      contexts.push_back(entry);
    }
  });
  const std::size_t bytes = contexts.size() * sizeof(amdxdna_drm_query_hwctx);
  const bool fits = bytes <= arguments.buffer_size;
  if (fits && bytes > 0) {
    std::memcpy(reinterpret_cast<void*>(arguments.buffer), contexts.data(), bytes);
  }
  arguments.buffer_size = static_cast<std::uint32_t>(bytes);
  return fits ? 0 : EINVAL;
}

/// Writes a header and a map to the program's buffer. The map contains the driver's context number
/// for each of the firmware's context numbers. The firmware's counters, which follow the map, are
/// zero because no firmware is emulated.
int query_telemetry(Device& device, const amdxdna_drm_get_info& arguments) {
  if (geteuid() != 0) return EPERM;
  amdxdna_drm_query_telemetry_header header{};
  const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(
      kMaxTelemetryContexts, static_cast<std::size_t>(device.array().max_contexts)));
  const std::size_t bytes = sizeof header + n * sizeof(std::uint32_t);
  if (arguments.buffer_size < bytes) return EINVAL;
  auto* buffer = reinterpret_cast<std::byte*>(arguments.buffer);
  std::memcpy(&header, buffer, sizeof header);
  header.major = 1;
  header.minor = 0;
  header.map_num_elements = n;
  std::memset(buffer, 0, arguments.buffer_size);
  std::memcpy(buffer, &header, sizeof header);
  device.registry().with([&](ContextRegistry::Shared& shared) {
    for (std::uint32_t i = 0; i < n; ++i) {
      std::memcpy(buffer + sizeof header + i * sizeof(std::uint32_t), &shared.contexts[i].id,
                  sizeof(std::uint32_t));
    }
  });
  return 0;
}

amdxdna_drm_hwctx_entry entry_of(const ContextRegistry::Shared& shared, std::size_t index) {
  const ContextRecord& record = shared.contexts[index];
  amdxdna_drm_hwctx_entry entry{};
  entry.context_id = record.id;
  entry.start_col = record.start_column;
  entry.num_col = record.n_columns;
  entry.hwctx_id = static_cast<std::uint32_t>(index);
  entry.pid = record.pid;
  entry.command_submissions = record.n_submitted;
  entry.command_completions = record.n_completed;
  entry.errors = record.n_errors;
  entry.priority = record.priority;
  if (record.client < ContextRegistry::kMaxClients) {
    entry.heap_usage = shared.clients[record.client].heap_bytes;
  }
  entry.state = record.n_submitted > record.n_completed ? AMDXDNA_HWCTX_STATE_ACTIVE
                                                        : AMDXDNA_HWCTX_STATE_IDLE;
  entry.gops = record.gops;
  entry.fps = record.fps;
  entry.dma_bandwidth = record.dma_bandwidth;
  entry.latency = record.latency;
  entry.frame_exec_time = record.frame_time;
  entry.txn_op_idx = ~std::uint32_t{0};  // No operation was recorded.
  return entry;
}

/// Copies the elements to the program's buffer, at the program's element size. Reports the number
/// and size of the elements back in `arguments`.
template <typename Element>
int answer_array(amdxdna_drm_get_array& arguments, const std::vector<Element>& elements) {
  const auto size = std::min<std::size_t>(arguments.element_size, sizeof(Element));
  const auto n = std::min<std::size_t>(arguments.num_element, elements.size());
  auto* to = reinterpret_cast<std::byte*>(arguments.buffer);
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(to + i * arguments.element_size, &elements[i], size);
  }
  arguments.num_element = static_cast<std::uint32_t>(n);
  arguments.element_size = static_cast<std::uint32_t>(size);
  return 0;
}

int all_contexts(Device& device, amdxdna_drm_get_array& arguments) {
  std::vector<amdxdna_drm_hwctx_entry> entries;
  device.registry().with([&](ContextRegistry::Shared& shared) {
    for (std::size_t i = 0; i < ContextRegistry::kMaxContexts; ++i) {
      if (shared.contexts[i].pid != 0) entries.push_back(entry_of(shared, i));
    }
  });
  if (arguments.num_element < entries.size()) {
    arguments.num_element = static_cast<std::uint32_t>(entries.size());
    return ENOSPC;
  }
  return answer_array(arguments, entries);
}

int buffer_usage(Device& device, amdxdna_drm_get_array& arguments) {
  std::vector<amdxdna_drm_bo_usage> usage(1);
  std::memcpy(&usage[0], reinterpret_cast<const void*>(arguments.buffer),
              std::min<std::size_t>(arguments.element_size, sizeof usage[0]));
  if (usage[0].pid == 0) return EINVAL;
  usage[0] = {.pid = usage[0].pid, .total_usage = 0, .internal_usage = 0, .heap_usage = 0};
  device.registry().with([&](ContextRegistry::Shared& shared) {
    for (const ClientRecord& client : shared.clients) {
      if (client.pid != usage[0].pid) continue;
      usage[0].total_usage += client.total_bytes;
      usage[0].internal_usage += client.internal_bytes;
      usage[0].heap_usage += client.heap_bytes;
    }
  });
  return answer_array(arguments, usage);
}

int set_power_mode(Device& device, const amdxdna_drm_set_state& arguments) {
  amdxdna_drm_set_power_mode mode{};
  std::memcpy(&mode, reinterpret_cast<const void*>(arguments.buffer),
              std::min<std::size_t>(arguments.buffer_size, sizeof mode));
  if (mode.power_mode > POWER_MODE_TURBO) return EINVAL;
  int error = 0;
  device.registry().with([&](ContextRegistry::Shared& shared) {
    if (mode.power_mode == POWER_MODE_TURBO && mode.power_mode != shared.power_mode &&
        count_contexts(shared) > 0) {
      log("turbo cannot be set while there are hardware contexts");
      error = EINVAL;
      return;
    }
    shared.power_mode = mode.power_mode;
  });
  return error;
}

}  // namespace

int get_info(Device& device, amdxdna_drm_get_info& arguments) {
  if (arguments.buffer == 0) return EFAULT;
  switch (arguments.param) {
    case DRM_AMDXDNA_QUERY_AIE_STATUS:
      return query_status(device, arguments);
    case DRM_AMDXDNA_QUERY_AIE_METADATA:
      return query_metadata(device, arguments);
    case DRM_AMDXDNA_QUERY_AIE_VERSION:
      return answer(arguments, amdxdna_drm_query_aie_version{.major = 1, .minor = 1});
    case DRM_AMDXDNA_QUERY_CLOCK_METADATA:
      return query_clocks(device, arguments);
    case DRM_AMDXDNA_QUERY_HW_CONTEXTS:
      return query_contexts(device, arguments);
    case DRM_AMDXDNA_QUERY_FIRMWARE_VERSION:
      return query_firmware(device, arguments);
    case DRM_AMDXDNA_GET_POWER_MODE:
      return query_power_mode(device, arguments);
    case DRM_AMDXDNA_QUERY_TELEMETRY:
      return query_telemetry(device, arguments);
    case DRM_AMDXDNA_QUERY_RESOURCE_INFO:
      return query_resources(device, arguments);
    case DRM_AMDXDNA_GET_FORCE_PREEMPT_STATE:
    case DRM_AMDXDNA_GET_FRAME_BOUNDARY_PREEMPT_STATE:
      return answer(arguments, amdxdna_drm_attribute_state{.state = 0, .pad = {}});
    // Other queries are not supported. They include sensors, because an emulation has no measurable
    // power draw of its own.
    default:
      return EOPNOTSUPP;
  }
}

int get_array(Device& device, amdxdna_drm_get_array& arguments) {
  if (arguments.num_element == 0 || arguments.num_element > kMaxElements ||
      arguments.element_size == 0) {
    return EINVAL;
  }
  if (arguments.buffer == 0) return EFAULT;
  switch (arguments.param) {
    case DRM_AMDXDNA_HW_CONTEXT_ALL:
      return all_contexts(device, arguments);
    case DRM_AMDXDNA_HW_LAST_ASYNC_ERR:
      return answer_array(arguments, std::vector<amdxdna_async_error>());
    case DRM_AMDXDNA_BO_USAGE:
      return buffer_usage(device, arguments);
    default:
      return EOPNOTSUPP;
  }
}

int set_state(Device& device, const amdxdna_drm_set_state& arguments) {
  if (geteuid() != 0) return EACCES;
  if (arguments.buffer == 0) return EFAULT;
  if (arguments.param != DRM_AMDXDNA_SET_POWER_MODE) return EOPNOTSUPP;
  return set_power_mode(device, arguments);
}

}  // namespace npuwhisper::emu

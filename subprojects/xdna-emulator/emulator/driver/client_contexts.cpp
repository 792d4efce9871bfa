// SPDX-License-Identifier: LGPL-2.1-or-later
//
// This file implements the ioctls about hardware contexts and their commands.
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "emulator/driver/client.h"
#include "emulator/driver/log.h"

namespace npuwhisper::emu {
namespace {

// The limits have the same values as in xdna-driver.
constexpr std::uint32_t kMaxContextId = 255;
constexpr std::uint32_t kMaxArguments = 4095;
constexpr std::uint32_t kMaxConfigBytes = 4096;
constexpr std::uint32_t kMaxComputeUnits = 8;
constexpr std::uint64_t kCommandBufferBytes = 4096;  ///< Heap memory per outstanding command.

std::uint32_t rows_of_cores(const npu::ArrayModel& array) {
  return static_cast<std::uint32_t>(array.n_rows) - 2;  // Row 0 has shims, row 1 memory tiles.
}

}  // namespace

int Client::reserve_record(const amdxdna_drm_create_hwctx& arguments, std::uint32_t n_columns,
                           std::uint32_t id, std::size_t& record) {
  const auto* qos = reinterpret_cast<const amdxdna_qos_info*>(arguments.qos_p);
  int error = EINVAL;
  device_.registry().with([&](ContextRegistry::Shared& shared) {
    std::size_t n_contexts = 0;
    std::size_t free = ContextRegistry::kMaxContexts;
    for (std::size_t i = 0; i < ContextRegistry::kMaxContexts; ++i) {
      const bool taken = shared.contexts[i].pid != 0;
      if (taken) ++n_contexts;
      if (!taken && free == ContextRegistry::kMaxContexts) free = i;
    }
    const auto limit = static_cast<std::size_t>(device_.array().max_contexts);
    if (n_contexts >= limit || free == ContextRegistry::kMaxContexts) {
      log("not more than " + std::to_string(limit) + " hardware contexts at a time");
      return;
    }
    shared.contexts[free] = {.pid = getpid(),
                             .id = id,
                             .client = static_cast<std::uint32_t>(record_),
                             .start_column = device_.model().first_column,
                             .n_columns = n_columns,
                             .gops = qos->gops,
                             .fps = qos->fps,
                             .dma_bandwidth = qos->dma_bandwidth,
                             .latency = qos->latency,
                             .frame_time = qos->frame_exec_time,
                             .priority = qos->priority};
    record = free;
    error = 0;
  });
  return error;
}

int Client::create_context(amdxdna_drm_create_hwctx& arguments) {
  if (arguments.ext != 0 || arguments.ext_flags != 0) return EINVAL;
  if (arguments.qos_p == 0) return EFAULT;
  if (arguments.num_tiles == 0) return EINVAL;
  if (!buffers_.has_heap()) return ENOENT;
  const std::uint32_t n_columns = arguments.num_tiles / rows_of_cores(device_.array());
  if (n_columns > static_cast<std::uint32_t>(device_.array().n_columns)) {
    log("a context wants " + std::to_string(n_columns) + " columns, the array has " +
        std::to_string(device_.array().n_columns));
    return EINVAL;
  }
  std::uint32_t id;
  {
    const std::lock_guard lock(mutex_);
    if (contexts_.size() >= kMaxContextId) return EBUSY;
    do {
      id = next_context_;
      next_context_ = next_context_ == kMaxContextId ? 1 : next_context_ + 1;
    } while (contexts_.contains(id));
    contexts_[id] = {};
  }
  std::size_t record = 0;
  int error = reserve_record(arguments, n_columns, id, record);
  std::shared_ptr<Context> context;
  if (error == 0) {
    context = std::make_shared<Context>(device_, buffers_, record);
    for (std::size_t i = 0; i < Context::kMaxCommands && error == 0; ++i) {
      std::shared_ptr<Buffer> buffer;
      error = buffers_.create_internal(kCommandBufferBytes, buffer);
      if (error == 0) context->keep(std::move(buffer));
    }
    if (error != 0) {
      device_.registry().with(
          [&](ContextRegistry::Shared& shared) { shared.contexts[record] = {}; });
    }
  }
  {
    const std::lock_guard lock(mutex_);
    if (error != 0) {
      contexts_.erase(id);
      return error;
    }
    contexts_[id].context = context;
  }
  arguments.handle = id;
  arguments.syncobj_handle = device_.has_timelines() ? timelines_.insert(context->timeline())
                                                     : AMDXDNA_INVALID_FENCE_HANDLE;
  arguments.umq_doorbell = AMDXDNA_INVALID_DOORBELL_OFFSET;
  device_.statistics().count([](DriverCounters& counters) { ++counters.n_contexts; });
  publish_usage();
  return 0;
}

int Client::destroy_context(const amdxdna_drm_destroy_hwctx& arguments) {
  std::shared_ptr<Context> context;
  {
    const std::lock_guard lock(mutex_);
    const auto found = contexts_.find(arguments.handle);
    if (found == contexts_.end() || !found->second.context) return EINVAL;
    context = std::move(found->second.context);
    contexts_.erase(found);
  }
  context->stop();
  device_.registry().with(
      [&](ContextRegistry::Shared& shared) { shared.contexts[context->record()] = {}; });
  context.reset();
  publish_usage();
  return 0;
}

std::shared_ptr<Context> Client::find_context(std::uint32_t handle) const {
  const std::lock_guard lock(mutex_);
  const auto found = contexts_.find(handle);
  return found == contexts_.end() ? nullptr : found->second.context;
}

int Client::configure_context(const amdxdna_drm_config_hwctx& arguments) {
  const auto context = find_context(arguments.handle);
  if (!context) return EINVAL;
  if (arguments.param_type != DRM_AMDXDNA_HWCTX_CONFIG_CU) {
    log("context parameter " + std::to_string(arguments.param_type) +
        " (debug buffers) is not emulated");
    return EOPNOTSUPP;
  }
  if (arguments.param_val_size > kMaxConfigBytes) return E2BIG;
  const auto* config = reinterpret_cast<const amdxdna_hwctx_param_config_cu*>(arguments.param_val);
  if (config == nullptr) return EFAULT;
  const std::size_t n = config->num_cus;
  if (n == 0 || n > kMaxComputeUnits ||
      sizeof(*config) + n * sizeof(amdxdna_cu_config) > arguments.param_val_size) {
    return EINVAL;
  }
  std::vector<std::shared_ptr<Buffer>> images;
  for (std::size_t i = 0; i < n; ++i) {
    auto image = buffers_.find(config->cu_configs[i].cu_bo);
    if (!image || image->type() != Buffer::Type::Device) return EINVAL;
    images.push_back(std::move(image));
  }
  {
    const std::lock_guard lock(mutex_);
    const auto found = contexts_.find(arguments.handle);
    if (found == contexts_.end() || std::exchange(found->second.configured, true)) return EINVAL;
  }
  return context->configure(images);
}

int Client::execute(amdxdna_drm_exec_cmd& arguments) {
  if (arguments.ext != 0 || arguments.ext_flags != 0) return EINVAL;
  if (arguments.type != AMDXDNA_CMD_SUBMIT_EXEC_BUF) return EINVAL;
  if (arguments.arg_count > kMaxArguments || arguments.cmd_count != 1) return EINVAL;
  auto packet = buffers_.find(static_cast<std::uint32_t>(arguments.cmd_handles));
  // Accepts both types, because the Linux driver handles AMDXDNA_BO_CMD as AMDXDNA_BO_SHARE.
  if (!packet ||
      (packet->type() != Buffer::Type::Command && packet->type() != Buffer::Type::Share) ||
      packet->fd() < 0) {
    return EINVAL;
  }
  const auto* handles = reinterpret_cast<const std::uint32_t*>(arguments.args);
  std::vector<std::shared_ptr<Buffer>> pinned;
  for (std::uint32_t i = 0; i < arguments.arg_count; ++i) {
    pinned.push_back(buffers_.find(handles[i]));
    if (!pinned.back()) {
      log("a command names buffer " + std::to_string(handles[i]) + ", which does not exist");
      return ENOENT;
    }
  }
  const auto context = find_context(arguments.hwctx);
  if (!context) return EINVAL;
  const auto words = packet->host();
  const auto opcode =
      packet_opcode({reinterpret_cast<const std::uint32_t*>(words.data()), words.size() / 4});
  const bool is_chain = opcode && *opcode == PacketOpcode::CommandChain;
  std::uint64_t sequence = 0;
  if (const int error = context->submit(std::move(packet), std::move(pinned), sequence)) {
    return error;
  }
  arguments.seq = sequence;
  device_.statistics().count([&](DriverCounters& counters) {
    ++counters.n_submissions;
    if (is_chain) ++counters.n_chains;
  });
  return 0;
}

int Client::wait(const amdxdna_drm_wait_cmd& arguments) {
  const auto context = find_context(arguments.hwctx);
  if (!context) return EINVAL;
  const Timeline::Wait wait{.timeline = context->timeline(), .point = arguments.seq};
  Timeline::Deadline deadline;
  if (arguments.timeout != 0) {
    deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(arguments.timeout);
  }
  std::uint32_t first = 0;
  return Timeline::wait({&wait, 1}, true, false, deadline, first);
}

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
//
// This file implements the ioctls about buffers.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "emulator/driver/client.h"
#include "emulator/driver/log.h"

namespace npuwhisper::emu {

void Client::publish_usage() {
  const BufferTable::Usage usage = buffers_.usage();
  device_.registry().with([&](ContextRegistry::Shared& shared) {
    if (record_ == ContextRegistry::kMaxClients) return;
    ClientRecord& client = shared.clients[record_];
    client.total_bytes = usage.total;
    client.internal_bytes = usage.internal;
    client.heap_bytes = usage.heap;
  });
}

int Client::create_buffer(amdxdna_drm_create_bo& arguments) {
  if (arguments.flags != 0) return EINVAL;
  int error = EINVAL;
  switch (arguments.type) {
    case AMDXDNA_BO_SHARE:
      error = arguments.vaddr != 0
                  ? create_user_buffer(arguments)
                  : buffers_.create_shared(Buffer::Type::Share, arguments.size, arguments.handle);
      break;
    case AMDXDNA_BO_CMD:
      error = buffers_.create_shared(Buffer::Type::Command, arguments.size, arguments.handle);
      break;
    case AMDXDNA_BO_DEV_HEAP:
      error = buffers_.create_heap(arguments.size, arguments.handle);
      break;
    case AMDXDNA_BO_DEV:
      error = buffers_.create_device(arguments.size, arguments.handle);
      break;
    default:
      break;
  }
  if (error != 0) return error;
  if (arguments.type != AMDXDNA_BO_DEV_HEAP) {
    const std::uint64_t bytes = buffers_.find(arguments.handle)->bytes();
    device_.statistics().count([&](DriverCounters& counters) {
      ++counters.n_buffers;
      counters.buffer_bytes += bytes;
    });
  }
  publish_usage();
  return 0;
}

int Client::create_user_buffer(amdxdna_drm_create_bo& arguments) {
  const auto* table = reinterpret_cast<const amdxdna_drm_va_tbl*>(arguments.vaddr);
  if (table->num_entries != 1) {
    log("a buffer over " + std::to_string(table->num_entries) +
        " pieces of the program's memory or another device's buffer is not emulated; over 1 is");
    return EOPNOTSUPP;
  }
  const amdxdna_drm_va_entry& entry = table->va_entries[0];
  return buffers_.create_user({reinterpret_cast<std::byte*>(entry.vaddr), entry.len},
                              arguments.handle);
}

int Client::buffer_info(amdxdna_drm_get_bo_info& arguments) const {
  if (arguments.ext != 0 || arguments.ext_flags != 0) return EINVAL;
  const auto buffer = buffers_.find(arguments.handle);
  if (!buffer) return ENOENT;
  arguments.map_offset = buffers_.map_offset(arguments.handle);
  arguments.vaddr = buffer->user_address();
  arguments.xdna_addr = buffer->device_address();
  return 0;
}

int Client::sync_buffer(const amdxdna_drm_sync_bo& arguments) {
  const auto buffer = buffers_.find(arguments.handle);
  if (!buffer) return ENOENT;
  const std::uint64_t size = buffer->host().size();
  if (arguments.size > size || arguments.offset > size - arguments.size) return EINVAL;
  switch (arguments.direction) {
    case SYNC_DIRECT_TO_DEVICE:
      buffer->sync_to_device(arguments.offset, arguments.size);
      device_.statistics().count([&](DriverCounters& counters) {
        ++counters.n_syncs_to_device;
        counters.bytes_to_device += arguments.size;
      });
      return 0;
    case SYNC_DIRECT_FROM_DEVICE:
      buffer->sync_from_device(arguments.offset, arguments.size);
      device_.statistics().count([&](DriverCounters& counters) {
        ++counters.n_syncs_from_device;
        counters.bytes_from_device += arguments.size;
      });
      return 0;
    default:
      return EINVAL;
  }
}

int Client::close_buffer(const drm_gem_close& arguments) {
  const int error = buffers_.close(arguments.handle);
  publish_usage();
  return error;
}

int Client::export_buffer(drm_prime_handle& arguments) {
  const auto buffer = buffers_.find(arguments.handle);
  if (!buffer) return ENOENT;
  if (buffer->fd() < 0) return EINVAL;
  const bool close_on_exec = (arguments.flags & DRM_CLOEXEC) != 0;
  const int fd = fcntl(buffer->fd(), close_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
  if (fd < 0) return errno;
  device_.exported(fd, buffer);
  arguments.fd = fd;
  return 0;
}

int Client::import_buffer(drm_prime_handle& arguments) {
  const auto buffer = device_.imported_buffer(arguments.fd);
  if (!buffer) {
    log("only buffers that this process has exported can be imported");
    return EOPNOTSUPP;
  }
  arguments.handle = buffers_.handle_of(buffer);
  return 0;
}

}  // namespace npuwhisper::emu

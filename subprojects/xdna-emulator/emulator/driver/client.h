// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include <drm/amdxdna_accel.h>

#include "emulator/driver/buffer_table.h"
#include "emulator/driver/context.h"
#include "emulator/driver/device.h"
#include "emulator/driver/timeline.h"

namespace npuwhisper::emu {

/// An open file of the emulated device. Answers the ioctls of the kernel's amdxdna driver, with the
/// same errors. Pointers within the arguments are not checked, apart from some checks for null. A
/// bad pointer crashes the program, whereas the kernel returns EFAULT. Functions that return int
/// return 0 or an errno value. Thread-safe.
class Client {
 public:
  explicit Client(Device& device);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int ioctl(unsigned long request, void* argument);

  /// The buffer that the device file has at an offset (null if there is none), and the offset
  /// inside the buffer.
  struct Mapping {
    std::shared_ptr<Buffer> buffer;
    std::uint64_t offset = 0;
  };
  Mapping find_mapping(std::uint64_t offset) const;

 private:
  struct ContextSlot {
    std::shared_ptr<Context> context;  ///< Context of the slot; null while it is being created.
    bool configured = false;
  };

  int dispatch(unsigned long request, void* argument);

  int create_context(amdxdna_drm_create_hwctx& arguments);
  int destroy_context(const amdxdna_drm_destroy_hwctx& arguments);
  int configure_context(const amdxdna_drm_config_hwctx& arguments);
  int execute(amdxdna_drm_exec_cmd& arguments);
  int wait(const amdxdna_drm_wait_cmd& arguments);
  int reserve_record(const amdxdna_drm_create_hwctx& arguments, std::uint32_t n_columns,
                     std::uint32_t id, std::size_t& record);
  std::shared_ptr<Context> find_context(std::uint32_t handle) const;

  int create_buffer(amdxdna_drm_create_bo& arguments);
  int create_user_buffer(amdxdna_drm_create_bo& arguments);
  int buffer_info(amdxdna_drm_get_bo_info& arguments) const;
  int sync_buffer(const amdxdna_drm_sync_bo& arguments);
  int close_buffer(const drm_gem_close& arguments);
  int export_buffer(drm_prime_handle& arguments);
  int import_buffer(drm_prime_handle& arguments);
  void publish_usage();

  int create_timeline(drm_syncobj_create& arguments);
  int export_timeline(drm_syncobj_handle& arguments);
  int import_timeline(drm_syncobj_handle& arguments);
  int wait_timelines(drm_syncobj_timeline_wait& arguments) const;
  int signal_timelines(const drm_syncobj_timeline_array& arguments) const;
  int query_timelines(const drm_syncobj_timeline_array& arguments) const;

  Device& device_;
  /// Index in the device's registry; kMaxClients if the registry was full.
  std::size_t record_ = 0;
  BufferTable buffers_;
  TimelineTable timelines_;
  mutable std::mutex mutex_;  ///< Guards the members below.
  std::map<std::uint32_t, ContextSlot> contexts_;
  std::uint32_t next_context_ = 1;
};

}  // namespace npuwhisper::emu

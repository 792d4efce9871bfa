// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tests of the kernel interface without XRT. They run under npuwhisper-emulate with a scripted
// array. The expected results are those of xdna-driver.
#include <drm/amdxdna_accel.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr char kDevice[] = "/dev/accel/accel0";
constexpr std::uint64_t kHeapBytes = 64 << 20;
constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

std::uint64_t address_of(const void* object) {
  return reinterpret_cast<std::uintptr_t>(object);
}

/// An open device file. Functions that return int perform an ioctl and return 0 or the errno value.
class IoctlTest : public testing::Test {
 protected:
  void SetUp() override {
    fd_ = open(kDevice, O_RDWR);
    ASSERT_GE(fd_, 0) << std::strerror(errno);
    is_npu1_ = metadata().cols == 5;
  }
  void TearDown() override { close(fd_); }

  template <typename Arguments>
  int call(unsigned long request, Arguments& arguments) const {
    return ioctl(fd_, request, &arguments) == 0 ? 0 : errno;
  }

  int create(std::uint32_t type, std::uint64_t bytes, std::uint32_t& handle) const {
    amdxdna_drm_create_bo arguments{};
    arguments.type = type;
    arguments.size = bytes;
    const int error = call(DRM_IOCTL_AMDXDNA_CREATE_BO, arguments);
    handle = arguments.handle;
    return error;
  }
  std::uint32_t create(std::uint32_t type, std::uint64_t bytes) const {
    std::uint32_t handle = 0;
    EXPECT_EQ(create(type, bytes, handle), 0);
    return handle;
  }
  int info(std::uint32_t handle, amdxdna_drm_get_bo_info& arguments) const {
    arguments = {};
    arguments.handle = handle;
    return call(DRM_IOCTL_AMDXDNA_GET_BO_INFO, arguments);
  }
  amdxdna_drm_get_bo_info info(std::uint32_t handle) const {
    amdxdna_drm_get_bo_info arguments{};
    EXPECT_EQ(info(handle, arguments), 0);
    return arguments;
  }
  std::byte* map(std::uint32_t handle, std::size_t bytes) const {
    void* begin = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_LOCKED, fd_,
                       static_cast<off_t>(info(handle).map_offset));
    EXPECT_NE(begin, MAP_FAILED);
    return static_cast<std::byte*>(begin);
  }
  int sync(std::uint32_t handle, std::uint32_t direction, std::uint64_t offset,
           std::uint64_t bytes) const {
    amdxdna_drm_sync_bo arguments{
        .handle = handle, .direction = direction, .offset = offset, .size = bytes};
    return call(DRM_IOCTL_AMDXDNA_SYNC_BO, arguments);
  }
  int close_buffer(std::uint32_t handle) const {
    drm_gem_close arguments{.handle = handle, .pad = 0};
    return call(DRM_IOCTL_GEM_CLOSE, arguments);
  }
  /// Creates and maps the heap. Returns its host address.
  std::byte* create_heap() { return map(create(AMDXDNA_BO_DEV_HEAP, kHeapBytes), kHeapBytes); }

  int create_context(std::uint32_t n_tiles, amdxdna_drm_create_hwctx& arguments) const {
    amdxdna_qos_info qos{};
    arguments = {};
    arguments.qos_p = address_of(&qos);
    arguments.num_tiles = n_tiles;
    arguments.max_opc = 2048;
    return call(DRM_IOCTL_AMDXDNA_CREATE_HWCTX, arguments);
  }
  amdxdna_drm_create_hwctx create_context() const {
    amdxdna_drm_create_hwctx arguments{};
    EXPECT_EQ(create_context(16, arguments), 0);
    return arguments;
  }
  int destroy_context(std::uint32_t handle) const {
    amdxdna_drm_destroy_hwctx arguments{.handle = handle, .pad = 0};
    return call(DRM_IOCTL_AMDXDNA_DESTROY_HWCTX, arguments);
  }

  /// Creates a buffer in the heap, writes `bytes` to it and syncs it. Returns its handle.
  std::uint32_t device_buffer(std::byte* heap, std::string_view bytes) {
    const std::uint32_t handle = create(AMDXDNA_BO_DEV, bytes.size());
    const std::uint64_t offset = info(handle).xdna_addr - 0x4000000;
    std::memcpy(heap + offset, bytes.data(), bytes.size());
    EXPECT_EQ(sync(handle, SYNC_DIRECT_TO_DEVICE, 0, bytes.size()), 0);
    return handle;
  }
  int configure(std::uint32_t context, std::uint32_t image, std::uint16_t n_units = 1) {
    struct {
      std::uint16_t n;
      std::uint16_t pad[3];
      amdxdna_cu_config unit;
    } config{.n = n_units, .pad = {}, .unit = {.cu_bo = image, .cu_func = 0, .pad = {}}};
    static_assert(sizeof config == 16);
    amdxdna_drm_config_hwctx arguments{};
    arguments.handle = context;
    arguments.param_type = DRM_AMDXDNA_HWCTX_CONFIG_CU;
    arguments.param_val = address_of(&config);
    arguments.param_val_size = sizeof config;
    return call(DRM_IOCTL_AMDXDNA_CONFIG_HWCTX, arguments);
  }
  int submit(std::uint32_t context, std::uint32_t command, std::uint64_t& sequence,
             const std::vector<std::uint32_t>& handles = {}) {
    amdxdna_drm_exec_cmd arguments{};
    arguments.hwctx = context;
    arguments.cmd_handles = command;
    arguments.cmd_count = 1;
    arguments.args = address_of(handles.data());
    arguments.arg_count = static_cast<std::uint32_t>(handles.size());
    const int error = call(DRM_IOCTL_AMDXDNA_EXEC_CMD, arguments);
    sequence = arguments.seq;
    return error;
  }
  int wait(std::uint32_t context, std::uint64_t sequence, std::uint32_t timeout_ms) {
    amdxdna_drm_wait_cmd arguments{.hwctx = context, .timeout = timeout_ms, .seq = sequence};
    return call(DRM_IOCTL_AMDXDNA_WAIT_CMD, arguments);
  }
  int wait_point(std::uint32_t timeline, std::uint64_t point, std::chrono::milliseconds time) {
    drm_syncobj_timeline_wait arguments{};
    arguments.handles = address_of(&timeline);
    arguments.points = address_of(&point);
    arguments.count_handles = 1;
    arguments.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
    arguments.timeout_nsec =
        std::chrono::nanoseconds((std::chrono::steady_clock::now() + time).time_since_epoch())
            .count();
    return call(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, arguments);
  }

  template <typename Answer>
  int query(std::uint32_t param, Answer& answer) const {
    amdxdna_drm_get_info arguments{
        .param = param, .buffer_size = sizeof answer, .buffer = address_of(&answer)};
    return call(DRM_IOCTL_AMDXDNA_GET_INFO, arguments);
  }
  amdxdna_drm_query_aie_metadata metadata() const {
    amdxdna_drm_query_aie_metadata answer{};
    EXPECT_EQ(query(DRM_AMDXDNA_QUERY_AIE_METADATA, answer), 0);
    return answer;
  }

  static bool has_timelines() { return std::getenv("NPUWHISPER_EMULATOR_TIMELINES") != nullptr; }

  std::string image() const { return is_npu1_ ? "scripted npu1" : "scripted npu2"; }

  int fd_ = -1;
  bool is_npu1_ = false;
};

TEST_F(IoctlTest, SharedBuffersAreMappedByTheirOffset) {
  const std::uint32_t handle = create(AMDXDNA_BO_SHARE, 5000);
  const auto before = info(handle);
  EXPECT_EQ(before.vaddr, kNowhere);
  EXPECT_EQ(before.xdna_addr, kNowhere) << "its address is the program's, which has none yet";
  std::byte* pages = map(handle, 8192);
  EXPECT_EQ(info(handle).xdna_addr, address_of(pages));
  EXPECT_EQ(info(handle).vaddr, address_of(pages));
  EXPECT_EQ(pages[8191], std::byte{0});
  EXPECT_EQ(mmap(nullptr, 12288, PROT_READ, MAP_SHARED, fd_, static_cast<off_t>(before.map_offset)),
            MAP_FAILED)
      << "beyond its end";
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd_, 0), MAP_FAILED);
  EXPECT_EQ(close_buffer(handle), 0);
  amdxdna_drm_get_bo_info gone{};
  EXPECT_EQ(info(handle, gone), ENOENT);
  EXPECT_EQ(close_buffer(handle), EINVAL);
  munmap(pages, 8192);
}

TEST_F(IoctlTest, BufferArgumentsAreChecked) {
  std::uint32_t handle = 0;
  EXPECT_EQ(create(AMDXDNA_BO_SHARE, 0, handle), EINVAL);
  EXPECT_EQ(create(AMDXDNA_BO_INVALID, 4096, handle), EINVAL);
  EXPECT_EQ(create(77, 4096, handle), EINVAL);
  EXPECT_EQ(create(AMDXDNA_BO_DEV, 4096, handle), EINVAL) << "there is no heap";
  EXPECT_EQ(create(AMDXDNA_BO_DEV_HEAP, 4096, handle), EINVAL);
  create_heap();
  EXPECT_EQ(create(AMDXDNA_BO_DEV_HEAP, kHeapBytes, handle), EBUSY);
  EXPECT_EQ(create(AMDXDNA_BO_DEV, kHeapBytes + 1, handle), EINVAL);
  ASSERT_EQ(create(AMDXDNA_BO_DEV, kHeapBytes, handle), 0);
  EXPECT_EQ(create(AMDXDNA_BO_DEV, 1, handle), ENOSPC);
  amdxdna_drm_create_bo flags{};
  flags.flags = 1;
  flags.type = AMDXDNA_BO_SHARE;
  flags.size = 4096;
  EXPECT_EQ(call(DRM_IOCTL_AMDXDNA_CREATE_BO, flags), EINVAL);
  amdxdna_drm_get_bo_info extension{};
  extension.ext = 1;
  EXPECT_EQ(call(DRM_IOCTL_AMDXDNA_GET_BO_INFO, extension), EINVAL);
}

TEST_F(IoctlTest, DeviceBuffersLieInTheHeap) {
  std::byte* heap = create_heap();
  const auto first = info(create(AMDXDNA_BO_DEV, 1));
  const auto second = info(create(AMDXDNA_BO_DEV, 1));
  EXPECT_EQ(first.xdna_addr, 0x4000000u);
  EXPECT_EQ(second.xdna_addr, 0x4008000u) << "aligned to 32 KiB";
  EXPECT_EQ(second.vaddr, address_of(heap) + 0x8000);
  EXPECT_EQ(second.map_offset, kNowhere);
}

TEST_F(IoctlTest, SyncsAreChecked) {
  const std::uint32_t handle = create(AMDXDNA_BO_SHARE, 4096);
  EXPECT_EQ(sync(handle, SYNC_DIRECT_TO_DEVICE, 0, 4096), 0);
  EXPECT_EQ(sync(handle, SYNC_DIRECT_FROM_DEVICE, 4096, 0), 0);
  EXPECT_EQ(sync(handle, SYNC_DIRECT_TO_DEVICE, 1, 4096), EINVAL);
  EXPECT_EQ(sync(handle, SYNC_DIRECT_TO_DEVICE, kNowhere, 2), EINVAL);
  EXPECT_EQ(sync(handle, 2, 0, 4096), EINVAL);
  EXPECT_EQ(sync(999, SYNC_DIRECT_TO_DEVICE, 0, 0), ENOENT);
}

TEST_F(IoctlTest, BuffersAreTheClientsOwn) {
  const std::uint32_t handle = create(AMDXDNA_BO_SHARE, 4096);
  const int other = open(kDevice, O_RDWR);
  ASSERT_GE(other, 0);
  amdxdna_drm_get_bo_info arguments{};
  arguments.handle = handle;
  EXPECT_EQ(ioctl(other, DRM_IOCTL_AMDXDNA_GET_BO_INFO, &arguments), -1);
  EXPECT_EQ(errno, ENOENT);

  // Both clients access the same pages of an exported and imported buffer.
  map(handle, 4096)[7] = std::byte{42};
  drm_prime_handle prime{.handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1};
  ASSERT_EQ(call(DRM_IOCTL_PRIME_HANDLE_TO_FD, prime), 0);
  EXPECT_EQ(lseek(prime.fd, 0, SEEK_END), 4096);
  drm_prime_handle import{.handle = 0, .flags = 0, .fd = prime.fd};
  ASSERT_EQ(ioctl(other, DRM_IOCTL_PRIME_FD_TO_HANDLE, &import), 0);
  arguments = {};
  arguments.handle = import.handle;
  ASSERT_EQ(ioctl(other, DRM_IOCTL_AMDXDNA_GET_BO_INFO, &arguments), 0);
  const void* pages =
      mmap(nullptr, 4096, PROT_READ, MAP_SHARED, other, static_cast<off_t>(arguments.map_offset));
  ASSERT_NE(pages, MAP_FAILED);
  EXPECT_EQ(static_cast<const std::byte*>(pages)[7], std::byte{42});
  close(prime.fd);
  close(other);
}

TEST_F(IoctlTest, UserPagesCanBeABuffer) {
  alignas(4096) static std::byte pages[8192];
  struct {
    std::int32_t fd;
    std::uint32_t n;
    amdxdna_drm_va_entry entry;
  } table{.fd = -1, .n = 1, .entry = {.vaddr = address_of(pages), .len = sizeof pages}};
  amdxdna_drm_create_bo arguments{};
  arguments.type = AMDXDNA_BO_SHARE;
  arguments.vaddr = address_of(&table);
  ASSERT_EQ(call(DRM_IOCTL_AMDXDNA_CREATE_BO, arguments), 0);
  EXPECT_EQ(info(arguments.handle).xdna_addr, address_of(pages));
  pages[0] = std::byte{1};
  EXPECT_EQ(sync(arguments.handle, SYNC_DIRECT_TO_DEVICE, 0, sizeof pages), 0);
  pages[0] = std::byte{2};
  EXPECT_EQ(sync(arguments.handle, SYNC_DIRECT_FROM_DEVICE, 0, sizeof pages), 0);
  EXPECT_EQ(pages[0], std::byte{1});
  EXPECT_EQ(close_buffer(arguments.handle), 0);
  table.entry.vaddr += 8;
  EXPECT_EQ(call(DRM_IOCTL_AMDXDNA_CREATE_BO, arguments), EINVAL);
}

TEST_F(IoctlTest, ContextArgumentsAreChecked) {
  amdxdna_drm_create_hwctx context{};
  EXPECT_EQ(create_context(16, context), ENOENT) << "there is no heap";
  create_heap();
  EXPECT_EQ(create_context(0, context), EINVAL);
  EXPECT_EQ(create_context(36, context), EINVAL) << "9 columns";
  ASSERT_EQ(create_context(16, context), 0);
  EXPECT_NE(context.handle, 0u);
  EXPECT_EQ(context.syncobj_handle == 0, !has_timelines());
  EXPECT_EQ(context.umq_doorbell, AMDXDNA_INVALID_DOORBELL_OFFSET);
  EXPECT_EQ(destroy_context(context.handle), 0);
  EXPECT_EQ(destroy_context(context.handle), EINVAL);
  EXPECT_EQ(destroy_context(0), EINVAL);
}

TEST_F(IoctlTest, ContextsAreLimited) {
  create_heap();
  const std::size_t limit = is_npu1_ ? 6 : 16;
  std::vector<std::uint32_t> contexts;
  amdxdna_drm_create_hwctx context{};
  for (std::size_t i = 0; i < limit; ++i) contexts.push_back(create_context().handle);
  EXPECT_EQ(create_context(16, context), EINVAL);
  // The limit applies to the device, not to the file.
  int other = open(kDevice, O_RDWR);
  ASSERT_GE(other, 0);
  std::swap(fd_, other);
  create_heap();
  EXPECT_EQ(create_context(16, context), EINVAL);
  std::swap(fd_, other);
  ASSERT_EQ(destroy_context(contexts[0]), 0);
  EXPECT_EQ(create_context(16, context), 0);
  close(other);
}

TEST_F(IoctlTest, ClosingTheFileEndsItsContexts) {
  const auto count = [this] {
    amdxdna_drm_get_resource_info resources{};
    EXPECT_EQ(query(DRM_AMDXDNA_QUERY_RESOURCE_INFO, resources), 0);
    return resources.npu_task_curr;
  };
  create_heap();
  create_context();
  EXPECT_EQ(count(), 1u);
  close(fd_);
  fd_ = open(kDevice, O_RDWR);
  EXPECT_EQ(count(), 0u);
}

TEST_F(IoctlTest, ConfigurationIsChecked) {
  std::byte* heap = create_heap();
  const std::uint32_t good = device_buffer(heap, image());
  const std::uint32_t bad = device_buffer(heap, "no image");
  const std::uint32_t shared = create(AMDXDNA_BO_SHARE, 4096);
  const std::uint32_t context = create_context().handle;
  EXPECT_EQ(configure(context + 1, good), EINVAL);
  EXPECT_EQ(configure(context, 999), EINVAL);
  EXPECT_EQ(configure(context, shared), EINVAL) << "not in the heap";
  EXPECT_EQ(configure(context, good, 0), EINVAL);
  EXPECT_EQ(configure(context, good, 2), EINVAL) << "more units than the argument holds";
  EXPECT_EQ(configure(context, good), 0);
  EXPECT_EQ(configure(context, good), EINVAL) << "once only";
  EXPECT_EQ(configure(create_context().handle, bad), EINVAL);
  amdxdna_drm_config_hwctx debug{};
  debug.handle = context;
  debug.param_type = DRM_AMDXDNA_HWCTX_ASSIGN_DBG_BUF;
  EXPECT_EQ(call(DRM_IOCTL_AMDXDNA_CONFIG_HWCTX, debug), EOPNOTSUPP);
}

TEST_F(IoctlTest, CommandsAreExecutedAndWaitedFor) {
  std::byte* heap = create_heap();
  const auto context = create_context();
  ASSERT_EQ(configure(context.handle, device_buffer(heap, image())), 0);
  // Sleeps for 0x64 milliseconds.
  const std::uint32_t stream = device_buffer(heap, std::string_view("\4\0\0\0\x64\0\0\0", 8));
  const std::uint32_t command = create(AMDXDNA_BO_CMD, 4096);
  auto* words = reinterpret_cast<volatile std::uint32_t*>(map(command, 4096));
  const std::uint32_t packet[] = {
      1 | 6 << 12, 1, 3, 0, static_cast<std::uint32_t>(info(stream).xdna_addr), 0, 2};
  for (std::size_t i = 0; i < std::size(packet); ++i) words[i] = packet[i];

  std::uint64_t first = 99;
  std::uint64_t second = 99;
  EXPECT_EQ(submit(context.handle + 1, command, first), EINVAL);
  EXPECT_EQ(submit(context.handle, 999, first), EINVAL);
  EXPECT_EQ(submit(context.handle, stream, first), EINVAL) << "not a command buffer";
  EXPECT_EQ(submit(context.handle, command, first, {999}), ENOENT);
  EXPECT_EQ(wait(context.handle, 0, 1), EINVAL) << "nothing was submitted";

  ASSERT_EQ(submit(context.handle, command, first, {stream}), 0);
  ASSERT_EQ(submit(context.handle, command, second, {stream}), 0);
  EXPECT_EQ(first, 0u);
  EXPECT_EQ(second, 1u);
  EXPECT_EQ(wait(context.handle, second, 10), ETIME);
  if (has_timelines()) {
    EXPECT_EQ(wait_point(context.syncobj_handle, second, std::chrono::milliseconds(10)), ETIME);
  }
  EXPECT_EQ(wait(context.handle, second, 0), 0);
  if (has_timelines()) {
    EXPECT_EQ(wait_point(context.syncobj_handle, second, std::chrono::milliseconds(0)), 0);
  }
  EXPECT_EQ(words[0] & 0xf, 4u);
  EXPECT_EQ(wait(context.handle, second + 1, 1), EINVAL);

  amdxdna_drm_exec_cmd arguments{};
  arguments.hwctx = context.handle;
  arguments.cmd_handles = command;
  arguments.cmd_count = 2;
  EXPECT_EQ(call(DRM_IOCTL_AMDXDNA_EXEC_CMD, arguments), EINVAL);
  arguments.cmd_count = 1;
  arguments.type = AMDXDNA_CMD_SUBMIT_SIGNAL;
  EXPECT_EQ(call(DRM_IOCTL_AMDXDNA_EXEC_CMD, arguments), EINVAL);
}

TEST_F(IoctlTest, TimelinesAreSignaledAndShared) {
  drm_syncobj_create created{};
  ASSERT_EQ(call(DRM_IOCTL_SYNCOBJ_CREATE, created), 0);
  EXPECT_EQ(wait_point(created.handle, 1, std::chrono::milliseconds(1)), ETIME);
  EXPECT_EQ(wait_point(created.handle + 1, 1, std::chrono::milliseconds(1)), ENOENT);
  drm_syncobj_handle exported{};
  exported.handle = created.handle;
  exported.fd = -1;
  ASSERT_EQ(call(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, exported), 0);
  drm_syncobj_handle imported{};
  imported.fd = exported.fd;
  ASSERT_EQ(call(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, imported), 0);
  EXPECT_NE(imported.handle, created.handle);
  std::uint64_t point = 5;
  drm_syncobj_timeline_array array{};
  array.handles = address_of(&imported.handle);
  array.points = address_of(&point);
  array.count_handles = 1;
  ASSERT_EQ(call(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, array), 0);
  EXPECT_EQ(wait_point(created.handle, 5, std::chrono::milliseconds(0)), 0);
  point = 0;
  ASSERT_EQ(call(DRM_IOCTL_SYNCOBJ_QUERY, array), 0);
  EXPECT_EQ(point, 5u);
  drm_syncobj_destroy destroyed{.handle = created.handle, .pad = 0};
  EXPECT_EQ(call(DRM_IOCTL_SYNCOBJ_DESTROY, destroyed), 0);
  EXPECT_EQ(call(DRM_IOCTL_SYNCOBJ_DESTROY, destroyed), EINVAL);
  close(exported.fd);
}

TEST_F(IoctlTest, TheDeviceDescribesItself) {
  const auto answer = metadata();
  EXPECT_EQ(answer.cols, is_npu1_ ? 5 : 8);
  EXPECT_EQ(answer.rows, 6);
  EXPECT_EQ(answer.core.row_start, 2);
  EXPECT_EQ(answer.core.row_count, 4);
  EXPECT_EQ(answer.core.lock_count, 16);
  EXPECT_EQ(answer.mem.lock_count, 64);
  EXPECT_EQ(answer.mem.dma_channel_count, 12);
  amdxdna_drm_query_firmware_version firmware{};
  EXPECT_EQ(query(DRM_AMDXDNA_QUERY_FIRMWARE_VERSION, firmware), 0);
  EXPECT_EQ(firmware.major, 1u);
  std::uint8_t small[3] = {9, 9, 9};
  EXPECT_EQ(query(DRM_AMDXDNA_QUERY_AIE_VERSION, small), 0) << "as much as there is room for";
  EXPECT_EQ(small[0], 1);
  amdxdna_drm_query_sensor sensor{};
  EXPECT_EQ(query(DRM_AMDXDNA_QUERY_SENSORS, sensor), EOPNOTSUPP);
  EXPECT_EQ(query(1234, sensor), EOPNOTSUPP);
  char description[64] = {};
  drm_version version{};
  version.desc = description;
  version.desc_len = sizeof description - 1;
  EXPECT_EQ(call(DRM_IOCTL_VERSION, version), 0);
  EXPECT_NE(std::string(description).find("emulated"), std::string::npos);
}

TEST_F(IoctlTest, PowerModesSetTheClock) {
  const auto clock = [this] {
    amdxdna_drm_query_clock_metadata clocks{};
    EXPECT_EQ(query(DRM_AMDXDNA_QUERY_CLOCK_METADATA, clocks), 0);
    return clocks.h_clock.freq_mhz;
  };
  const auto set = [this](std::uint8_t value) {
    amdxdna_drm_set_power_mode mode{.power_mode = value, .pad = {}};
    amdxdna_drm_set_state arguments{.param = DRM_AMDXDNA_SET_POWER_MODE,
                                    .buffer_size = sizeof mode,
                                    .buffer = address_of(&mode)};
    return call(DRM_IOCTL_AMDXDNA_SET_STATE, arguments);
  };
  const std::uint32_t slowest = is_npu1_ ? 800 : 792;
  const std::uint32_t fastest = is_npu1_ ? 1600 : 1800;
  if (geteuid() != 0) {
    EXPECT_EQ(set(POWER_MODE_HIGH), EACCES);
    return;
  }
  EXPECT_EQ(clock(), slowest);
  EXPECT_EQ(set(POWER_MODE_TURBO), 0);
  EXPECT_EQ(clock(), fastest);
  EXPECT_EQ(set(POWER_MODE_MEDIUM), 0);
  EXPECT_EQ(clock(), is_npu1_ ? 1024u : 1267u);
  EXPECT_EQ(set(POWER_MODE_TURBO + 1), EINVAL);
  create_heap();
  create_context();
  EXPECT_EQ(set(POWER_MODE_TURBO), EINVAL) << "a context exists";
  EXPECT_EQ(set(POWER_MODE_DEFAULT), 0);
  EXPECT_EQ(clock(), fastest);
}

TEST_F(IoctlTest, ContextsAreListed) {
  create_heap();
  const std::uint32_t handle = create_context().handle;
  std::vector<amdxdna_drm_hwctx_entry> entries(4);
  amdxdna_drm_get_array arguments{.param = DRM_AMDXDNA_HW_CONTEXT_ALL,
                                  .element_size = sizeof entries[0],
                                  .num_element = 4,
                                  .pad = 0,
                                  .buffer = address_of(entries.data())};
  ASSERT_EQ(call(DRM_IOCTL_AMDXDNA_GET_ARRAY, arguments), 0);
  ASSERT_EQ(arguments.num_element, 1u);
  EXPECT_EQ(entries[0].context_id, handle);
  EXPECT_EQ(entries[0].pid, getpid());
  EXPECT_EQ(entries[0].num_col, 4u);
  EXPECT_EQ(entries[0].heap_usage, 4u * 4096) << "the driver's own command buffers";
  create_context();
  arguments.num_element = 1;
  EXPECT_EQ(call(DRM_IOCTL_AMDXDNA_GET_ARRAY, arguments), ENOSPC);
  EXPECT_EQ(arguments.num_element, 2u);
  amdxdna_drm_bo_usage usage{};
  usage.pid = getpid();
  arguments = {.param = DRM_AMDXDNA_BO_USAGE,
               .element_size = sizeof usage,
               .num_element = 1,
               .pad = 0,
               .buffer = address_of(&usage)};
  ASSERT_EQ(call(DRM_IOCTL_AMDXDNA_GET_ARRAY, arguments), 0);
  EXPECT_EQ(usage.total_usage, kHeapBytes);
  arguments.num_element = 0;
  EXPECT_EQ(call(DRM_IOCTL_AMDXDNA_GET_ARRAY, arguments), EINVAL);
}

TEST_F(IoctlTest, AnotherFileInItsPlaceIsNotTheDevice) {
  create_heap();
  create_context();
  const int null = open("/dev/null", O_RDWR);
  ASSERT_GE(null, 0);
  ASSERT_EQ(dup2(null, fd_), fd_);
  drm_gem_close arguments{};
  EXPECT_EQ(call(DRM_IOCTL_GEM_CLOSE, arguments), ENOTTY);
  close(null);
  int again = open(kDevice, O_RDWR);
  std::swap(fd_, again);
  amdxdna_drm_get_resource_info resources{};
  EXPECT_EQ(query(DRM_AMDXDNA_QUERY_RESOURCE_INFO, resources), 0);
  EXPECT_EQ(resources.npu_task_curr, 0u) << "its context ended";
  close(again);
}

TEST_F(IoctlTest, OtherFilesAreNotTouched) {
  EXPECT_EQ(access("/sys/bus/pci/drivers/amdxdna", F_OK), 0);
  char path[PATH_MAX];
  ASSERT_NE(realpath("/sys/bus/pci/drivers/amdxdna/0000:c5:00.1", path), nullptr);
  EXPECT_STREQ(path, "/sys/devices/pci0000:00/0000:c5:00.1");
  struct stat status {};
  EXPECT_EQ(stat("/dev/accelerator", &status), -1);
  const int null = open("/dev/null", O_RDWR);
  ASSERT_GE(null, 0);
  drm_gem_close arguments{};
  EXPECT_EQ(ioctl(null, DRM_IOCTL_GEM_CLOSE, &arguments), -1);
  EXPECT_EQ(errno, ENOTTY);
  close(null);
}

}  // namespace

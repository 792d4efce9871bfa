// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/device_files.h"

#include <pthread.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

#include "emulator/driver/log.h"

namespace npuwhisper::emu::device_files {
namespace {

/// Paths of an NPU under /sys and /dev. These paths and all paths below them belong to the emulated
/// device. Accesses to all other paths are not redirected.
constexpr std::array<std::string_view, 5> kPaths = {
    "/dev/accel", "/sys/bus/pci/drivers/amdxdna", "/sys/bus/pci/devices/0000:c5:00.1",
    "/sys/devices/pci0000:00/0000:c5:00.1", "/sys/module/amdxdna"};
static_assert(kPaths[2].ends_with(kPciAddress) && kPaths[3].ends_with(kPciAddress));

constexpr std::string_view kDevicePath = "/dev/accel/accel0";

/// Identifies the file of a descriptor. A changed identity reveals that the program has closed or
/// replaced the descriptor by calls that are not intercepted (dup2, close_range).
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

FileIdentity identity(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

struct OpenFile {
  std::shared_ptr<Client> client;
  FileIdentity file;
};

struct State {
  const std::string tree = [] {
    const char* value = std::getenv("NPUWHISPER_EMULATOR_TREE");
    return std::string(value == nullptr ? "" : value);
  }();
  std::atomic<Device*> device = nullptr;
  /// Number of clients. If it is 0, intercepted calls skip the mutex.
  std::atomic<int> n_clients = 0;
  std::mutex mutex;  ///< Guards the clients and the device's creation.
  std::map<int, OpenFile> clients;
};

State& state() {
  static auto* const instance = [] {
    auto* made = new State;
    // A child process does not have the contexts' threads, and a mutex that another thread of the
    // parent held stays locked for ever. The child therefore starts with new state. It does not
    // destroy the inherited objects.
    pthread_atfork(nullptr, nullptr, [] {
      State& inherited = state();
      new (&inherited.mutex) std::mutex;
      new (&inherited.clients) decltype(inherited.clients);
      inherited.n_clients = 0;
      inherited.device = nullptr;
    });
    return made;
  }();
  return *instance;
}

bool is_within(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

std::optional<std::string> redirect(std::string_view path) {
  const std::string& tree = state().tree;
  if (tree.empty()) return std::nullopt;
  for (const std::string_view own : kPaths) {
    if (is_within(path, own)) return tree + std::string(path);
  }
  return std::nullopt;
}

std::string restore(std::string path) {
  const std::string& tree = state().tree;
  return !tree.empty() && is_within(path, tree) ? path.substr(tree.size()) : path;
}

bool is_device(std::string_view path) {
  return !state().tree.empty() && path == kDevicePath;
}

int opened(int fd) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  if (all.device == nullptr) {
    auto made = Device::open(all.tree);
    if (!made) {
      log(made.error().message);
      return EINVAL;
    }
    all.device = made->release();
  }
  if (all.device.load()->is_lost()) return ENODEV;
  all.clients[fd] = {std::make_shared<Client>(*all.device.load()), identity(fd)};
  all.n_clients = static_cast<int>(all.clients.size());
  return 0;
}

std::shared_ptr<Client> find(int fd) {
  State& all = state();
  if (all.n_clients == 0) return nullptr;
  {
    const std::lock_guard lock(all.mutex);
    const auto found = all.clients.find(fd);
    if (found == all.clients.end()) return nullptr;
    if (found->second.file == identity(fd)) return found->second.client;
  }
  closed(fd);
  return nullptr;
}

void closed(int fd) {
  State& all = state();
  if (all.n_clients == 0) return;
  OpenFile last;  // Destroyed after the lock is released: ~Client() waits for contexts.
  const std::lock_guard lock(all.mutex);
  const auto found = all.clients.find(fd);
  if (found == all.clients.end()) return;
  last = std::move(found->second);
  all.clients.erase(found);
  all.n_clients = static_cast<int>(all.clients.size());
}

Device* device() {
  return state().device;
}

}  // namespace npuwhisper::emu::device_files

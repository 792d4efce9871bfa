// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/driver/client.h"

namespace npuwhisper::emu {

/// The NPU's files in this process: the emulated device, its clients by file descriptor, and the
/// files that stand for paths under /sys and /dev. Thread-safe, and usable before main() and after
/// static objects are destroyed.
///
/// NPUWHISPER_EMULATOR_TREE names a folder that npuwhisper-emulate creates. The folder holds the
/// files that stand for the device's paths. Without the variable, nothing is emulated. A descriptor
/// is identified by its number. A duplicate (dup) is therefore not the device, and a child process
/// (fork) has no device until it opens one.
namespace device_files {

/// Returns the file that stands for a path; nothing if the path is not the device's.
std::optional<std::string> redirect(std::string_view path);
/// Returns the path that a file in the tree stands for. Returns any other path unchanged.
std::string restore(std::string path);

/// Returns whether a path (not redirected) is the device file.
bool is_device(std::string_view path);
/// Registers a newly opened descriptor as a new client. Returns 0 or an errno value.
int opened(int fd);
/// Returns the descriptor's client; nullptr if the descriptor is not the device's.
std::shared_ptr<Client> find(int fd);
void closed(int fd);

/// Returns the emulated device; null if this process has not opened it.
Device* device();

}  // namespace device_files
}  // namespace npuwhisper::emu

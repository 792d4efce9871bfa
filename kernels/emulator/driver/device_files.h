// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/driver/client.h"

namespace npuwhisper::emu {

/// What this process takes for files of the NPU: the emulated device and its clients by file
/// descriptor, and where the paths under /sys and /dev lead that stand for it. Thread-safe, and
/// usable before main() and after static objects are gone.
///
/// The folder in NPUWHISPER_EMULATOR_TREE, which npuwhisper-emulate makes, holds the device's own
/// paths; without the variable nothing is emulated. Descriptors are known by their number: a
/// duplicate (dup) is not the device, and a child process (fork) has no device until it opens one.
namespace device_files {

/// The file that stands for a path; nothing, if the path is not the device's.
std::optional<std::string> redirect(std::string_view path);
/// The path that a file in the tree stands for; the path itself otherwise.
std::string restore(std::string path);

/// Whether a path (not redirected) is the device file.
bool is_device(std::string_view path);
/// The descriptor, just opened, is a new client. 0 or an errno value.
int opened(int fd);
/// nullptr: the descriptor is not the device's.
std::shared_ptr<Client> find(int fd);
void closed(int fd);

/// The emulated device, if a program has opened it.
Device* device();

}  // namespace device_files
}  // namespace npuwhisper::emu

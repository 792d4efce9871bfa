// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

/// A new folder in the system's folder for temporary files. The destructor removes the folder and
/// its contents.
class TemporaryFolder {
 public:
  /// Creates the folder. Errors: Unavailable.
  static Result<TemporaryFolder> create();

  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "aie_api/emulation.h"

namespace npuwhisper::emu {

/// One core's copy of a kernel object: a shared object compiled for the host, loaded from memory
/// and closed with this. Each copy has variables of its own, as each core has memory of its own.
class KernelObject {
 public:
  /// Errors: InvalidArgument (not a shared object that can be loaded, or not one built for the
  /// emulated NPU).
  static Result<std::unique_ptr<KernelObject>> load(const std::string& name,
                                                    std::span<const std::byte> shared_object);
  ~KernelObject();
  KernelObject(const KernelObject&) = delete;
  KernelObject& operator=(const KernelObject&) = delete;

  const std::string& name() const { return name_; }
  /// A function by its symbol, or by its C++ signature ("add_one(int*, int*)"). Null: none.
  void* find(const std::string& function) const;
  NpuWhisperCoreState& state() const { return *state_; }

 private:
  KernelObject(std::string name, std::vector<std::string> symbols)
      : name_(std::move(name)), symbols_(std::move(symbols)) {}

  std::string name_;
  std::vector<std::string> symbols_;  ///< That it exports.
  int file_ = -1;  ///< Open while loaded: the loader knows objects by their path, which names it.
  void* handle_ = nullptr;
  NpuWhisperCoreState* state_ = nullptr;
};

}  // namespace npuwhisper::emu

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
/// and unloaded by the destructor. Each copy has its own variables, as each core has its own
/// memory.
class KernelObject {
 public:
  /// Loads a copy of a shared object. Errors: InvalidArgument (not a loadable shared object, or not
  /// built for the emulated NPU), Unavailable (the memory file cannot be created).
  static Result<std::unique_ptr<KernelObject>> load(const std::string& name,
                                                    std::span<const std::byte> shared_object);
  ~KernelObject();
  KernelObject(const KernelObject&) = delete;
  KernelObject& operator=(const KernelObject&) = delete;

  const std::string& name() const { return name_; }
  /// Finds a function by its symbol, or by its C++ signature ("add_one(int*, int*)"). Returns null
  /// if the object has no such function.
  void* find(const std::string& function) const;
  NpuWhisperCoreState& state() const { return *state_; }

 private:
  KernelObject(std::string name, std::vector<std::string> symbols)
      : name_(std::move(name)), symbols_(std::move(symbols)) {}

  std::string name_;
  std::vector<std::string> symbols_;  ///< Names of the exported symbols.
  /// Descriptor of the memory file. Stays open, because the loader identifies an object by its
  /// path, which contains the descriptor's number.
  int file_ = -1;
  void* handle_ = nullptr;
  NpuWhisperCoreState* state_ = nullptr;
};

}  // namespace npuwhisper::emu

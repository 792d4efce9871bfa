// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <ffi.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/array/kernel_object.h"
#include "emulator/core_program.h"

namespace npuwhisper::emu {

/// Thrown through a kernel's frames by the hooks in its state, and caught around its call; never
/// leaves KernelCall.
struct KernelTrap {
  std::string message;
};

/// A call site: a kernel's function and how its arguments travel by the C ABI (libffi). Memory
/// references are pointers, `index` is 64 bits, bf16 an integer of 16 bits (aie_api's bfloat16 is a
/// class around one).
class KernelCall {
 public:
  /// Errors: Unsupported (a type that kernels cannot take or return).
  static Result<KernelCall> prepare(const CoreInstruction& call, KernelObject& object,
                                    void* function);

  KernelObject& object() const { return *object_; }

  /// `arguments`: host addresses, and scalars as registers hold them. Errors: DeviceError, with the
  /// kernel's message where it trapped.
  Result<std::int64_t> run(std::span<std::int64_t> arguments) const;

 private:
  KernelCall() = default;

  KernelObject* object_ = nullptr;
  void* function_ = nullptr;
  ScalarType result_type_ = ScalarType::I32;
  bool has_result_ = false;
  // Where they stay: the call interface points to itself and to the types.
  std::unique_ptr<ffi_cif> interface_;
  std::vector<ffi_type*> types_;
};

}  // namespace npuwhisper::emu

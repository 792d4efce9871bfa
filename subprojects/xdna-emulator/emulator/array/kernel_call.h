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

/// A kernel's error. The hooks in the kernel's state throw it through the kernel's frames, and
/// KernelCall::run() catches it.
struct KernelTrap {
  std::string message;
};

/// A call site: a kernel's function, and the description of its arguments for the C ABI (libffi).
/// Memory references are passed as pointers, `index` as a 64-bit integer, and bf16 as a 16-bit
/// integer, because aie_api's bfloat16 is a class around a 16-bit integer.
class KernelCall {
 public:
  /// Prepares calls of `function` with the types of `call`. Errors: Unsupported (a type that
  /// kernels cannot take or return).
  static Result<KernelCall> prepare(const CoreInstruction& call, KernelObject& object,
                                    void* function);

  KernelObject& object() const { return *object_; }

  /// Calls the function. Each argument is a host address, or a scalar in the form of as_register().
  /// Returns the result in the form of as_register(); 0 if the function returns nothing. Errors:
  /// DeviceError (the kernel trapped), with the kernel's message.
  Result<std::int64_t> run(std::span<std::int64_t> arguments) const;

 private:
  KernelCall() = default;

  KernelObject* object_ = nullptr;
  void* function_ = nullptr;
  ScalarType result_type_ = ScalarType::I32;
  bool has_result_ = false;
  // `interface_` points to the elements of `types_`. The data of both members is on the heap, so
  // that moving a KernelCall does not change the addresses.
  std::unique_ptr<ffi_cif> interface_;
  std::vector<ffi_type*> types_;
};

}  // namespace npuwhisper::emu

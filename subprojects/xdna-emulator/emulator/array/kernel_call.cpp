// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/kernel_call.h"

#include <cstring>

#include "emulator/array/alu.h"

namespace npuwhisper::emu {
namespace {

/// Returns the libffi type of a scalar; null if kernels cannot take or return that type.
ffi_type* type_of(ScalarType type) {
  switch (type) {
    case ScalarType::I1:
      return &ffi_type_uint8;
    case ScalarType::I8:
      return &ffi_type_sint8;
    case ScalarType::I16:
      return &ffi_type_sint16;
    case ScalarType::I32:
      return &ffi_type_sint32;
    case ScalarType::I64:
    case ScalarType::Index:
      return &ffi_type_sint64;
    case ScalarType::F32:
      return &ffi_type_float;
    case ScalarType::Bf16:
      return &ffi_type_uint16;
    case ScalarType::F16:
      break;
  }
  return nullptr;
}

}  // namespace

Result<KernelCall> KernelCall::prepare(const CoreInstruction& call, KernelObject& object,
                                       void* function) {
  KernelCall site;
  site.object_ = &object;
  site.function_ = function;
  site.has_result_ = call.result >= 0;
  site.result_type_ = call.type;
  for (const CallArgument& argument : call.arguments) {
    site.types_.push_back(argument.is_memory ? &ffi_type_pointer : type_of(argument.type));
  }
  ffi_type* result = site.has_result_ ? type_of(call.type) : &ffi_type_void;
  site.types_.push_back(result);
  for (const ffi_type* type : site.types_) {
    if (!type) {
      return fail(ErrorCode::Unsupported,
                  "kernel '" + call.callee + "': f16 arguments and results are not modelled");
    }
  }
  site.types_.pop_back();
  site.interface_ = std::make_unique<ffi_cif>();
  const ffi_status status =
      ffi_prep_cif(site.interface_.get(), FFI_DEFAULT_ABI,
                   static_cast<unsigned>(site.types_.size()), result, site.types_.data());
  if (status != FFI_OK) {
    return fail(ErrorCode::Unsupported,
                "kernel '" + call.callee + "': libffi cannot prepare its call");
  }
  return site;
}

Result<std::int64_t> KernelCall::run(std::span<std::int64_t> arguments) const {
  // libffi reads each scalar from the first bytes of its argument. The first bytes are the low
  // bytes, because supported hosts are little-endian.
  std::vector<void*> values;
  values.reserve(arguments.size());
  for (std::int64_t& argument : arguments) values.push_back(&argument);
  union {
    ffi_arg narrow;
    std::int64_t wide;
  } result{};
  try {
    ffi_call(interface_.get(), FFI_FN(function_), &result, values.data());
  } catch (const KernelTrap& trap) {
    return fail(ErrorCode::DeviceError, trap.message);
  }
  return has_result_ ? as_register(result_type_, result.wide) : 0;
}

}  // namespace npuwhisper::emu

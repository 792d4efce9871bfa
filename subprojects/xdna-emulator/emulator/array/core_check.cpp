// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/core_check.h"

#include <algorithm>
#include <string>

#include "emulator/array/names.h"
#include "emulator/array/tile.h"

namespace npuwhisper::emu {
namespace {

/// The fields of an instruction that must name a register.
struct Needs {
  bool a = false, b = false, c = false, result = false;
};

Needs needs_of(CoreOp op) {
  switch (op) {
    case CoreOp::Constant:
    case CoreOp::GetCascade:
      return {.result = true};
    case CoreOp::Copy:
    case CoreOp::Unary:
      return {.a = true, .result = true};
    case CoreOp::Binary:
    case CoreOp::Compare:
    case CoreOp::Load:
      return {.a = true, .b = true, .result = true};
    case CoreOp::Select:
      return {.a = true, .b = true, .c = true, .result = true};
    case CoreOp::Store:
      return {.a = true, .b = true, .c = true};
    case CoreOp::JumpIfNot:
    case CoreOp::PutCascade:
      return {.a = true};
    case CoreOp::PutStream:
      return {.a = true, .b = true};
    case CoreOp::GetStream:
      return {.b = true, .result = true};
    case CoreOp::Jump:
    case CoreOp::UseLock:
    case CoreOp::Call:
    case CoreOp::Event:
    case CoreOp::End:
      break;
  }
  return {};
}

bool names_registers(const CoreInstruction& instruction, int n_registers) {
  const auto good = [&](int index, bool needed) {
    return index < n_registers && index >= (needed ? 0 : -1);
  };
  const Needs needs = needs_of(instruction.op);
  return good(instruction.a, needs.a) && good(instruction.b, needs.b) &&
         good(instruction.c, needs.c) && good(instruction.result, needs.result) &&
         std::all_of(instruction.arguments.begin(), instruction.arguments.end(),
                     [&](const CallArgument& argument) { return good(argument.reg, true); });
}

Result<void> check(const CoreInstruction& instruction, const CoreProgram& program,
                   const CoreMemory& memory, const Fabric& fabric) {
  if (!names_registers(instruction, program.n_registers)) {
    return fail(ErrorCode::InvalidArgument, "the instruction names a register that does not exist");
  }
  const bool jumps = instruction.op == CoreOp::Jump || instruction.op == CoreOp::JumpIfNot;
  const auto n_instructions = static_cast<int>(program.code.size());
  if (jumps && (instruction.target < 0 || instruction.target >= n_instructions)) {
    return fail(ErrorCode::InvalidArgument, "a jump out of the program");
  }
  if (instruction.op == CoreOp::UseLock) {
    if (!memory.reaches(instruction.lock_tile)) {
      return fail(ErrorCode::InvalidArgument,
                  "the core cannot access the locks of " + name_of(instruction.lock_tile));
    }
    auto known = fabric.tile(instruction.lock_tile)->locks().check(instruction.lock);
    if (!known) return fail(ErrorCode::InvalidArgument, known.error().message);
  }
  if (!instruction.blocking) {
    return fail(ErrorCode::Unsupported, "stream access that does not block is not modelled");
  }
  return {};
}

}  // namespace

Result<void> check_program(const Core& core, const CoreMemory& memory, const Fabric& fabric) {
  if (core.program.code.empty()) {
    return fail(ErrorCode::InvalidArgument,
                "the core of " + name_of(core.tile) + " has no program");
  }
  for (const CoreInstruction& instruction : core.program.code) {
    auto good = check(instruction, core.program, memory, fabric);
    if (!good) {
      return fail(good.error().code, "core of " + name_of(core.tile) + ", line " +
                                         std::to_string(instruction.line) + ": " +
                                         good.error().message);
    }
  }
  return {};
}

}  // namespace npuwhisper::emu

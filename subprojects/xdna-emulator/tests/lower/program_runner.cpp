// SPDX-License-Identifier: LGPL-2.1-or-later
#include "program_runner.h"

#include <cstring>

#include <gtest/gtest.h>

#include "lowering.h"

namespace npuwhisper::emu::test {
namespace {

int width(ScalarType type) {
  switch (type) {
    case ScalarType::I1:
    case ScalarType::I8:
      return 8;
    case ScalarType::I16:
      return 16;
    case ScalarType::I32:
    case ScalarType::F32:
      return 32;
    default:
      return 64;
  }
}

std::int64_t fit(std::int64_t value, ScalarType type) {
  switch (width(type)) {
    case 8:
      return type == ScalarType::I1 ? value & 1 : static_cast<std::int8_t>(value);
    case 16:
      return static_cast<std::int16_t>(value);
    case 32:
      return static_cast<std::int32_t>(value);
    default:
      return value;
  }
}

std::int64_t compute(Alu alu, std::int64_t a, std::int64_t b) {
  switch (alu) {
    case Alu::Add:
      return a + b;
    case Alu::Sub:
      return a - b;
    case Alu::Mul:
      return a * b;
    case Alu::DivS:
      return a / b;
    case Alu::RemS:
      return a % b;
    case Alu::MaxS:
      return a > b ? a : b;
    case Alu::MinS:
      return a < b ? a : b;
    case Alu::Xor:
      return a ^ b;
    case Alu::Eq:
      return a == b;
    case Alu::Ne:
      return a != b;
    case Alu::LtS:
      return a < b;
    case Alu::LeS:
      return a <= b;
    case Alu::GtS:
      return a > b;
    case Alu::GeS:
      return a >= b;
    case Alu::SignExtend:
    case Alu::ZeroExtend:
    case Alu::Truncate:
      return a;
    default:
      ADD_FAILURE() << "operation " << static_cast<int>(alu) << " in a test";
      return 0;
  }
}

}  // namespace

std::int32_t ProgramRunner::word(npu::TileId tile, std::uint32_t address) {
  std::vector<std::uint8_t>& memory = memories_[tile];
  memory.resize(64 * 1024);
  std::int32_t value = 0;
  std::memcpy(&value, memory.data() + address, sizeof value);
  return value;
}

void ProgramRunner::set_word(npu::TileId tile, std::uint32_t address, std::int32_t value) {
  std::vector<std::uint8_t>& memory = memories_[tile];
  memory.resize(64 * 1024);
  std::memcpy(memory.data() + address, &value, sizeof value);
}

std::vector<Observed> ProgramRunner::run(npu::TileId tile, int max_steps) {
  std::vector<Observed> seen;
  const Core* core = find_core(design_, tile);
  if (core == nullptr) {
    return seen;
  }
  std::vector<std::int64_t> r(static_cast<std::size_t>(core->program.n_registers), 0);
  const auto reg = [&](int index) -> std::int64_t& {
    return r.at(static_cast<std::size_t>(index));
  };
  std::size_t pc = 0;
  for (int step = 0; step < max_steps; ++step) {
    const CoreInstruction& i = core->program.code.at(pc++);
    switch (i.op) {
      case CoreOp::Constant:
        reg(i.result) = i.immediate;
        break;
      case CoreOp::Copy:
        reg(i.result) = reg(i.a);
        break;
      case CoreOp::Unary:
        reg(i.result) = fit(compute(i.alu, reg(i.a), 0), i.type);
        break;
      case CoreOp::Binary:
      case CoreOp::Compare:
        reg(i.result) = fit(compute(i.alu, reg(i.a), reg(i.b)), i.type);
        break;
      case CoreOp::Select:
        reg(i.result) = reg(i.a) != 0 ? reg(i.b) : reg(i.c);
        break;
      case CoreOp::Load:
      case CoreOp::Store: {
        const CoreAddress at = unpack_address(reg(i.a) + reg(i.b));
        std::vector<std::uint8_t>& memory = memories_[at.tile];
        memory.resize(64 * 1024);
        const auto bytes = static_cast<std::size_t>(width(i.type) / 8);
        if (i.op == CoreOp::Load) {
          std::int64_t value = 0;
          std::memcpy(&value, memory.data() + at.offset, bytes);
          reg(i.result) = fit(value, i.type);
        } else {
          std::memcpy(memory.data() + at.offset, &reg(i.c), bytes);
        }
        break;
      }
      case CoreOp::Jump:
        pc = static_cast<std::size_t>(i.target);
        break;
      case CoreOp::JumpIfNot:
        if (reg(i.a) == 0) {
          pc = static_cast<std::size_t>(i.target);
        }
        break;
      case CoreOp::UseLock:
        seen.push_back({i.lock_action == LockAction::Release ? "release" : "acquire",
                        i.lock_tile,
                        i.lock,
                        i.a >= 0 ? reg(i.a) : i.immediate,
                        {}});
        break;
      case CoreOp::Call: {
        Observed call{"call " + i.callee, {}, 0, 0, {}};
        for (const CallArgument& argument : i.arguments) {
          call.arguments.push_back(reg(argument.reg));
        }
        seen.push_back(std::move(call));
        break;
      }
      case CoreOp::Event:
        seen.push_back({"event", {}, 0, i.immediate, {}});
        break;
      case CoreOp::End:
        return seen;
      default:
        ADD_FAILURE() << "instruction " << static_cast<int>(i.op) << " in a test";
        return seen;
    }
  }
  seen.push_back({"still running", {}, 0, 0, {}});
  return seen;
}

}  // namespace npuwhisper::emu::test

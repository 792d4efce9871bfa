// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "array/array_model.h"

namespace npuwhisper::emu {

/// A core's body, compiled from aie.core to linear code over numbered registers: no recursion, so
/// that a core can stop at a lock and go on later. Registers hold 64-bit patterns: integers
/// sign-extended (but i1, which is 0 or 1), f32, bf16 and f16 in the low bits with zeros above,
/// memory references as core addresses (see `CoreAddress`). Which buffer of an object FIFO an
/// access means is computed in registers (a counter for each end of a FIFO), where mlir-aie
/// unrolls loops. `index` is 64 bits wide.

enum class ScalarType : std::uint8_t { I1, I8, I16, I32, I64, Index, F32, Bf16, F16 };

enum class CoreOp : std::uint8_t {
  Constant,    ///< result = immediate
  Copy,        ///< result = a
  Unary,       ///< result = alu(a): extensions, truncations, conversions, negation
  Binary,      ///< result = a alu b
  Compare,     ///< result = a alu b (predicate)
  Select,      ///< result = a ? b : c
  Load,        ///< result = memory[a + b], b in bytes
  Store,       ///< memory[a + b] = c
  Jump,        ///< to target
  JumpIfNot,   ///< to target, unless a
  UseLock,     ///< acquire (equal or at least) or release
  Call,        ///< result = callee(arguments), a kernel object's function; result -1: none
  Event,       ///< aie.event(immediate): noted in the trace
  PutStream,   ///< stream port b's register takes a (i32, f32)
  GetStream,   ///< result = stream port b's register
  PutCascade,  ///< a (i32, f32) to the cascade
  GetCascade,  ///< result = from the cascade
  End,
};

enum class Alu : std::uint8_t {
  None,
  Add,
  Sub,
  Mul,
  DivS,
  DivU,
  RemS,
  RemU,
  CeilDivS,
  FloorDivS,
  And,
  Or,
  Xor,
  Shl,
  ShrS,
  ShrU,
  MaxS,
  MinS,
  MaxU,
  MinU,
  AddF,
  SubF,
  MulF,
  DivF,
  NegF,
  AbsF,
  SqrtF,
  ExpF,
  LogF,
  TanhF,
  FloorF,
  CeilF,
  MaxF,
  MinF,
  RemF,
  Eq,
  Ne,
  LtS,
  LeS,
  GtS,
  GeS,
  LtU,
  LeU,
  GtU,
  GeU,
  EqF,
  NeF,
  LtF,
  LeF,
  GtF,
  GeF,
  SignExtend,
  ZeroExtend,
  Truncate,
  IntToFloat,
  UIntToFloat,
  FloatToInt,
  FloatToUInt,
  ExtendFloat,
  TruncateFloat,
};

enum class LockAction : std::uint8_t { AcquireEqual, AcquireAtLeast, Release };

/// Where a memory reference points: a tile whose memory the core reaches (its own or a neighbour's)
/// and an offset.
struct CoreAddress {
  npu::TileId tile;
  std::uint32_t offset = 0;
};

struct CallArgument {
  int reg = 0;
  bool is_memory = false;  ///< A pointer for the kernel; else a scalar of `type`.
  ScalarType type = ScalarType::I32;
};

struct CoreInstruction {
  CoreOp op = CoreOp::End;
  Alu alu = Alu::None;
  ScalarType type = ScalarType::I32;  ///< Of the result, or of what Store writes.
  ScalarType from = ScalarType::I32;  ///< Of `a`, in conversions and comparisons.
  int result = -1;
  int a = -1, b = -1, c = -1;
  std::int64_t immediate = 0;  ///< Constant, lock value, stream port.
  int target = 0;              ///< Index of an instruction.
  npu::TileId lock_tile{};     ///< UseLock.
  int lock = 0;
  LockAction lock_action = LockAction::Release;
  std::string callee{};  ///< A symbol, or (link_symbol) a C++ signature, demangled.
  std::string object{};  ///< The kernel object that must define it; empty: any of the core's.
  std::vector<CallArgument> arguments{};
  bool blocking = true;  ///< GetStream and PutStream.
  int line = 0;          ///< Of the design's text.
};

struct CoreProgram {
  std::vector<CoreInstruction> code;
  int n_registers = 0;
};

/// A CoreAddress as a register's pattern.
constexpr std::int64_t pack_address(CoreAddress address) {
  return static_cast<std::int64_t>(address.tile.column) << 48 |
         static_cast<std::int64_t>(address.tile.row) << 32 |
         static_cast<std::int64_t>(address.offset);
}
constexpr CoreAddress unpack_address(std::int64_t pattern) {
  return {{static_cast<int>(pattern >> 48 & 0xffff), static_cast<int>(pattern >> 32 & 0xffff)},
          static_cast<std::uint32_t>(pattern & 0xffffffff)};
}

}  // namespace npuwhisper::emu

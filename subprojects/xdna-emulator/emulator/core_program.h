// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "array/array_model.h"

namespace npuwhisper::emu {

/// Type of a value in a core's register. `index` is 64 bits wide.
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
  Jump,        ///< jumps to target
  JumpIfNot,   ///< jumps to target if a is 0
  UseLock,     ///< acquires (equal or at least) or releases a lock
  Call,        ///< calls `callee`(arguments) in a kernel object; `result` is -1 for void
  Event,       ///< aie.event(immediate), recorded in the trace
  PutStream,   ///< writes a (i32, f32) to stream port b
  GetStream,   ///< result = word read from stream port b
  PutCascade,  ///< writes a (i32, f32) to the cascade
  GetCascade,  ///< result = value read from the cascade
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

/// The target of a memory reference: a tile whose memory the core reaches (its own or a
/// neighbour's), and an offset in bytes.
struct CoreAddress {
  npu::TileId tile;
  std::uint32_t offset = 0;
};

struct CallArgument {
  int reg = 0;
  bool is_memory = false;  ///< Whether the kernel takes a pointer, not a scalar of `type`.
  ScalarType type = ScalarType::I32;
};

struct CoreInstruction {
  CoreOp op = CoreOp::End;
  Alu alu = Alu::None;
  ScalarType type = ScalarType::I32;  ///< Type of the result, or of the value that Store writes.
  ScalarType from = ScalarType::I32;  ///< Type of `a`, for conversions and comparisons.
  int result = -1;
  int a = -1, b = -1, c = -1;
  std::int64_t immediate = 0;  ///< Constant, event number, or lock value if `a` is -1.
  int target = 0;              ///< Index of the instruction to jump to.
  npu::TileId lock_tile{};     ///< Tile of the lock that UseLock uses.
  int lock = 0;
  LockAction lock_action = LockAction::Release;
  std::string callee{};  ///< Symbol of the function, or its C++ signature (from link_symbol).
  /// Kernel object that must define `callee`. If empty, any of the core's objects may define it.
  std::string object{};
  std::vector<CallArgument> arguments{};
  bool blocking = true;  ///< Whether GetStream and PutStream wait.
  int line = 0;          ///< Line in the design's text.
};

/// A core's body, compiled from aie.core to linear code over numbered registers. Linear code lets a
/// core stop at a lock and resume later. A register holds a 64-bit pattern. Integers are
/// sign-extended, except i1, which is 0 or 1. f32, bf16 and f16 are in the low bits, with zeros
/// above. Memory references are addresses in the form of pack_address(). mlir-aie unrolls loops, so
/// that each access to an object FIFO uses a fixed buffer. This code selects the buffer at run time
/// instead: registers count the position at each end of a FIFO.
struct CoreProgram {
  std::vector<CoreInstruction> code;
  int n_registers = 0;
};

/// Returns the pattern that represents an address in a register.
constexpr std::int64_t pack_address(CoreAddress address) {
  return static_cast<std::int64_t>(address.tile.column) << 48 |
         static_cast<std::int64_t>(address.tile.row) << 32 |
         static_cast<std::int64_t>(address.offset);
}
/// Returns the address that a register pattern represents.
constexpr CoreAddress unpack_address(std::int64_t pattern) {
  return {{static_cast<int>(pattern >> 48 & 0xffff), static_cast<int>(pattern >> 32 & 0xffff)},
          static_cast<std::uint32_t>(pattern & 0xffffffff)};
}

}  // namespace npuwhisper::emu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/core_compiler.h"
#include "emulator/lower/initial_data.h"

namespace npuwhisper::emu::lowering {
namespace {

struct NamedAlu {
  std::string_view name;
  Alu alu;
};

constexpr NamedAlu kBinary[] = {
    {"arith.addi", Alu::Add},
    {"arith.subi", Alu::Sub},
    {"arith.muli", Alu::Mul},
    {"arith.divsi", Alu::DivS},
    {"arith.divui", Alu::DivU},
    {"arith.remsi", Alu::RemS},
    {"arith.remui", Alu::RemU},
    {"arith.ceildivsi", Alu::CeilDivS},
    {"arith.floordivsi", Alu::FloorDivS},
    {"arith.andi", Alu::And},
    {"arith.ori", Alu::Or},
    {"arith.xori", Alu::Xor},
    {"arith.shli", Alu::Shl},
    {"arith.shrsi", Alu::ShrS},
    {"arith.shrui", Alu::ShrU},
    {"arith.maxsi", Alu::MaxS},
    {"arith.minsi", Alu::MinS},
    {"arith.maxui", Alu::MaxU},
    {"arith.minui", Alu::MinU},
    {"arith.addf", Alu::AddF},
    {"arith.subf", Alu::SubF},
    {"arith.mulf", Alu::MulF},
    {"arith.divf", Alu::DivF},
    {"arith.remf", Alu::RemF},
    {"arith.maximumf", Alu::MaxF},
    {"arith.minimumf", Alu::MinF},
    {"arith.maxnumf", Alu::MaxF},
    {"arith.minnumf", Alu::MinF},
    {"index.add", Alu::Add},
    {"index.sub", Alu::Sub},
    {"index.mul", Alu::Mul},
};

constexpr NamedAlu kUnary[] = {
    {"arith.negf", Alu::NegF},   {"math.absf", Alu::AbsF},  {"math.sqrt", Alu::SqrtF},
    {"math.exp", Alu::ExpF},     {"math.log", Alu::LogF},   {"math.tanh", Alu::TanhF},
    {"math.floor", Alu::FloorF}, {"math.ceil", Alu::CeilF},
};

constexpr NamedAlu kConversions[] = {
    {"arith.extsi", Alu::SignExtend},     {"arith.extui", Alu::ZeroExtend},
    {"arith.trunci", Alu::Truncate},      {"arith.sitofp", Alu::IntToFloat},
    {"arith.uitofp", Alu::UIntToFloat},   {"arith.fptosi", Alu::FloatToInt},
    {"arith.fptoui", Alu::FloatToUInt},   {"arith.extf", Alu::ExtendFloat},
    {"arith.truncf", Alu::TruncateFloat},
};

// The order matches arith's enumeration of integer predicates.
constexpr Alu kIntegerPredicates[] = {Alu::Eq,  Alu::Ne,  Alu::LtS, Alu::LeS, Alu::GtS,
                                      Alu::GeS, Alu::LtU, Alu::LeU, Alu::GtU, Alu::GeU};

template <std::size_t N>
Alu find(const NamedAlu (&table)[N], const mlir::Operation& op) {
  for (const NamedAlu& entry : table) {
    if (entry.name == op.name) {
      return entry.alu;
    }
  }
  refuse_unmodelled(op.line, "operation '" + op.name + "' in a core");
}

bool is_float(ScalarType type) {
  return type == ScalarType::F32 || type == ScalarType::Bf16 || type == ScalarType::F16;
}

int width(ScalarType type) {
  switch (type) {
    case ScalarType::I1:
      return 1;
    case ScalarType::I8:
      return 8;
    case ScalarType::I16:
    case ScalarType::Bf16:
    case ScalarType::F16:
      return 16;
    case ScalarType::I32:
    case ScalarType::F32:
      return 32;
    case ScalarType::I64:
    case ScalarType::Index:
      break;
  }
  return 64;
}

}  // namespace

void CoreCompiler::constant_value(const Operation& op) {
  const mlir::Attribute* value = op.attribute("value");
  if (value == nullptr || op.results.size() != 1) {
    refuse_op(op, "requires attribute 'value'");
  }
  const ScalarType type = scalar_type(op.results[0]->type, op.line);
  std::int64_t pattern = 0;
  if (value->kind == mlir::AttributeKind::Float || value->kind == mlir::AttributeKind::Integer ||
      value->kind == mlir::AttributeKind::Bool) {
    const mlir::Number number{value->kind == mlir::AttributeKind::Float, value->integer,
                              value->real};
    if (type == ScalarType::Index || value->kind == mlir::AttributeKind::Bool) {
      pattern = value->integer;
    } else {
      pattern = static_cast<std::int64_t>(element_pattern(number, *op.results[0]->type, op.line));
    }
  } else {
    refuse_unmodelled(op.line, "a constant of type " + op.results[0]->type->text + " in a core");
  }
  const int bits = width(type);
  if (type == ScalarType::I1) {
    pattern &= 1;
  } else if (bits < 64) {
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    std::uint64_t low = static_cast<std::uint64_t>(pattern) & mask;
    if (!is_float(type) && (low >> (bits - 1) & 1) != 0) {
      low |= ~mask;
    }
    pattern = static_cast<std::int64_t>(low);
  }
  bind(op.results[0], constant(pattern, type));
}

void CoreCompiler::binary(const Operation& op) {
  if (op.operands.size() != 2) {
    refuse_op(op, "expects two operands");
  }
  const ScalarType type = scalar_type(op.operands[0]->type, op.line);
  const Alu alu = find(kBinary, op);
  if (is_float(type) != (op.name.back() == 'f')) {
    refuse_op(op, "does not take operands of type " + op.operands[0]->type->text);
  }
  bind_result(op, emit_binary(alu, type, scalar(op, 0), scalar(op, 1), op.line));
}

void CoreCompiler::unary(const Operation& op) {
  const int a = scalar(op, 0);
  const ScalarType type = scalar_type(op.operands[0]->type, op.line);
  if (!is_float(type)) {
    refuse_op(op, "does not take operands of type " + op.operands[0]->type->text);
  }
  CoreInstruction& instruction = emit(CoreOp::Unary, op.line);
  instruction.alu = find(kUnary, op);
  instruction.type = type;
  instruction.from = type;
  instruction.a = a;
  instruction.result = fresh();
  bind_result(op, program_.code.back().result);
}

void CoreCompiler::convert(const Operation& op) {
  const int a = scalar(op, 0);
  if (op.results.size() != 1) {
    refuse_op(op, "has one result");
  }
  const ScalarType from = scalar_type(op.operands[0]->type, op.line);
  const ScalarType to = scalar_type(op.results[0]->type, op.line);
  const Alu alu = find(kConversions, op);
  const bool from_float = alu == Alu::FloatToInt || alu == Alu::FloatToUInt ||
                          alu == Alu::ExtendFloat || alu == Alu::TruncateFloat;
  const bool to_float = alu == Alu::IntToFloat || alu == Alu::UIntToFloat ||
                        alu == Alu::ExtendFloat || alu == Alu::TruncateFloat;
  if (is_float(from) != from_float || is_float(to) != to_float) {
    refuse_op(
        op, "does not convert " + op.operands[0]->type->text + " to " + op.results[0]->type->text);
  }
  CoreInstruction& instruction = emit(CoreOp::Unary, op.line);
  instruction.alu = alu;
  instruction.type = to;
  instruction.from = from;
  instruction.a = a;
  instruction.result = fresh();
  bind_result(op, program_.code.back().result);
}

void CoreCompiler::index_cast(const Operation& op) {
  const int a = scalar(op, 0);
  if (op.results.size() != 1) {
    refuse_op(op, "has one result");
  }
  const ScalarType from = scalar_type(op.operands[0]->type, op.line);
  const ScalarType to = scalar_type(op.results[0]->type, op.line);
  if (is_float(from) || is_float(to)) {
    refuse_op(op, "does not convert floats");
  }
  CoreInstruction& instruction = emit(CoreOp::Unary, op.line);
  instruction.alu = width(to) < width(from)           ? Alu::Truncate
                    : op.name == "arith.index_castui" ? Alu::ZeroExtend
                                                      : Alu::SignExtend;
  instruction.type = to;
  instruction.from = from;
  instruction.a = a;
  instruction.result = fresh();
  bind_result(op, program_.code.back().result);
}

void CoreCompiler::compare_integers(const Operation& op) {
  const int predicate =
      choice(op, "predicate", {"eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"});
  const int a = scalar(op, 0);
  const int b = scalar(op, 1);
  bind_result(op, emit_compare(kIntegerPredicates[predicate],
                               scalar_type(op.operands[0]->type, op.line), a, b, op.line));
}

void CoreCompiler::compare_floats(const Operation& op) {
  const int predicate = choice(op, "predicate",
                               {"false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq",
                                "ugt", "uge", "ult", "ule", "une", "uno", "true"});
  // The core evaluates oeq, ogt, oge, olt, ole and une directly. The core evaluates ugt, uge, ult
  // and ule as the negations of the opposite ordered predicates. For example, ult is the negation
  // of oge.
  constexpr Alu kFloatPredicates[] = {Alu::None, Alu::EqF,  Alu::GtF,  Alu::GeF, Alu::LtF, Alu::LeF,
                                      Alu::None, Alu::None, Alu::None, Alu::LeF, Alu::LtF, Alu::GeF,
                                      Alu::GtF,  Alu::NeF,  Alu::None, Alu::None};
  const Alu alu = kFloatPredicates[predicate];
  if (alu == Alu::None) {
    refuse_unmodelled(op.line, "predicate '" + text(op, "predicate") + "' of 'arith.cmpf'");
  }
  const int a = scalar(op, 0);
  const int b = scalar(op, 1);
  const int result = emit_compare(alu, scalar_type(op.operands[0]->type, op.line), a, b, op.line);
  const bool negated = predicate >= 9 && predicate <= 12;
  bind_result(op, negated ? emit_binary(Alu::Xor, ScalarType::I1, result,
                                        constant(1, ScalarType::I1), op.line)
                          : result);
}

void CoreCompiler::select(const Operation& op) {
  const int condition = scalar(op, 0);
  const int yes = scalar(op, 1);
  const int no = scalar(op, 2);
  CoreInstruction& instruction = emit(CoreOp::Select, op.line);
  instruction.type = scalar_type(op.operands[1]->type, op.line);
  instruction.from = instruction.type;
  instruction.a = condition;
  instruction.b = yes;
  instruction.c = no;
  instruction.result = fresh();
  bind_result(op, program_.code.back().result);
}

}  // namespace npuwhisper::emu::lowering

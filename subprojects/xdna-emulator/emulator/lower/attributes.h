// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/mlir/ir.h"
#include "emulator/mlir/refusal.h"

namespace npuwhisper::emu::lowering {

// The functions below give typed access to the attributes of operations. They throw Refusal, with
// the operation's name and line, if a required attribute is missing, or if an attribute is of the
// wrong kind or out of range.

/// Throws Refusal if `op` has an attribute that is not in `names`, because an unknown attribute may
/// change the behaviour of a design.
void know_attributes(const mlir::Operation& op, std::initializer_list<std::string_view> names);

/// Throws Refusal with the operation's line and a message such as "'aie.tile' op: message".
[[noreturn]] void refuse_op(const mlir::Operation& op, const std::string& message);

std::int64_t integer(const mlir::Operation& op, std::string_view name, std::int64_t min,
                     std::int64_t max);
std::int64_t integer_or(const mlir::Operation& op, std::string_view name, std::int64_t otherwise,
                        std::int64_t min, std::int64_t max);
std::optional<std::int64_t> optional_integer(const mlir::Operation& op, std::string_view name,
                                             std::int64_t min, std::int64_t max);
bool flag(const mlir::Operation& op, std::string_view name, bool otherwise = false);
/// Returns the text of a string, symbol or keyword.
std::string text(const mlir::Operation& op, std::string_view name);
std::optional<std::string> optional_text(const mlir::Operation& op, std::string_view name);
const mlir::Type& type(const mlir::Operation& op, std::string_view name);
std::vector<std::int64_t> integers(const mlir::Operation& op, std::string_view name);
std::vector<std::string> symbols(const mlir::Operation& op, std::string_view name);

/// Reads an enumeration. The attribute is a word or, in MLIR's generic form, a number. Returns the
/// position in `words`.
int choice(const mlir::Operation& op, std::string_view name,
           std::initializer_list<std::string_view> words);

/// A group of operands (see operandSegmentSizes) as a range of indices.
struct OperandRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
OperandRange operand_group(const mlir::Operation& op, std::size_t group);

struct PacketInfo {
  int id = 0;
  int type = 0;
};
std::optional<PacketInfo> packet_info(const mlir::Operation& op, std::string_view name);

/// Returns the size of a memref's element in bits, a multiple of 8.
int element_bits(const mlir::Type& memref, int line);
/// Returns the number of elements of a memref. Refuses dynamic shapes.
std::int64_t element_count(const mlir::Type& memref, int line);
/// Returns the size of a whole memref in bytes. Refuses dynamic shapes.
std::int64_t byte_size(const mlir::Type& memref, int line);

}  // namespace npuwhisper::emu::lowering

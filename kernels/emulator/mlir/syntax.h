// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "emulator/mlir/parser.h"

namespace npuwhisper::emu::mlir {

/// The pretty syntax that is known, by operation.
using SyntaxTable = std::span<const std::pair<std::string_view, SyntaxFunction>>;

SyntaxTable aie_syntax();  ///< But for DMA programs and object FIFOs:
SyntaxTable dma_syntax();
SyntaxTable fifo_syntax();
SyntaxTable aiex_syntax();
SyntaxTable standard_syntax();  ///< builtin, func, arith, math, index, cf.
SyntaxTable memref_syntax();
SyntaxTable loop_syntax();  ///< scf, affine.

// Pieces that many operations share.
void open(Parser& parser);
void close(Parser& parser);
void comma(Parser& parser);
/// `4` or `4 : i32`, into an attribute.
void integer(Parser& parser, Operation& op, const char* name);
/// A bare word, into an attribute.
void word(Parser& parser, Operation& op, const char* name);

/// `[%a, 4, ?]`: constants go to `constants` (kDynamic for an SSA value), values to the operands.
/// Returns how many values there were.
int mixed_index_list(Parser& parser, Operation& op, std::vector<std::int64_t>& constants);

}  // namespace npuwhisper::emu::mlir

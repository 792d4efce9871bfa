// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "emulator/mlir/parser.h"

namespace npuwhisper::emu::mlir {

/// Maps names of operations to the functions that parse their pretty syntax.
using SyntaxTable = std::span<const std::pair<std::string_view, SyntaxFunction>>;

/// Returns the syntax of the aie dialect, except DMA programs and object FIFOs.
SyntaxTable aie_syntax();
SyntaxTable dma_syntax();   ///< Returns the syntax of DMA programs of the aie dialect.
SyntaxTable fifo_syntax();  ///< Returns the syntax of object FIFOs of the aie dialect.
SyntaxTable aiex_syntax();
/// Returns the syntax of the dialects builtin, func, arith, math, index and cf.
SyntaxTable standard_syntax();
SyntaxTable memref_syntax();
SyntaxTable loop_syntax();  ///< Returns the syntax of the dialects scf and affine.

// The functions below parse parts that many operations share.
void open(Parser& parser);
void close(Parser& parser);
void comma(Parser& parser);
/// Parses `4` or `4 : i32` and sets the attribute `name`.
void integer(Parser& parser, Operation& op, const char* name);
/// Parses a bare word and sets the attribute `name`.
void word(Parser& parser, Operation& op, const char* name);

/// Parses `[%a, 4]`. Appends the SSA values to the operands of `op`. Appends the constants to
/// `constants`, with kDynamic in place of each SSA value. Returns the number of SSA values.
int mixed_index_list(Parser& parser, Operation& op, std::vector<std::int64_t>& constants);

}  // namespace npuwhisper::emu::mlir

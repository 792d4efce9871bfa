// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/refusal.h"

namespace npuwhisper::emu {
namespace {

std::string located(int line, const std::string& message) {
  return line > 0 ? "line " + std::to_string(line) + ": " + message : message;
}

}  // namespace

void refuse(int line, const std::string& message) {
  throw Refusal{{ErrorCode::InvalidArgument, located(line, message)}};
}

void refuse_unmodelled(int line, const std::string& construct) {
  throw Refusal{{ErrorCode::Unsupported, located(line, construct + " is not modelled")}};
}

}  // namespace npuwhisper::emu

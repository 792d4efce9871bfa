// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/transaction.h"
#include "array/transaction_format.h"

namespace npuwhisper::npu {
namespace {

std::uint32_t device_generation(const ArrayModel& array) {
  return array.generation == Generation::Aie2 ? 3 : 4;
}

std::uint32_t u32(int value) {
  return static_cast<std::uint32_t>(value);
}

/// Appends an operation's words in form 0.1, with 64-bit addresses and a size in bytes.
struct Encoder {
  std::vector<std::uint32_t>& out;

  void operator()(const Write32& op) const {
    out.insert(out.end(), {kWrite, 0, op.address, 0, op.value, 6 * 4});
  }
  void operator()(const BlockWrite& op) const {
    const std::uint32_t column = op.address >> 25;
    const std::uint32_t row = op.address >> 20 & 0x1f;
    out.insert(out.end(), {kBlockWrite, column | row << 8, op.address,
                           static_cast<std::uint32_t>(4 + op.values.size()) * 4});
    out.insert(out.end(), op.values.begin(), op.values.end());
  }
  void operator()(const MaskWrite& op) const {
    out.insert(out.end(), {kMaskWrite, 0, op.address, 0, op.value, op.mask, 7 * 4});
  }
  void operator()(const MaskPoll& op) const {
    out.insert(out.end(), {kMaskPoll, 0, op.address, 0, op.value, op.mask, 7 * 4});
  }
  void operator()(const Sync& op) const {
    out.insert(out.end(), {kTaskCompleteToken, 4 * 4,
                           (op.mm2s ? 1U : 0U) | u32(op.tile.row) << 8 | u32(op.tile.column) << 16,
                           u32(op.n_rows) << 8 | u32(op.n_columns) << 16 | u32(op.channel) << 24});
  }
  void operator()(const PatchAddress& op) const {
    out.insert(out.end(), {kDdrPatch, 12 * 4, 0, 0, 0, 0, op.address, 0, u32(op.argument), 0,
                           static_cast<std::uint32_t>(op.offset),
                           static_cast<std::uint32_t>(op.offset >> 32)});
  }
  void operator()(const LoadPdi& op) const {
    out.insert(out.end(),
               {kLoadPdi | op.id << 16, op.bytes, static_cast<std::uint32_t>(op.pdi_address),
                static_cast<std::uint32_t>(op.pdi_address >> 32)});
  }
  void operator()(const Noop& /*op*/) const { out.push_back(kNoop); }
  void operator()(const Preempt& op) const { out.push_back(kPreempt | op.level << 8); }
};

}  // namespace

std::vector<std::uint32_t> encode(std::span<const Instruction> instructions,
                                  const ArrayModel& array, int n_columns) {
  std::vector<std::uint32_t> out{u32(array.n_rows) << 24 | device_generation(array) << 16 | 1U << 8,
                                 kMemTileRows << 8 | u32(n_columns),
                                 static_cast<std::uint32_t>(instructions.size()), 0};
  for (const Instruction& instruction : instructions) std::visit(Encoder{out}, instruction);
  out[3] = static_cast<std::uint32_t>(out.size() * 4);
  return out;
}

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "array/buffer_descriptor.h"
#include "array/transaction.h"
#include "emulator/array/array.h"
#include "emulator/design.h"

/// Hand-written designs and instruction streams for the tests of the emulated array.
namespace npuwhisper::emu::test {

/// Host buffers at device addresses that are not host addresses.
class HostMemory final : public DeviceMemory {
 public:
  /// Adds a buffer that holds `words` and returns its device address.
  std::uint64_t add(std::vector<std::uint32_t> words) {
    const std::uint64_t address = next_;
    next_ += (words.size() * 4 + 0x1ffff) & ~std::uint64_t{0xffff};
    buffers_[address] = std::move(words);
    return address;
  }
  std::vector<std::uint32_t>& words(std::uint64_t address) { return buffers_.at(address); }

  std::span<std::byte> at(std::uint64_t address, std::size_t bytes) override {
    auto buffer = buffers_.upper_bound(address);
    if (buffer == buffers_.begin()) return {};
    --buffer;
    const auto all = std::as_writable_bytes(std::span(buffer->second));
    const std::uint64_t offset = address - buffer->first;
    if (offset > all.size() || bytes > all.size() - offset) return {};
    return all.subspan(offset, bytes);
  }

 private:
  std::map<std::uint64_t, std::vector<std::uint32_t>> buffers_;
  std::uint64_t next_ = 0x4000'0000'0000;
};

inline std::vector<std::uint32_t> counting(std::size_t n, std::uint32_t first = 1) {
  std::vector<std::uint32_t> words(n);
  for (std::size_t i = 0; i < n; ++i) words[i] = first + static_cast<std::uint32_t>(i);
  return words;
}

/// Builds a core's program instruction by instruction. The test assigns the register numbers.
class Program {
 public:
  Program& constant(int result, std::int64_t value) {
    return add({.op = CoreOp::Constant, .result = result, .immediate = value});
  }
  Program& address(int result, npu::TileId tile, std::uint32_t offset) {
    return constant(result, pack_address({tile, offset}));
  }
  Program& binary(Alu alu, int result, int a, int b, ScalarType type = ScalarType::I32) {
    return add({.op = CoreOp::Binary, .alu = alu, .type = type, .result = result, .a = a, .b = b});
  }
  Program& load(int result, int address, int offset, ScalarType type = ScalarType::I32) {
    return add({.op = CoreOp::Load, .type = type, .result = result, .a = address, .b = offset});
  }
  Program& store(int address, int offset, int value, ScalarType type = ScalarType::I32) {
    return add({.op = CoreOp::Store, .type = type, .a = address, .b = offset, .c = value});
  }
  Program& acquire(npu::TileId tile, int lock, std::int64_t value,
                   LockAction action = LockAction::AcquireAtLeast) {
    return add({.op = CoreOp::UseLock,
                .immediate = value,
                .lock_tile = tile,
                .lock = lock,
                .lock_action = action});
  }
  Program& release(npu::TileId tile, int lock, std::int64_t value) {
    return acquire(tile, lock, value, LockAction::Release);
  }
  Program& call(std::string callee, std::vector<CallArgument> arguments, int result = -1,
                ScalarType type = ScalarType::I32) {
    return add({.op = CoreOp::Call,
                .type = type,
                .result = result,
                .callee = std::move(callee),
                .arguments = std::move(arguments)});
  }
  /// Adds a loop that runs the instructions of `body` `n` times. The loop counts in register
  /// `counter` and overwrites registers `scratch` and `scratch + 1`.
  template <typename Body>
  Program& loop(int counter, std::int64_t n, int scratch, Body body) {
    constant(counter, 0);
    constant(scratch, n);
    const int head = static_cast<int>(code_.size());
    add({.op = CoreOp::Compare,
         .alu = Alu::LtS,
         .type = ScalarType::I1,
         .from = ScalarType::Index,
         .result = scratch + 1,
         .a = counter,
         .b = scratch});
    const std::size_t exit = code_.size();
    add({.op = CoreOp::JumpIfNot, .a = scratch + 1});
    body(*this);
    constant(scratch + 1, 1);
    binary(Alu::Add, counter, counter, scratch + 1, ScalarType::Index);
    add({.op = CoreOp::Jump, .target = head});
    code_[exit].target = static_cast<int>(code_.size());
    return *this;
  }
  Program& forever(void (*body)(Program&)) {
    const int head = static_cast<int>(code_.size());
    body(*this);
    return add({.op = CoreOp::Jump, .target = head});
  }
  Program& add(CoreInstruction instruction) {
    instruction.line = static_cast<int>(code_.size()) + 1;
    code_.push_back(std::move(instruction));
    return *this;
  }
  CoreProgram end() {
    add({.op = CoreOp::End});
    return {code_, 32};
  }

 private:
  std::vector<CoreInstruction> code_;
};

inline Port dma(npu::TileId tile, int channel) {
  return {tile, PortKind::Dma, channel};
}
inline Port core_port(npu::TileId tile, int channel) {
  return {tile, PortKind::Core, channel};
}

/// Builds an instruction stream.
class Stream {
 public:
  explicit Stream(const Design& design) : design_(design) {}

  /// Writes a descriptor into a tile's registers. With `argument`, the descriptor's address is
  /// patched to that argument's address plus `offset`.
  Stream& descriptor(npu::TileId tile, int id, npu::BufferDescriptor descriptor,
                     std::optional<int> argument = {}, std::uint64_t offset = 0) {
    descriptor.valid = true;
    const npu::TileKind kind = design_.array->kind(tile);
    const auto words = npu::pack(descriptor, kind, *design_.array);
    EXPECT_TRUE(words) << words.error().message;
    const std::uint32_t address = npu::tile_address(tile, npu::descriptor_register(kind, id));
    instructions_.push_back(
        npu::BlockWrite{address, {words->begin(), words->begin() + npu::descriptor_words(kind)}});
    if (argument) instructions_.push_back(npu::PatchAddress{address + 4, *argument, offset});
    return *this;
  }
  Stream& push(npu::TileId tile, bool mm2s, int channel, npu::Task task) {
    const npu::TileKind kind = design_.array->kind(tile);
    const auto word = npu::pack_task(task, kind, *design_.array);
    EXPECT_TRUE(word) << word.error().message;
    return write(npu::tile_address(tile, npu::queue_register(kind, mm2s, channel)), *word);
  }
  Stream& controller_id(npu::TileId tile, bool mm2s, int channel, int id) {
    return add(npu::controller_id_write(tile, design_.array->kind(tile), mm2s, channel, id));
  }
  Stream& write(std::uint32_t address, std::uint32_t value) {
    instructions_.push_back(npu::Write32{address, value});
    return *this;
  }
  Stream& sync(npu::TileId tile, bool mm2s, int channel, int n_columns = 1) {
    instructions_.push_back(npu::Sync{tile, mm2s, channel, 1, n_columns});
    return *this;
  }
  Stream& add(npu::Instruction instruction) {
    instructions_.push_back(std::move(instruction));
    return *this;
  }
  std::vector<std::uint32_t> words() const {
    return npu::encode(instructions_, *design_.array, design_.n_columns);
  }

 private:
  const Design& design_;
  std::vector<npu::Instruction> instructions_;
};

inline const npu::ArrayModel* npu1() {
  return *npu::find_array("npu1");
}

inline npu::BufferDescriptor linear(std::uint32_t words, std::uint64_t address = 0) {
  npu::BufferDescriptor descriptor;
  descriptor.valid = true;
  descriptor.address = address;
  descriptor.length = words;
  return descriptor;
}

/// Adds locks to a descriptor. The descriptor acquires lock `acquire` when the lock is at least 1,
/// and releases lock `release` by 1.
inline npu::BufferDescriptor locked(npu::BufferDescriptor descriptor, std::uint32_t acquire,
                                    std::uint32_t release) {
  descriptor.acquire_enable = true;
  descriptor.acquire_lock = acquire;
  descriptor.acquire_value = -1;
  descriptor.release_lock = release;
  descriptor.release_value = 1;
  return descriptor;
}

inline npu::BufferDescriptor then(npu::BufferDescriptor descriptor, std::uint32_t next) {
  descriptor.use_next = true;
  descriptor.next = next;
  return descriptor;
}

/// Returns a route for the task-complete tokens of a tile. The route takes tokens with the
/// controller id `id` to host port `port` of the column's shim. Without `id`, the route is a
/// circuit, which takes tokens with any id.
inline Route token_route(npu::TileId tile, std::optional<int> id, int port = 0) {
  return {{tile, PortKind::Control, 0}, {{{tile.column, 0}, PortKind::South, port}}, id, true};
}

/// Configures an array with the design. Adds a route for the tokens of each tile. The routes take
/// controller id 0, the id of a channel to which no id was written. Fails the test and returns
/// nullptr if the array refuses the design.
inline std::unique_ptr<Array> configured(Design design, std::span<const Image::Kernel> kernels = {},
                                         Array::Options options = {}) {
  for (int column = 0; column < design.n_columns; ++column) {
    for (int row = 0; row < design.array->n_rows; ++row) {
      design.routes.push_back(token_route({column, row}, 0));
    }
  }
  auto array = Array::create(design, kernels, options);
  EXPECT_TRUE(array) << array.error().message;
  return array ? std::move(*array) : nullptr;
}

}  // namespace npuwhisper::emu::test

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "array/buffer_descriptor.h"
#include "array/transaction.h"
#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

/// Compiles a runtime sequence to instructions by interpreting the sequence. Evaluates constants
/// and runs loops with constant bounds. For each aiex operation, appends the same instructions as
/// mlir-aie's lowering (descriptor write, address patch, queue push, sync). Refuses sequences that
/// depend on values known only at run time. One instance compiles one sequence. Throws Refusal.
class SequenceCompiler {
 public:
  explicit SequenceCompiler(const DeviceDraft& draft) : draft_(draft) {}
  RuntimeSequence compile(const mlir::Operation& sequence);

 private:
  using Operation = mlir::Operation;
  using Block = mlir::Block;
  using Value = mlir::Value;

  /// A view of host memory that starts at a byte offset in the memory of a sequence argument.
  struct Host {
    int argument = -1;
    std::int64_t offset = 0;  ///< Offset in bytes.
  };
  struct Bound {
    enum class Kind : std::uint8_t { Number, Host, Task, Data } kind = Kind::Number;
    std::int64_t number = 0;
    Host host{};
    int task = -1;
    std::vector<std::uint32_t> data{};
  };
  struct Channel {
    npu::TileId tile{};
    bool mm2s = false;
    int channel = 0;
    friend auto operator<=>(const Channel&, const Channel&) = default;
  };
  /// A configured chain of descriptors.
  struct Task {
    Channel channel{};
    std::vector<int> ids{};
    bool issue_token = false;
    int repeat = 0;
    bool awaited = false;
  };
  /// The blocks of a chain that hold descriptors, in order.
  struct Chain {
    std::vector<const Block*> blocks{};
    int loops_to = -1;  ///< Index of the block that follows the last one; -1 if none.
  };
  using Handler = void (SequenceCompiler::*)(const Operation&);
  static const std::map<std::string_view, Handler>& handlers();

  // The functions below are defined in sequence_values.cpp. They evaluate numbers and memories that
  // are known when the sequence is compiled.
  const Bound& bound(const Operation& op, const Value* value);
  std::int64_t number_of(const Operation& op, const Value* value);
  std::int64_t number(const Operation& op, std::size_t operand);
  void bind_number(const Operation& op, std::int64_t value);
  /// Returns a field of `op`. In newer MLIR-AIE texts, the field is the operand with the index
  /// `operand`. In older texts, it is the attribute `name`.
  std::int64_t field(const Operation& op, std::size_t operand, std::string_view name);
  std::vector<std::int64_t> mixed(const Operation& op, std::string_view name, std::size_t group);
  void constant(const Operation& op);
  void arithmetic(const Operation& op);
  void cast(const Operation& op);
  void compare(const Operation& op);
  void select(const Operation& op);
  void subview(const Operation& op);
  void reinterpret(const Operation& op);
  void pass(const Operation& op);
  void get_global(const Operation& op);

  // The functions below are defined in sequence.cpp. They execute control flow.
  void emit(npu::Instruction instruction);
  void run_block(const Block& block);
  void run_operation(const Operation& op);
  void run_yielding(const Operation& op, const Block& block, std::vector<Bound>& results);
  void for_loop(const Operation& op);
  void if_else(const Operation& op);
  void ignore(const Operation&) {}
  void configure(const Operation& op);
  void run_sequence(const Operation& op);
  void call_body(const Operation& op, const Operation& sequence);

  // The functions below are defined in sequence_registers.cpp. They compile operations on
  // registers.
  void write32(const Operation& op);
  void mask_write32(const Operation& op);
  void block_write(const Operation& op);
  void rtp_write(const Operation& op);
  void address_patch(const Operation& op);
  void sync(const Operation& op);
  void push_queue(const Operation& op);
  void write_bd(const Operation& op);
  void set_lock(const Operation& op);
  void load_pdi(const Operation& op);
  void preempt(const Operation& op);
  void channel_reset(const Operation& op);
  void core_reset(const Operation& op);
  void buffer_clear(const Operation& op);
  std::uint32_t absolute_address(const Operation& op, std::int64_t address);
  npu::TileId checked_tile(const Operation& op, std::int64_t column, std::int64_t row);
  void emit_push(const Operation& op, const Channel& channel, int descriptor, int repeat,
                 bool issue_token);
  void emit_descriptor(const Operation& op, npu::TileId tile, int id,
                       const npu::BufferDescriptor& descriptor);
  /// Emits the address patch that makes a shim descriptor point to host memory.
  void emit_host_address(npu::TileId tile, int id, const Host& host);

  // The functions below are defined in sequence_dma.cpp. They compile transfers.
  void dma_memcpy_nd(const Operation& op);
  void dma_wait(const Operation& op);

  // The functions below are defined in sequence_tasks.cpp. They compile configured chains of
  // descriptors.
  void configure_task(const Operation& op);
  void start_task(const Operation& op);
  void await_task(const Operation& op);
  void free_task(const Operation& op);
  void start_bd_chain(const Operation& op);
  Chain follow_chain(const Operation& op, const mlir::Region& region);
  int make_task(const Operation& op, const mlir::Region& region);
  void start(const Operation& op, int task);
  Channel task_channel(const Operation& op, std::optional<PacketInfo>& packet);
  /// Returns the host memory of a task's block. Throws Refusal.
  Host task_memory(const Operation& op, npu::TileKind kind, const BlockDraft& block);
  /// Emits the descriptor of a task's block, and the address of its host memory. Throws Refusal.
  void write_block(const Operation& op, const Channel& channel, int id, BlockDraft block, int next);
  int take_descriptor(const Operation& op, const Channel& channel, std::optional<int> wanted);
  int task_of(const Operation& op);

  const DeviceDraft& draft_;
  std::vector<npu::Instruction> instructions_{};
  std::map<const Value*, Bound> values_{};
  std::vector<Task> tasks_{};
  std::map<npu::TileId, std::set<int>> descriptors_in_use_{};
  std::map<Channel, int> tokens_{};
  std::set<std::string> running_{};
  std::size_t steps_ = 0;
  std::size_t n_words_ = 0;  ///< Number of data words in the block writes.
  int line_ = 0;             ///< Line of the current operation.
};

}  // namespace npuwhisper::emu::lowering

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emulator/core_program.h"
#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

/// The result of compiling a core's body.
struct CompiledCore {
  CoreProgram program{};
  std::vector<std::string> kernel_objects{};
  std::vector<Buffer> data{};  ///< The code's constants and allocations, in the tile's memory.
};

/// Compiles the bodies of aie.core to linear code over registers. Supports structured and
/// unstructured control flow, arithmetic, memory views, locks, object FIFO accesses (counted in
/// registers), and calls. Inlines calls to functions with a body. All other calls go to kernel
/// objects. One instance compiles one core. Throws Refusal.
class CoreCompiler {
 public:
  CoreCompiler(const DeviceDraft& draft, const CoreDraft& core) : draft_(draft), core_(core) {}
  CompiledCore compile();

 private:
  using Operation = mlir::Operation;
  using Block = mlir::Block;
  using Value = mlir::Value;

  /// A memref at run time: its start and its strides.
  struct View {
    int base = -1;                        ///< Register with the start as a packed CoreAddress.
    std::vector<std::int64_t> strides{};  ///< Strides in elements, one for each dimension.
    const mlir::Type* type = nullptr;
  };
  /// The result of an acquire: `n_objects` objects. Register `position` holds the FIFO position of
  /// the first object, which is the oldest object held.
  struct Subview {
    const FifoEnd* end = nullptr;
    int position = -1;
    int n_objects = 0;
  };
  struct Bound {
    enum class Kind : std::uint8_t { Scalar, View, Subview } kind = Kind::Scalar;
    int reg = -1;
    View view{};
    Subview subview{};
  };
  struct FifoCounters {
    /// Register that holds the position of the oldest object held, or of the next object if none is
    /// held.
    int position = -1;
    int held = -1;  ///< Register that holds the number of objects held.
  };
  using Handler = void (CoreCompiler::*)(const Operation&);
  static const std::map<std::string_view, Handler>& handlers();

  // The functions below are defined in core_compiler.cpp. They emit code and compile calls.
  int fresh() { return program_.n_registers++; }
  int constant(std::int64_t value, ScalarType type);
  int variable(std::int64_t initial, ScalarType type);
  CoreInstruction& emit(CoreOp op, int line);
  int emit_binary(Alu alu, ScalarType type, int a, int b, int line);
  int emit_compare(Alu alu, ScalarType type, int a, int b, int line);
  void emit_copy(int to, int from, ScalarType type, int line);
  /// Emits copies that take effect simultaneously: each copy reads its source before any register
  /// changes.
  void emit_copies(const std::vector<int>& to, const std::vector<int>& from,
                   const std::vector<ScalarType>& types, int line);
  std::size_t emit_jump(int line);
  std::size_t emit_jump_if_not(int condition, int line);
  void patch(std::size_t jump) { program_.code[jump].target = here(); }
  int here() const { return static_cast<int>(program_.code.size()); }
  void compile_operation(const Operation& op);
  void call(const Operation& op);
  void inline_call(const Operation& op, const Operation& function);
  void link(const std::string& object);
  void ignore(const Operation&) {}
  void end(const Operation& op);

  // The functions below are defined in core_values.cpp. They assign registers to values.
  Bound& bound(const Operation& op, const Value* value);
  int scalar(const Operation& op, std::size_t operand);
  int scalar_of(const Operation& op, const Value* value);
  std::int64_t local_lock(const Operation& op, int lock) const;
  void bind(const Value* value, int reg);
  void bind_result(const Operation& op, int reg);
  ScalarType scalar_type(const mlir::Type* type, int line) const;
  /// Gives each value (result, loop variable or block argument) a register of its own and returns
  /// the registers.
  std::vector<int> make_registers(const Operation& op, const std::vector<Value*>& values);
  /// Returns the registers of values. The register of a memref holds the memref's start.
  std::vector<int> registers_of(const Operation& op, const std::vector<Value*>& values);
  int register_of(const Operation& op, const Value* value);
  /// Binds a value that control flow passes in register `reg`. A memref has the layout of its type.
  void bind_passed(const Value* value, int reg, int line);
  ScalarType passed_type(const Value* value, int line) const;
  std::vector<ScalarType> types_of(const Operation& op, const std::vector<Value*>& values) const;

  // The functions below are defined in core_control.cpp. They compile control flow.
  void compile_region(const mlir::Region& region);
  void compile_block(const Block& block);
  const Block& only_block(const Operation& op, std::size_t region) const;
  /// Compiles a region of one block and copies the values of its `terminator` to registers `to`.
  void compile_yielding(const Operation& op, std::size_t region, std::string_view terminator,
                        const std::vector<int>& to);
  void jump_to(const mlir::Successor& successor, const Operation& op);
  void compile_loop(const Operation& op, int lower, int upper, int step, ScalarType type,
                    std::size_t first_init, std::string_view terminator);
  void for_loop(const Operation& op);
  void affine_for(const Operation& op);
  void if_else(const Operation& op);
  void while_loop(const Operation& op);
  void index_switch(const Operation& op);
  void branch(const Operation& op);
  void conditional_branch(const Operation& op);

  // The functions below are defined in core_scalar.cpp.
  void constant_value(const Operation& op);
  void binary(const Operation& op);
  void unary(const Operation& op);
  void convert(const Operation& op);
  void index_cast(const Operation& op);
  void compare_integers(const Operation& op);
  void compare_floats(const Operation& op);
  void select(const Operation& op);

  // The functions below are defined in core_memory.cpp.
  void load(const Operation& op);
  void store(const Operation& op);
  void get_global(const Operation& op);
  void allocate(const Operation& op);
  void subview(const Operation& op);
  void reinterpret(const Operation& op);
  void reshape(const Operation& op);
  void pass_view(const Operation& op);
  void copy(const Operation& op);
  static std::vector<std::int64_t> layout(const mlir::Type& memref, int line);
  View view(const Operation& op, const Value* value);
  void bind_view(const Operation& op, View view);
  View buffer_view(const Operation& op, int buffer);
  View data_view(const Operation& op, const std::string& name, const mlir::Type& type,
                 std::vector<std::byte> initial);
  /// Emits the computation of an element's byte offset. The indices are the operands from number
  /// `first_index` on. Returns the offset's register.
  int element_offset(const Operation& op, const View& view, std::size_t first_index);
  int advance(const Operation& op, const View& view, int elements);
  std::vector<int> mixed_registers(const Operation& op, std::string_view name, std::size_t group);

  // The functions below are defined in core_fifo.cpp.
  void use_lock(const Operation& op);
  void acquire(const Operation& op);
  void release(const Operation& op);
  void access(const Operation& op);
  View object(const Operation& op, const Subview& subview, std::int64_t index,
              const mlir::Type& type);
  void event(const Operation& op);
  void put_stream(const Operation& op);
  void get_stream(const Operation& op);
  const FifoEnd& fifo_end(const Operation& op, FifoCounters*& counters);
  void emit_lock(int lock, LockAction action, int value_register, std::int64_t value, int line);

  const DeviceDraft& draft_;
  const CoreDraft& core_;
  CoreProgram program_{};
  std::map<const Value*, Bound> values_{};
  std::map<std::pair<ScalarType, std::int64_t>, int> constants_{};
  std::vector<std::pair<int, std::pair<ScalarType, std::int64_t>>> preamble_{};
  std::map<const Block*, int> block_start_{};
  std::vector<std::pair<std::size_t, const Block*>> block_jumps_{};
  std::map<std::pair<std::string, bool>, FifoCounters> counters_{};
  std::vector<std::string> kernel_objects_{};
  std::vector<Buffer> data_{};
  std::map<std::string, std::size_t> data_named_{};
  std::uint32_t data_end_ = 0;
  std::set<std::string> inlining_{};
  std::size_t n_operations_ = 0;
};

}  // namespace npuwhisper::emu::lowering

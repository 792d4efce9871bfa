// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace npuwhisper::emu::mlir {

/// MLIR as data: operations with operands, results, attributes, successors and regions, whatever
/// their dialect. Pretty and generic syntax give the same tree, with the names and operand order of
/// the generic form. Everything is owned by the Module's pools and freed with it, without
/// recursion; all pointers point into them.

struct Block;
struct Operation;
struct Attribute;

constexpr std::int64_t kDynamic = std::numeric_limits<std::int64_t>::min();

enum class TypeKind : std::uint8_t {
  None,
  Integer,
  Index,
  Float,
  MemRef,
  UnrankedMemRef,
  Tensor,
  Vector,
  Function,
  ObjectFifo,
  ObjectFifoSubview,
  Other
};

struct Type {
  TypeKind kind = TypeKind::None;
  int width = 0;             ///< Bits of an integer or a float.
  bool is_unsigned = false;  ///< ui8, ui32 ...
  bool is_bf16 = false;
  std::vector<std::int64_t> shape{};  ///< MemRef, Tensor, Vector; kDynamic for `?`.
  const Type* element = nullptr;      ///< Of MemRef, Tensor, Vector, ObjectFifo, ObjectFifoSubview.
  bool has_layout = false;            ///< MemRef with strided<...>.
  std::vector<std::int64_t> strides{};
  std::int64_t offset = 0;
  std::vector<const Type*> inputs{};  ///< Function.
  std::vector<const Type*> results{};
  std::string text{};  ///< As written, for messages.
};

enum class AttributeKind : std::uint8_t {
  Unit,
  Bool,
  Integer,
  Float,
  String,
  Symbol,  ///< @a or @a::@b; text without the @, parts joined by "::".
  Array,
  Dictionary,
  Type,
  Dense,       ///< dense<...>: numbers.
  DenseArray,  ///< array<i64: ...>: numbers.
  Keyword,     ///< A bare word, as enumerations are written.
  Struct,      ///< <a = 1, b = 2> or #dialect.name<...>: fields, text = the name or empty.
};

struct Number {
  bool is_float = false;
  std::int64_t integer = 0;
  double real = 0;
};

struct Attribute {
  AttributeKind kind = AttributeKind::Unit;
  std::int64_t integer = 0;  ///< Integer, Bool.
  double real = 0;
  std::string text{};
  const emu::mlir::Type* type = nullptr;  ///< Type, and what follows `:`.
  std::vector<const Attribute*> elements{};
  std::vector<std::pair<std::string, const Attribute*>> fields{};
  std::vector<Number> numbers{};
  bool splat = false;  ///< Dense: one number for all elements.

  /// A field of Dictionary or Struct; null where absent.
  const Attribute* field(std::string_view name) const;
};

struct Value {
  const Type* type = nullptr;
  Operation* owner = nullptr;  ///< Null for a block's argument.
  Block* block = nullptr;      ///< Of an argument.
  int index = 0;
  std::string name{};  ///< Without the %.
};

struct Successor {
  Block* block = nullptr;
  std::vector<Value*> arguments{};
};

struct Region {
  std::vector<Block*> blocks{};
};

struct Operation {
  std::string name{};
  int line = 0;
  Block* parent = nullptr;
  std::vector<Value*> operands{};
  std::vector<Value*> results{};
  std::vector<std::pair<std::string, const Attribute*>> attributes{};
  std::vector<Successor> successors{};
  std::vector<Region> regions{};

  const Attribute* attribute(std::string_view key) const;  ///< Null where absent.
  void set(std::string key, const Attribute* value);
};

struct Block {
  std::string label{};
  int line = 0;
  Operation* parent = nullptr;  ///< The operation whose region holds the block.
  std::vector<Value*> arguments{};
  std::vector<Operation*> operations{};
};

/// The top-level operations of a text and the pools that own everything.
class Module {
 public:
  Module() = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;

  std::vector<Operation*> operations{};

  Operation* add(Operation operation) { return &operations_.emplace_back(std::move(operation)); }
  Block* add(Block block) { return &blocks_.emplace_back(std::move(block)); }
  Value* add(Value value) { return &values_.emplace_back(std::move(value)); }
  const Type* add(Type type) { return &types_.emplace_back(std::move(type)); }
  const Attribute* add(Attribute attribute) {
    return &attributes_.emplace_back(std::move(attribute));
  }

 private:
  std::deque<Operation> operations_{};
  std::deque<Block> blocks_{};
  std::deque<Value> values_{};
  std::deque<Type> types_{};
  std::deque<Attribute> attributes_{};
};

}  // namespace npuwhisper::emu::mlir

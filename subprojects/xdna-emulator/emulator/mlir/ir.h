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

// The tree of a parsed MLIR text: operations of any dialect with operands, results, attributes,
// successors and regions. Pretty and generic syntax are parsed to the same tree, which has the
// names and the operand order of the generic form. The Module's pools own all nodes and free them
// without recursion. All pointers between nodes point into the pools.

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
  int width = 0;             ///< Width of an integer or a float in bits.
  bool is_unsigned = false;  ///< Whether an integer is unsigned, such as ui8.
  bool is_bf16 = false;
  std::vector<std::int64_t> shape{};  ///< Shape of a MemRef, Tensor or Vector; kDynamic for `?`.
  /// Element type of a MemRef, Tensor, Vector, ObjectFifo or ObjectFifoSubview.
  const Type* element = nullptr;
  bool has_layout = false;  ///< Whether a MemRef has a strided<...> layout.
  std::vector<std::int64_t> strides{};
  std::int64_t offset = 0;
  std::vector<const Type*> inputs{};   ///< Argument types of a Function.
  std::vector<const Type*> results{};  ///< Result types of a Function.
  std::string text{};                  ///< The type as written, for messages.
};

enum class AttributeKind : std::uint8_t {
  Unit,
  Bool,
  Integer,
  Float,
  String,
  Symbol,  ///< @a or @a::@b. `text` holds the names without @, joined by "::".
  Array,
  Dictionary,
  Type,
  Dense,       ///< dense<...>. `numbers` holds the data, or `text` if it is hexadecimal.
  DenseArray,  ///< array<i64: ...>. `numbers` holds the data.
  Keyword,     ///< A bare word, such as an enumeration's value.
  Struct,      ///< <a = 1, b = 2> or #dialect.name<...>. `text` holds the name, if any.
};

struct Number {
  bool is_float = false;
  std::int64_t integer = 0;
  double real = 0;
};

struct Attribute {
  AttributeKind kind = AttributeKind::Unit;
  std::int64_t integer = 0;  ///< Value of an Integer or a Bool.
  double real = 0;           ///< Value of a Float.
  std::string text{};
  /// Value of a Type attribute. For other kinds, the type that follows the value after `:`.
  const emu::mlir::Type* type = nullptr;
  std::vector<const Attribute*> elements{};
  std::vector<std::pair<std::string, const Attribute*>> fields{};
  std::vector<Number> numbers{};
  bool splat = false;  ///< Whether a Dense has one number that applies to all elements.

  /// Returns a field of a Dictionary or a Struct; null if absent.
  const Attribute* field(std::string_view name) const;
};

struct Value {
  const Type* type = nullptr;
  Operation* owner = nullptr;  ///< Operation whose result the value is; null for a block argument.
  Block* block = nullptr;      ///< Block whose argument the value is; null for a result.
  int index = 0;
  std::string name{};  ///< Name without the %.
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

  /// Returns the attribute `key`; null if it is absent.
  const Attribute* attribute(std::string_view key) const;
  void set(std::string key, const Attribute* value);
};

struct Block {
  std::string label{};
  int line = 0;
  Operation* parent = nullptr;  ///< The operation whose region holds the block.
  std::vector<Value*> arguments{};
  std::vector<Operation*> operations{};
};

/// The top-level operations of a text, and the pools that own all nodes.
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

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/mlir/ir.h"
#include "emulator/mlir/lexer.h"

namespace npuwhisper::emu::mlir {

/// Parses MLIR text. Accepts the builtin forms, the generic form of any operation, and the pretty
/// syntax of the dialects that designs use (aie, aiex, func, scf, cf, affine, arith, index, math,
/// memref), including older spellings. Checks only the syntax. The lowering checks the meaning of
/// operations and their attributes. Errors: InvalidArgument (with the line, the text found and the
/// text expected), Unsupported (pretty syntax that is not modelled). Reentrant.
Result<Module> parse_module(std::string_view text);

/// The parser. The functions in syntax_*.cpp call its public methods to parse the pretty syntax of
/// one operation. All methods report errors by throwing Refusal.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { token_ = lexer_.next(); }

  Module parse();

  // Tokens.
  const Token& token() const { return token_; }
  bool at(TokenKind kind) const { return token_.kind == kind; }
  bool at_word(std::string_view word) const {
    return token_.kind == TokenKind::BareId && token_.text == word;
  }
  Token take();
  bool take_if(TokenKind kind);
  bool take_word_if(std::string_view word);
  Token expect(TokenKind kind, std::string_view what);
  void expect_word(std::string_view word);
  [[noreturn]] void expected(std::string_view what) const;

  // The functions below parse parts of operations.
  std::int64_t integer();  ///< Parses a signed integer, decimal or hexadecimal.
  std::string keyword();   ///< Parses a bare word or a string, such as an enumeration's value.
  std::string symbol();    ///< Parses @a or @a::@b.
  Value* operand();
  /// Parses operands separated by commas, up to and including `close`.
  void operands(std::vector<Value*>& into, TokenKind close);
  /// Parses optional values with their types: `%a, %b : type, type`.
  void values_and_types(std::vector<Value*>& into);
  const Type* type();
  const Attribute* attribute();
  void attribute_dictionary(Operation& op);  ///< Parses an optional dictionary: `{ a = 1, b }`.
  /// Parses a region in braces. `arguments` are the names and types of its first block's arguments.
  void region(Operation& op, const std::vector<std::pair<std::string, const Type*>>& arguments);
  void region(Operation& op) { region(op, {}); }
  Successor successor();
  /// Parses (%a: type, ...) of functions and sequences. The name is empty if only a type is given.
  std::vector<std::pair<std::string, const Type*>> signature();
  std::vector<const Type*> type_list(TokenKind close);

  // The functions below create attributes and types.
  const Attribute* make_integer(std::int64_t value);
  const Attribute* make_keyword(std::string text);
  const Attribute* make_string(std::string text);
  const Attribute* make_symbol(std::string text);
  const Attribute* make_type(const Type* type);
  const Attribute* make_array(std::vector<const Attribute*> elements);
  const Attribute* make_dense_array(const std::vector<std::int64_t>& values);
  const Attribute* make_unit();
  const Type* index_type();
  const Type* integer_type(int width);
  Module& module() { return module_; }

  // The functions below parse attributes of the aie dialect that pretty syntax writes without their
  // name.
  /// Parses `<size = 4, stride = 1>` or `<4, 1>`. `names` lists the fields of the form without
  /// names, in order.
  const Attribute* struct_body(std::string name, const std::vector<std::string_view>& names);
  /// Parses `[<size = 4, stride = 16>, <4, 1>]`.
  const Attribute* struct_array(const std::vector<std::string_view>& names);

  /// Types of the current operation's results, set by its syntax function.
  std::vector<const Type*> result_types{};

 private:
  struct Scope {
    bool isolated = false;
    std::map<std::string, Value*, std::less<>> values{};
    /// Values used before their definition, with the line of the first use.
    std::map<std::string, std::pair<Value*, int>, std::less<>> forward{};
    std::map<std::string, Block*, std::less<>> blocks{};
  };

  Operation* operation(Block* parent);
  void generic_operation(Operation& op);
  void alias();
  void location();
  void block_body(Block& block);
  Value* define(const std::string& name, const Type* type, int line);
  Value* use(const std::string& name);
  Block* block_named(const std::string& label);
  void enter_scope(bool isolated);
  void leave_scope();
  void end_of_operation(Operation& op, const std::vector<std::pair<std::string, int>>& names);

  const Type* shaped_type(TypeKind kind);
  const Type* function_type();
  const Type* dialect_type();
  const Attribute* number_attribute();
  const Attribute* dense_attribute();
  const Attribute* dense_array_attribute();
  const Attribute* dictionary_attribute();
  const Attribute* dialect_attribute();
  const Attribute* aie_attribute(const std::string& mnemonic, bool bare);
  void dense_numbers(Attribute& into, int depth);
  void skip_angles();
  void optional_type(Attribute& attribute);

  /// Counts one level of nesting during its lifetime. Refuses text that is nested too deeply, which
  /// could exhaust the stack.
  struct Depth {
    explicit Depth(Parser& parser);
    ~Depth() { --parser_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    Parser& parser_;
  };

  Module module_{};
  Lexer lexer_;
  Token token_{};
  int depth_ = 0;
  std::vector<Scope> scopes_{};
  Block* current_block_ = nullptr;
  std::map<std::string, const Attribute*, std::less<>> attribute_aliases_{};
  std::map<std::string, const Type*, std::less<>> type_aliases_{};
};

/// Parses the text of an operation after its name.
using SyntaxFunction = void (*)(Parser& parser, Operation& op);
/// Returns the function for an operation's pretty syntax; null if none is known.
SyntaxFunction find_syntax(std::string_view name);

}  // namespace npuwhisper::emu::mlir

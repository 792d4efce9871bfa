// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/parser.h"

#include "emulator/mlir/refusal.h"

namespace npuwhisper::emu::mlir {
namespace {

/// Maximum depth of nesting, far above the depth of any design. Each level takes a few hundred
/// bytes of stack.
constexpr int kMaxDepth = 128;

/// Returns whether the operation's regions cannot use values from outside.
bool is_isolated(const Operation& op) {
  return op.name == "aie.device" || op.name == "builtin.module" || op.name == "func.func";
}

}  // namespace

Parser::Depth::Depth(Parser& parser) : parser_(parser) {
  if (++parser_.depth_ > kMaxDepth) {
    refuse(parser_.token_.line, "nested more than " + std::to_string(kMaxDepth) + " levels deep");
  }
}

// The functions below manage values and scopes.

void Parser::enter_scope(bool isolated) {
  scopes_.push_back({.isolated = isolated});
}

void Parser::leave_scope() {
  const Scope& scope = scopes_.back();
  if (!scope.forward.empty()) {
    const auto& [name, used] = *scope.forward.begin();
    refuse(used.second, "use of undeclared SSA value name '%" + name + "'");
  }
  for (const auto& [label, block] : scope.blocks) {
    if (block->line == 0) {
      refuse(token_.line, "reference to an undefined block '^" + label + "'");
    }
  }
  scopes_.pop_back();
}

Value* Parser::use(const std::string& name) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (const auto found = scope->values.find(name); found != scope->values.end()) {
      return found->second;
    }
    if (scope->isolated) {
      break;
    }
  }
  // A block may use values that a later block of the same region defines.
  auto& forward = scopes_.back().forward[name];
  if (forward.first == nullptr) {
    forward = {module_.add(Value{.name = name}), token_.line};
  }
  return forward.first;
}

Value* Parser::define(const std::string& name, const Type* type, int line) {
  Scope& scope = scopes_.back();
  if (scope.values.contains(name)) {
    refuse(line, "redefinition of SSA value '%" + name + "'");
  }
  Value* value = nullptr;
  if (const auto used = scope.forward.find(name); used != scope.forward.end()) {
    value = used->second.first;
    scope.forward.erase(used);
  } else {
    value = module_.add(Value{.name = name});
  }
  value->type = type;
  scope.values.emplace(name, value);
  return value;
}

Block* Parser::block_named(const std::string& label) {
  Block*& block = scopes_.back().blocks[label];
  if (block == nullptr) {
    block = module_.add(Block{.label = label});
  }
  return block;
}

Successor Parser::successor() {
  Successor successor;
  successor.block = block_named(expect(TokenKind::BlockId, "a block (^name)").text);
  if (take_if(TokenKind::LeftParen)) {
    if (!take_if(TokenKind::RightParen)) {
      do {
        successor.arguments.push_back(operand());
      } while (take_if(TokenKind::Comma));
      expect(TokenKind::Colon, "':'");
      type_list(TokenKind::RightParen);
    }
  }
  return successor;
}

// Regions.

void Parser::block_body(Block& block) {
  while (!at(TokenKind::RightBrace) && !at(TokenKind::BlockId)) {
    if (at(TokenKind::End)) {
      expected("'}'");
    }
    block.operations.push_back(operation(&block));
  }
}

void Parser::region(Operation& op,
                    const std::vector<std::pair<std::string, const Type*>>& arguments) {
  const Depth depth(*this);
  const int opened = token_.line;
  expect(TokenKind::LeftBrace, "'{'");
  enter_scope(is_isolated(op));
  std::vector<Block*> blocks;
  if (!at(TokenKind::BlockId) || !arguments.empty()) {
    Block* entry = module_.add(Block{.line = opened, .parent = &op});
    for (const auto& [name, type] : arguments) {
      Value* value = define(name, type, opened);
      value->block = entry;
      value->index = static_cast<int>(entry->arguments.size());
      entry->arguments.push_back(value);
    }
    block_body(*entry);
    blocks.push_back(entry);
  }
  while (at(TokenKind::BlockId)) {
    const Token label = take();
    Block* block = block_named(label.text);
    if (block->line != 0) {
      refuse(label.line, "redefinition of block '^" + label.text + "'");
    }
    block->line = label.line;
    block->parent = &op;
    if (take_if(TokenKind::LeftParen)) {
      do {
        const Token name = expect(TokenKind::ValueId, "a block argument (%name)");
        expect(TokenKind::Colon, "':'");
        Value* value = define(name.text, type(), name.line);
        value->block = block;
        value->index = static_cast<int>(block->arguments.size());
        block->arguments.push_back(value);
        location();
      } while (take_if(TokenKind::Comma));
      expect(TokenKind::RightParen, "')'");
    }
    expect(TokenKind::Colon, "':'");
    block_body(*block);
    blocks.push_back(block);
  }
  leave_scope();
  expect(TokenKind::RightBrace, "'}'");
  op.regions.push_back({std::move(blocks)});
}

// Operations.

void Parser::location() {
  if (!take_word_if("loc")) {
    return;
  }
  expect(TokenKind::LeftParen, "'('");
  for (int open = 1; open > 0;) {
    if (at(TokenKind::End)) {
      expected("')'");
    }
    open += at(TokenKind::LeftParen) ? 1 : at(TokenKind::RightParen) ? -1 : 0;
    take();
  }
}

void Parser::generic_operation(Operation& op) {
  expect(TokenKind::LeftParen, "'('");
  operands(op.operands, TokenKind::RightParen);
  if (take_if(TokenKind::LeftSquare)) {
    do {
      op.successors.push_back(successor());
    } while (take_if(TokenKind::Comma));
    expect(TokenKind::RightSquare, "']'");
  }
  if (take_if(TokenKind::Less)) {  // Properties are attributes that MLIR stores separately.
    attribute_dictionary(op);
    expect(TokenKind::Greater, "'>'");
  }
  if (take_if(TokenKind::LeftParen)) {
    do {
      region(op);
    } while (take_if(TokenKind::Comma));
    expect(TokenKind::RightParen, "')'");
  }
  attribute_dictionary(op);
  expect(TokenKind::Colon, "':'");
  expect(TokenKind::LeftParen, "'('");
  if (type_list(TokenKind::RightParen).size() != op.operands.size()) {
    refuse(op.line, "'" + op.name + "' op: as many types as operands expected");
  }
  expect(TokenKind::Arrow, "'->'");
  if (take_if(TokenKind::LeftParen)) {
    result_types = type_list(TokenKind::RightParen);
  } else {
    result_types = {type()};
  }
}

void Parser::end_of_operation(Operation& op,
                              const std::vector<std::pair<std::string, int>>& names) {
  std::size_t named = 0;
  for (const auto& [name, count] : names) {
    named += static_cast<std::size_t>(count);
  }
  if (!names.empty() && named != result_types.size()) {
    refuse(op.line, "'" + op.name + "' op defines " + std::to_string(result_types.size()) +
                        " results but was given " + std::to_string(named) + " names");
  }
  std::size_t next = 0;
  const auto bind = [&](Value* value) {
    value->owner = &op;
    value->index = static_cast<int>(next++);
    op.results.push_back(value);
  };
  for (const auto& [name, count] : names) {
    for (int i = 0; i < count; ++i) {
      Value* value =
          define(i == 0 ? name : name + "#" + std::to_string(i), result_types[next], op.line);
      if (i == 0 && count > 1) {
        scopes_.back().values.emplace(name + "#0", value);
      }
      bind(value);
    }
  }
  while (next < result_types.size()) {
    bind(module_.add(Value{.type = result_types[next]}));
  }
  location();
}

Operation* Parser::operation(Block* parent) {
  std::vector<std::pair<std::string, int>> names;
  if (at(TokenKind::ValueId)) {
    do {
      const Token name = expect(TokenKind::ValueId, "an SSA value (%name)");
      std::int64_t count = 1;
      if (take_if(TokenKind::Colon)) {
        count = integer();
        if (count < 1 || count > 1024) {
          refuse(name.line, "expected between 1 and 1024 results");
        }
      }
      names.emplace_back(name.text, static_cast<int>(count));
    } while (take_if(TokenKind::Comma));
    expect(TokenKind::Equal, "'='");
  }
  if (!at(TokenKind::BareId) && !at(TokenKind::String)) {
    expected("an operation");
  }
  const Token name = take();
  Operation& op = *module_.add(Operation{.name = name.text, .line = name.line, .parent = parent});
  result_types.clear();
  if (name.kind == TokenKind::String) {
    generic_operation(op);
  } else if (const SyntaxFunction syntax = find_syntax(op.name)) {
    syntax(*this, op);
  } else {
    refuse_unmodelled(name.line, "operation '" + op.name + "'");
  }
  end_of_operation(op, names);
  return &op;
}

void Parser::alias() {
  const Token name = take();
  expect(TokenKind::Equal, "'='");
  if (name.kind == TokenKind::TypeId) {
    type_aliases_[name.text] = type();
  } else if (at_word("loc")) {
    location();
  } else {
    attribute_aliases_[name.text] = attribute();
  }
}

Module Parser::parse() {
  enter_scope(true);
  while (!at(TokenKind::End)) {
    if (at(TokenKind::AttributeId) || at(TokenKind::TypeId)) {
      alias();
    } else {
      module_.operations.push_back(operation(nullptr));
    }
  }
  leave_scope();
  return std::move(module_);
}

Result<Module> parse_module(std::string_view text) {
  try {
    return Parser(text).parse();
  } catch (const Refusal& refusal) {
    return fail(refusal.error);
  }
}

}  // namespace npuwhisper::emu::mlir

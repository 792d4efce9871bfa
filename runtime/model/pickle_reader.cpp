// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/pickle_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>

#include "model/utf8.h"

namespace npuwhisper {
namespace {

using Kind = PickleValue::Kind;

constexpr unsigned kProtocol = 2;
constexpr std::size_t kMaxLongBytes = 8;

/// Executes a pickle's operations on a stack of values. An operation that fails stores its error in
/// status_, and read() then stops.
class Reader {
 public:
  explicit Reader(std::string_view pickle) : all_(pickle) {}

  Result<Pickle> read() {
    while (status_ && !done_) step();
    if (!status_) return fail(status_.error());
    return std::move(result_);
  }

 private:
  // The functions below read bytes and numbers of the pickle.

  std::string_view take(std::size_t n) {
    if (n > all_.size() - at_) {
      wrong("ends within an operation");
      return {};
    }
    const std::string_view bytes = all_.substr(at_, n);
    at_ += n;
    return bytes;
  }

  template <typename T>
  T take_number() {
    T number{};
    const std::string_view bytes = take(sizeof number);
    if (!bytes.empty()) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }

  std::string_view take_line() {
    const std::size_t end = all_.find('\n', at_);
    if (end == std::string_view::npos) {
      wrong("ends within a name");
      return {};
    }
    const std::string_view line = take(end - at_);
    ++at_;
    return line;
  }

  // The functions below record errors.

  void wrong(const std::string& what) { stop(ErrorCode::CorruptModel, what); }
  void stop(ErrorCode code, const std::string& what) {
    if (status_) status_ = fail(code, "pickle: at byte " + std::to_string(at_) + ": " + what);
  }

  // The functions below access the stack.

  void push(PickleId id) { stack_.push_back(id); }
  PickleValue& push_new(Kind kind) {
    push(static_cast<PickleId>(result_.values.size()));
    PickleValue& value = result_.values.emplace_back();
    value.kind = kind;
    return value;
  }
  void push_integer(std::int64_t number) { push_new(Kind::Integer).number = number; }

  /// Returns the number of values above the last mark.
  std::size_t n_above_mark() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  std::optional<PickleId> pop() {
    if (n_above_mark() == 0) {
      wrong("needs a value that is not there");
      return std::nullopt;
    }
    const PickleId id = stack_.back();
    stack_.pop_back();
    return id;
  }

  /// Removes the last mark and the values above it, and returns these values. Without a mark,
  /// records an error and returns no values.
  std::vector<PickleId> pop_to_mark() {
    if (marks_.empty()) {
      wrong("needs a mark that is not there");
      return {};
    }
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleId> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  std::vector<PickleId> pop_items(std::size_t n) {
    std::vector<PickleId> items(n);
    for (std::size_t i = n; i-- > 0;) {
      const auto id = pop();
      if (!id) return {};
      items[i] = *id;
    }
    return items;
  }

  /// Returns the value on top of the stack if it has one of these kinds. Otherwise records an error
  /// and returns nullptr.
  PickleValue* top(std::initializer_list<Kind> kinds) {
    if (n_above_mark() > 0) {
      PickleValue& value = result_.values[stack_.back()];
      if (std::ranges::find(kinds, value.kind) != kinds.end()) return &value;
    }
    wrong("adds items to a value that holds none");
    return nullptr;
  }

  // The functions below execute operations.

  void push_tuple(std::vector<PickleId> items) {
    if (status_) push_new(Kind::Tuple).items = std::move(items);
  }

  void append(const std::vector<PickleId>& items) {
    if (!status_) return;
    if (PickleValue* const list = top({Kind::List})) {
      list->items.insert(list->items.end(), items.begin(), items.end());
    }
  }

  void set_items(const std::vector<PickleId>& entries) {
    if (!status_) return;
    if (entries.size() % 2 != 0) return wrong("sets a key without a value");
    if (PickleValue* const dictionary = top({Kind::Dictionary, Kind::Call})) {
      dictionary->entries.insert(dictionary->entries.end(), entries.begin(), entries.end());
    }
  }

  void push_global() {
    const std::string_view module = take_line();
    const std::string_view name = take_line();
    if (status_) push_new(Kind::Global).text = std::string(module) + "." + std::string(name);
  }

  void call() {
    const auto items = pop_items(2);
    if (!status_) return;
    const PickleValue& function = result_.values[items[0]];
    if (function.kind != Kind::Global || result_.values[items[1]].kind != Kind::Tuple) {
      return wrong("calls a value that is not a function");
    }
    push_new(Kind::Call).items = items;
  }

  /// Replaces a class and its arguments by a value of kind Other. Objects other than tensors are
  /// metadata, which the caller does not need.
  void make_object() {
    pop_items(2);
    if (status_) push_new(Kind::Other);
  }

  /// Drops the attributes of an object. State dictionaries have the attribute "_metadata", which
  /// the caller does not need.
  void build() {
    const auto items = pop_items(2);
    if (status_) push(items[0]);
  }

  void push_long() {
    const std::string_view bytes = take(take_number<std::uint8_t>());
    if (bytes.size() > kMaxLongBytes) {
      push_new(Kind::Other);
      return;
    }
    // The number is little-endian, in two's complement.
    const bool is_negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    std::uint64_t number = is_negative ? ~std::uint64_t{0} : 0;
    if (!bytes.empty()) std::memcpy(&number, bytes.data(), bytes.size());
    if (status_) push_integer(static_cast<std::int64_t>(number));
  }

  void put(PickleId key) {
    if (n_above_mark() == 0) return wrong("stores a value that is not there");
    memo_[key] = stack_.back();
  }

  void get(PickleId key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) return wrong("needs a stored value that is not there");
    push(found->second);
  }

  void finish() {
    const auto top = pop();
    if (!top) return;
    result_.top = *top;
    done_ = true;
  }

  void step();
  bool step_literal(char operation);
  bool step_container(char operation);

  std::string_view all_;
  std::size_t at_ = 0;
  Result<void> status_;
  bool done_ = false;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;  // Heights of the stack at the marks.
  std::unordered_map<PickleId, PickleId> memo_;
  Pickle result_;
};

void Reader::step() {
  const std::string_view operation = take(1);
  if (operation.empty() || step_literal(operation[0]) || step_container(operation[0])) return;
  switch (operation[0]) {
    case '\x80':  // PROTO
      if (const unsigned version = take_number<std::uint8_t>(); version != kProtocol) {
        stop(ErrorCode::Unsupported,
             "found protocol " + std::to_string(version) + ", wanted " + std::to_string(kProtocol));
      }
      return;
    case 'c':  // GLOBAL
      return push_global();
    case 'R':  // REDUCE
      return call();
    case '\x81':  // NEWOBJ
      return make_object();
    case 'b':  // BUILD
      return build();
    case 'Q':  // BINPERSID
      if (const auto id = pop()) push_new(Kind::Persistent).items = {*id};
      return;
    case 'q':  // BINPUT
      return put(take_number<std::uint8_t>());
    case 'r':  // LONG_BINPUT
      return put(take_number<std::uint32_t>());
    case 'h':  // BINGET
      return get(take_number<std::uint8_t>());
    case 'j':  // LONG_BINGET
      return get(take_number<std::uint32_t>());
    case '.':  // STOP
      return finish();
    default:
      stop(ErrorCode::Unsupported, "found operation " +
                                       std::to_string(static_cast<unsigned char>(operation[0])) +
                                       ", wanted the operations of a file of tensors");
  }
}

/// Executes an operation that pushes a number, a text or a constant. Returns false for any other
/// operation.
bool Reader::step_literal(char operation) {
  switch (operation) {
    case 'N':     // NONE
    case '\x88':  // NEWTRUE
    case '\x89':  // NEWFALSE
      push_new(Kind::Other);
      return true;
    case 'G':  // BINFLOAT
      take(8);
      push_new(Kind::Other);
      return true;
    case 'J':  // BININT
      push_integer(take_number<std::int32_t>());
      return true;
    case 'K':  // BININT1
      push_integer(take_number<std::uint8_t>());
      return true;
    case 'M':  // BININT2
      push_integer(take_number<std::uint16_t>());
      return true;
    case '\x8a':  // LONG1
      push_long();
      return true;
    case 'X':  // BINUNICODE
      push_new(Kind::String).text = take(take_number<std::uint32_t>());
      return true;
    default:
      return false;
  }
}

/// Executes an operation that makes or fills a tuple, list or dictionary. Returns false for any
/// other operation.
bool Reader::step_container(char operation) {
  switch (operation) {
    case '(':  // MARK
      marks_.push_back(stack_.size());
      return true;
    case ')':  // EMPTY_TUPLE
      push_tuple({});
      return true;
    case 't':  // TUPLE
      push_tuple(pop_to_mark());
      return true;
    case '\x85':  // TUPLE1
      push_tuple(pop_items(1));
      return true;
    case '\x86':  // TUPLE2
      push_tuple(pop_items(2));
      return true;
    case '\x87':  // TUPLE3
      push_tuple(pop_items(3));
      return true;
    case ']':  // EMPTY_LIST
      push_new(Kind::List);
      return true;
    case 'a':  // APPEND
      append(pop_items(1));
      return true;
    case 'e':  // APPENDS
      append(pop_to_mark());
      return true;
    case '}':  // EMPTY_DICT
      push_new(Kind::Dictionary);
      return true;
    case 's':  // SETITEM
      set_items(pop_items(2));
      return true;
    case 'u':  // SETITEMS
      set_items(pop_to_mark());
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<Pickle> read_pickle(std::string_view pickle) {
  return Reader(pickle).read();
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <cstddef>

#include "design/core_interface.h"
#include "design/write_parts.h"

namespace npuwhisper::npu {
namespace {

std::string number(std::int64_t value) {
  return std::to_string(value);
}

/// Returns the word index of a count in the job's buffer, for a core's program.
constexpr int word_of(std::size_t offset) {
  return static_cast<int>(offset / 4);
}

struct Count {
  const char* name;
  int word;
};
constexpr std::array<Count, 10> kCounts{{
    {"m_passes", word_of(offsetof(core::JobHeader, m_passes))},
    {"n_blocks", word_of(offsetof(core::JobHeader, n_blocks))},
    {"residual_steps", word_of(offsetof(core::JobHeader, residual_steps))},
    {"a_steps", word_of(offsetof(core::JobHeader, a_steps))},
    {"a_hold", word_of(offsetof(core::JobHeader, a_hold))},
    {"b_steps", word_of(offsetof(core::JobHeader, b_steps))},
    {"k_steps", word_of(offsetof(core::JobHeader, k_steps))},
    {"c_steps", word_of(offsetof(core::JobHeader, c_steps))},
    {"query_steps", word_of(offsetof(core::JobHeader, query_steps))},
    {"a_per_step", word_of(offsetof(core::JobHeader, a_per_step))},
}};

/// Writes one core's program. The current slots of A and B are loop values (%a0, %b0, ..). Each
/// step that acquires a tile of A or B flips the slot of that pair.
class CoreProgramText {
 public:
  CoreProgramText(MlirText& text, int column, int row, std::string_view object)
      : text_(text), column_(column), row_(row), object_(object) {}

  void write() {
    text_.open("%core_" + number(column_) + "_" + number(2 + row_) + " = aie.core(" +
               tile_name(column_, 2 + row_) + ") {");
    write_constants();
    text_.open(
        "%jobs:2 = scf.for %job_number = %c0 to %for_ever step %c1 iter_args(%a0 = %zero, "
        "%b0 = %zero) -> (i32, i32) {");
    write_job();
    text_.close();
    text_.line("aie.end");
    text_.close("} {link_with = \"" + object_ + "\", stack_size = " + number(core::kStackBytes) +
                " : i32}");
  }

 private:
  std::string name(const std::string& of) const { return at_tile(of, column_, 2 + row_); }

  void acquire(const std::string& lock) {
    text_.line("aie.use_lock(" + name(lock) + ", AcquireGreaterEqual, %one)");
  }
  void release(const std::string& lock) {
    text_.line("aie.use_lock(" + name(lock) + ", Release, %one)");
  }
  void flip(const std::string& to, const std::string& from) {
    text_.line(to + " = arith.xori " + from + ", %one : i32");
  }
  void call(const std::string& function, const std::string& arguments, const std::string& types) {
    text_.line("func.call @encoder_" + function + "(" + arguments + ") : (" + types + ") -> ()");
  }

  void write_constants() {
    text_.line("%c0 = arith.constant 0 : index");
    text_.line("%c1 = arith.constant 1 : index");
    // mlir-aie's own designs write an endless loop this way.
    text_.line("%for_ever = arith.constant 9223372036854775807 : index");
    text_.line("%zero = arith.constant 0 : i32");
    text_.line("%one = arith.constant 1 : i32");
    text_.line("%row = arith.constant " + number(row_) + " : i32");
    for (const Count& count : kCounts) {
      text_.line("%at_" + std::string(count.name) + " = arith.constant " + number(count.word) +
                 " : index");
    }
  }

  void write_job() {
    acquire("b_full");
    call("begin_job", name("b") + ", %b0, " + name("job"), kPair + ", " + kJob);
    release("b_free");
    flip("%b1", "%b0");
    for (const Count& count : kCounts) {
      const std::string of(count.name);
      text_.line("%" + of + "_i32 = memref.load " + name("job") + "[%at_" + of + "] : " + kJob);
      text_.line("%" + of + " = arith.index_cast %" + of + "_i32 : i32 to index");
    }
    text_.open("%a1 = scf.for %held = %c0 to %a_hold step %c1 iter_args(%a = %a0) -> (i32) {");
    acquire("a_full");
    flip("%next", "%a");
    text_.line("scf.yield %next : i32");
    text_.close();
    text_.open(
        "%passes:2 = scf.for %pass = %c0 to %m_passes step %c1 iter_args(%a2 = %a1, %b2 = "
        "%b1) -> (i32, i32) {");
    write_pass();
    text_.close();
    text_.open("scf.for %held = %c0 to %a_hold step %c1 {");
    release("a_free");
    text_.close();
    text_.line("scf.yield %passes#0, %passes#1 : i32, i32");
  }

  void write_pass() {
    text_.line("%pass_i32 = arith.index_cast %pass : index to i32");
    call("begin_pass", name("job") + ", %pass_i32, %row", kJob + ", i32, i32");
    write_a_steps();
    write_query_steps();
    write_b_steps();
    text_.open(
        "%blocks:2 = scf.for %block = %c0 to %n_blocks step %c1 iter_args(%a5 = %a4, %b7 = %b6) -> "
        "(i32, i32) {");
    write_block();
    text_.close();
    text_.line("scf.yield %blocks#0, %blocks#1 : i32, i32");
  }

  void write_block() {
    text_.line("%block_i32 = arith.index_cast %block : index to i32");
    call("begin_block", name("job") + ", %block_i32, " + name("accumulator"),
         kJob + ", i32, " + kAccumulator);
    write_k_steps();
    write_residual_steps();
    text_.open("scf.for %c = %c0 to %c_steps step %c1 {");
    acquire("c_free");
    call("finish",
         name("job") + ", " + name("accumulator") + ", " + name("c") + ", %pass_i32, %row",
         kJob + ", " + kAccumulator + ", memref<4096xbf16>, i32, i32");
    release("c_full");
    text_.close();
    text_.line("scf.yield %k#0, %b10 : i32, i32");
  }

  void write_take_a(const std::string& tiles, const std::string& slot, const std::string& step) {
    call("take_a",
         name(tiles) + ", " + slot + ", " + step + ", " + name("job") + ", " + name("accumulator"),
         kPair + ", i32, " + kJob + ", " + kAccumulator);
  }

  void write_a_steps() {
    text_.open("%a4 = scf.for %s = %c0 to %a_steps step %c1 iter_args(%a3 = %a2) -> (i32) {");
    text_.line("%s_i32 = arith.index_cast %s : index to i32");
    acquire("a_full");
    write_take_a("a", "%a3", "%s_i32");
    release("a_free");
    flip("%next", "%a3");
    text_.line("scf.yield %next : i32");
    text_.close();
  }

  /// All cores of a column receive the queries of every core row. %step is 0 for the core's own
  /// row.
  void write_query_steps() {
    text_.open("%b4 = scf.for %s = %c0 to %query_steps step %c1 iter_args(%b3 = %b2) -> (i32) {");
    text_.line("%s_i32 = arith.index_cast %s : index to i32");
    text_.line("%step = arith.subi %s_i32, %row : i32");
    acquire("b_full");
    write_take_a("b", "%b3", "%step");
    release("b_free");
    flip("%next", "%b3");
    text_.line("scf.yield %next : i32");
    text_.close();
  }

  void write_b_steps() {
    text_.open("%b6 = scf.for %s = %c0 to %b_steps step %c1 iter_args(%b5 = %b4) -> (i32) {");
    text_.line("%s_i32 = arith.index_cast %s : index to i32");
    acquire("b_full");
    call(
        "attend",
        name("b") + ", %b5, %s_i32, " + name("job") + ", " + name("a") + ", " + name("accumulator"),
        kPair + ", i32, " + kJob + ", memref<8192xbf16>, " + kAccumulator);
    release("b_free");
    flip("%next", "%b5");
    text_.line("scf.yield %next : i32");
    text_.close();
  }

  void write_k_steps() {
    text_.open(
        "%k:2 = scf.for %s = %c0 to %k_steps step %c1 iter_args(%a6 = %a5, %b8 = %b7) -> "
        "(i32, i32) {");
    acquire("b_full");
    text_.open("%a8 = scf.for %half = %c0 to %a_per_step step %c1 iter_args(%a7 = %a6) -> (i32) {");
    text_.line("%half_i32 = arith.index_cast %half : index to i32");
    acquire("a_full");
    call("multiply",
         name("a") + ", %a7, " + name("b") + ", %b8, %half_i32, " + name("job") + ", " +
             name("accumulator"),
         kPair + ", " + kPair + ", i32, " + kJob + ", " + kAccumulator);
    release("a_free");
    flip("%next_a", "%a7");
    text_.line("scf.yield %next_a : i32");
    text_.close();
    release("b_free");
    flip("%next_b", "%b8");
    text_.line("scf.yield %a8, %next_b : i32, i32");
    text_.close();
  }

  void write_residual_steps() {
    text_.open(
        "%b10 = scf.for %s = %c0 to %residual_steps step %c1 iter_args(%b9 = %k#1) -> (i32) {");
    text_.line("%s_i32 = arith.index_cast %s : index to i32");
    acquire("b_full");
    call("add_residual",
         name("b") + ", %b9, %s_i32, %row, " + name("job") + ", " + name("accumulator"),
         kPair + ", i32, i32, " + kJob + ", " + kAccumulator);
    release("b_free");
    flip("%next", "%b9");
    text_.line("scf.yield %next : i32");
    text_.close();
  }

  const std::string kPair = "memref<8192xbf16>, i32";
  const std::string kJob = "memref<1280xi32>";
  const std::string kAccumulator = "memref<4096xf32>";

  MlirText& text_;
  int column_, row_;
  std::string object_;
};

}  // namespace

void write_core(MlirText& text, int column, int row, std::string_view object) {
  CoreProgramText(text, column, row, object).write();
}

}  // namespace npuwhisper::npu

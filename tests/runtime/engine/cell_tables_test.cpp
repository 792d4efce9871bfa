// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/cell_tables.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace npuwhisper {
namespace {

TEST(CellTables, BeginsWithOneEmptySequence) {
  CellTables tables(4, 2, 8);
  EXPECT_EQ(tables.n_sequences(), 1U);
  EXPECT_TRUE(tables.cells(0).empty());
}

TEST(CellTables, ASequenceEndsAtItsGreatestLength) {
  CellTables tables(10, 1, 3);
  for (int i = 0; i < 3; ++i) EXPECT_GE(tables.append(0), 0);
  EXPECT_EQ(tables.append(0), -1);
  EXPECT_EQ(tables.cells(0).size(), 3U);
}

TEST(CellTables, AppendFailsWithoutFreeCells) {
  CellTables tables(5, 2, 8);
  EXPECT_GE(tables.append(0), 0);
  tables.fork(std::vector<int>{0, 0});
  for (int i = 0; i < 2; ++i) {
    EXPECT_GE(tables.append(0), 0);
    EXPECT_GE(tables.append(1), 0);
  }
  EXPECT_EQ(tables.append(0), -1);
  EXPECT_EQ(tables.append(1), -1);
  // Dropping the second sequence frees the cells that no other sequence held.
  tables.fork(std::vector<int>{0});
  EXPECT_GE(tables.append(0), 0);
  EXPECT_GE(tables.append(0), 0);
  EXPECT_EQ(tables.append(0), -1);
  tables.reset();
  for (int i = 0; i < 5; ++i) EXPECT_GE(tables.append(0), 0);
}

TEST(CellTables, ForkedSequencesShareTheParentsCells) {
  CellTables tables(10, 3, 8);
  tables.append(0);
  tables.append(0);
  const std::vector<int> parent(tables.cells(0).begin(), tables.cells(0).end());
  tables.fork(std::vector<int>{0, 0, 0});
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(std::vector<int>(tables.cells(i).begin(), tables.cells(i).end()), parent);
  }
}

/// A reference implementation that copies sequences. Each sequence is a list of unique numbers, and
/// each cell holds the number of its last append. If a cell were reused while a sequence holds it,
/// that sequence would read another number.
class NaiveModel {
 public:
  NaiveModel(int n_cells, int max_length)
      : held_number_(static_cast<std::size_t>(n_cells), -1), max_length_(max_length) {}

  void reset() { sequences_ = {{}}; }
  void fork(const std::vector<int>& parents) {
    std::vector<std::vector<int>> next;
    for (const int parent : parents) next.push_back(sequences_[static_cast<std::size_t>(parent)]);
    sequences_ = next;
  }
  bool may_append(std::size_t sequence) const {
    std::set<int> held;
    for (const auto& numbers : sequences_) held.insert(numbers.begin(), numbers.end());
    return held.size() < held_number_.size() &&
           static_cast<int>(sequences_[sequence].size()) < max_length_;
  }
  void append(std::size_t sequence, int cell) {
    sequences_[sequence].push_back(next_number_);
    held_number_[static_cast<std::size_t>(cell)] = next_number_++;
  }
  std::size_t n_sequences() const { return sequences_.size(); }
  const std::vector<int>& sequence(std::size_t i) const { return sequences_[i]; }
  std::vector<int> read(std::span<const int> cells) const {
    std::vector<int> numbers;
    for (const int cell : cells) numbers.push_back(held_number_.at(static_cast<std::size_t>(cell)));
    return numbers;
  }

 private:
  std::vector<std::vector<int>> sequences_ = {{}};
  std::vector<int> held_number_;
  int max_length_;
  int next_number_ = 0;
};

TEST(CellTables, RandomForksAndAppendsMatchCopyingReference) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 generator(seed);
    const auto below = [&](std::size_t n) { return generator() % n; };
    const int n_cells = 4 + static_cast<int>(below(30));
    const int max_sequences = 1 + static_cast<int>(below(5));
    const int max_length = 3 + static_cast<int>(below(10));
    CellTables tables(n_cells, max_sequences, max_length);
    NaiveModel model(n_cells, max_length);
    int refused = 0;
    for (int i = 0; i < 200; ++i) {
      const auto what = below(10);
      if (what == 0) {
        tables.reset();
        model.reset();
      } else if (what < 4) {
        std::vector<int> parents(1 + below(static_cast<std::size_t>(max_sequences)));
        for (int& parent : parents) parent = static_cast<int>(below(model.n_sequences()));
        tables.fork(parents);
        model.fork(parents);
      } else {
        const std::size_t sequence = below(model.n_sequences());
        const bool possible = model.may_append(sequence);
        const int cell = tables.append(sequence);
        ASSERT_EQ(cell >= 0, possible) << "seed " << seed << " step " << i;
        if (possible) model.append(sequence, cell);
        refused += possible ? 0 : 1;
      }
      ASSERT_EQ(tables.n_sequences(), model.n_sequences());
      for (std::size_t s = 0; s < model.n_sequences(); ++s) {
        ASSERT_EQ(model.read(tables.cells(s)), model.sequence(s))
            << "seed " << seed << " step " << i;
      }
    }
    ASSERT_TRUE(seed > 0 || refused > 0) << "the test never reaches a limit";
  }
}

}  // namespace
}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/line_layout.h"

#include <algorithm>
#include <limits>

namespace npuwhisper {
namespace {

// The cost, in units of BreakCost, of a line whose width differs from the mean width by a whole
// line. With this cost, a line may differ from the mean width by half a line in order to end at a
// phrase, but a line rarely consists of a single word.
constexpr double kSlackCost = 48;
// The cost of a second-to-last line that is longer than the last line. Such a layout hides more of
// the picture without benefit.
constexpr double kTopHeavyCost = 1;

int space_before(const Atom& atom) {
  return atom.after_space ? 1 : 0;
}

std::size_t n_lines(std::span<const Atom> atoms, int columns) {
  std::size_t n = 0;
  while (!atoms.empty()) {
    atoms = atoms.subspan(n_fitting(atoms, columns, 1));
    ++n;
  }
  return n;
}

// The best way to break atoms into a given number of lines. `cost` is infinite if the atoms do not
// fit.
struct Best {
  double cost = std::numeric_limits<double>::infinity();
  std::vector<std::size_t> begins;
};

double slack_cost(int width, double even, int columns) {
  const double slack = (width - even) / columns;
  return kSlackCost * slack * slack;
}

Best best_lines(std::span<const Atom> atoms, std::size_t n, double even, int columns) {
  Best best;
  if (n == 1) {
    const int width = width_of(atoms);
    if (width <= columns) best = {slack_cost(width, even, columns), {0}};
    return best;
  }
  int width = atoms.front().width;
  for (std::size_t i = 1; i < atoms.size() && width <= columns; ++i) {
    const Best rest = best_lines(atoms.subspan(i), n - 1, even, columns);
    const bool is_top_heavy = n == 2 && width > width_of(atoms.subspan(i));
    const double cost = rest.cost + slack_cost(width, even, columns) + atoms[i].break_before +
                        (is_top_heavy ? kTopHeavyCost : 0);
    if (cost < best.cost) {
      best.cost = cost;
      best.begins = {0};
      for (const std::size_t begin : rest.begins) best.begins.push_back(i + begin);
    }
    width += space_before(atoms[i]) + atoms[i].width;
  }
  return best;
}

}  // namespace

std::size_t n_fitting(std::span<const Atom> atoms, int columns, int lines) {
  std::size_t i = 0;
  for (int line = 0; line < lines && i < atoms.size(); ++line) {
    int width = atoms[i++].width;
    while (i < atoms.size() && width + space_before(atoms[i]) + atoms[i].width <= columns) {
      width += space_before(atoms[i]) + atoms[i].width;
      ++i;
    }
  }
  return i;
}

int width_of(std::span<const Atom> atoms) {
  int width = 0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    width += atoms[i].width + (i > 0 ? space_before(atoms[i]) : 0);
  }
  return width;
}

std::vector<std::size_t> lay_out(std::span<const Atom> atoms, int columns) {
  // Maximum number of lines for which lay_out() searches for the best breaks. In a longer text,
  // each line takes as many atoms as fit.
  constexpr std::size_t kMostSearched = 4;
  const std::size_t n = n_lines(atoms, columns);
  if (n > kMostSearched) {
    std::vector<std::size_t> begins;
    for (std::size_t i = 0; i < atoms.size(); i += n_fitting(atoms.subspan(i), columns, 1)) {
      begins.push_back(i);
    }
    return begins;
  }
  const double even = static_cast<double>(width_of(atoms)) / static_cast<double>(n);
  return best_lines(atoms, n, even, columns).begins;
}

}  // namespace npuwhisper

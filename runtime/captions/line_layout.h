// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "captions/atoms.h"

namespace npuwhisper {

/// Returns how many atoms, from the first on, fit into `lines` lines of `columns` columns. Returns
/// at least 1 unless `atoms` is empty, since no atom is wider than a line.
std::size_t n_fitting(std::span<const Atom> atoms, int columns, int lines);

/// Returns the columns of a line that holds all atoms.
int width_of(std::span<const Atom> atoms);

/// Returns the index of the first atom of each line, ascending from 0. No atom may be wider than a
/// line. Uses as few lines as possible. Prefers lines of similar width that end at phrases, except
/// in texts of more than four lines.
std::vector<std::size_t> lay_out(std::span<const Atom> atoms, int columns);

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "captions/atoms.h"

namespace npuwhisper {

/// How many of the atoms, from the first on, fit into `lines` lines of `columns` columns: at least
/// one where there is one, since no atom is wider than a line.
std::size_t n_fitting(std::span<const Atom> atoms, int columns, int lines);

/// Columns of a line that holds all of them.
int width_of(std::span<const Atom> atoms);

/// Where the lines of these atoms, which must fit, begin: as few lines as hold them, even in length
/// and broken at phrases. Ascending; the first is 0.
std::vector<std::size_t> lay_out(std::span<const Atom> atoms, int columns);

}  // namespace npuwhisper

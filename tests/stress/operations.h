// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "dice.h"
#include "unit.h"

namespace npuwhisper::stress {

/// An operation that an application, upstream or downstream may perform on a unit at any time.
struct OperationKind {
  const char* name;
  double weight;  ///< Relative frequency of the operation.
  void (*run)(Unit& unit, Dice& dice);
  bool (*applies)(const Unit& unit) = nullptr;  ///< If nullptr, applies to every unit.
};

/// Returns a random operation that applies to the unit. The probability of an operation is
/// proportional to its weight. Every operation returns soon, even if other operations run
/// concurrently.
const OperationKind& pick_operation(const Unit& unit, Dice& dice);

}  // namespace npuwhisper::stress

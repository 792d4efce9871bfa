// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "dice.h"
#include "unit.h"

namespace npuwhisper::stress {

/// Something that an application, upstream or downstream may do to a unit at any time.
struct OperationKind {
  const char* name;
  double weight;  ///< How often, compared with the others.
  void (*run)(Unit& unit, Dice& dice);
  bool (*applies)(const Unit& unit) = nullptr;  ///< nullptr: to every unit.
};

/// One that applies to the unit, by its weight. All of them return soon, whatever else happens.
const OperationKind& pick_operation(const Unit& unit, Dice& dice);

}  // namespace npuwhisper::stress

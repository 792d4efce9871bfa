// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/ir.h"

namespace npuwhisper::emu::mlir {
namespace {

const Attribute* find(const std::vector<std::pair<std::string, const Attribute*>>& entries,
                      std::string_view key) {
  for (const auto& [held, value] : entries) {
    if (held == key) {
      return value;
    }
  }
  return nullptr;
}

}  // namespace

const Attribute* Attribute::field(std::string_view key) const {
  return find(fields, key);
}

const Attribute* Operation::attribute(std::string_view key) const {
  return find(attributes, key);
}

void Operation::set(std::string key, const Attribute* value) {
  for (auto& [taken, held] : attributes) {
    if (taken == key) {
      held = value;
      return;
    }
  }
  attributes.emplace_back(std::move(key), value);
}

}  // namespace npuwhisper::emu::mlir

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codes.h"

#include <array>
#include <cassert>

namespace npuwhisper::cea608 {
namespace {

struct RowAddress {
  std::uint8_t first;
  std::uint8_t second;
};

// The preamble address code of each row (CTA-608-E), from the top row down. The codes follow no
// formula.
constexpr std::array<RowAddress, kRows> kRowAddresses = {{{0x11, 0x40},
                                                          {0x11, 0x60},
                                                          {0x12, 0x40},
                                                          {0x12, 0x60},
                                                          {0x15, 0x40},
                                                          {0x15, 0x60},
                                                          {0x16, 0x40},
                                                          {0x16, 0x60},
                                                          {0x17, 0x40},
                                                          {0x17, 0x60},
                                                          {0x10, 0x40},
                                                          {0x13, 0x40},
                                                          {0x13, 0x60},
                                                          {0x14, 0x40},
                                                          {0x14, 0x60}}};
// A flag in the second byte of a preamble. If the flag is set, bits 1 to 3 hold the indent in steps
// of four columns.
constexpr int kIndents = 0x10;

}  // namespace

BytePair command(Command command) {
  return pair_of(0x14, static_cast<std::uint8_t>(command));
}

BytePair preamble(int row, int column) {
  assert(row >= 0 && row < kRows && column >= 0 && column < kColumns && column % 4 == 0);
  const RowAddress& address = kRowAddresses[static_cast<std::size_t>(row)];
  return pair_of(address.first,
                 static_cast<std::uint8_t>(address.second | kIndents | (column / 4) << 1));
}

BytePair tab_offset(int columns) {
  assert(columns >= 1 && columns <= 3);
  return pair_of(0x17, static_cast<std::uint8_t>(0x20 + columns));
}

}  // namespace npuwhisper::cea608

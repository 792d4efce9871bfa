// SPDX-License-Identifier: LGPL-2.1-or-later
#include <aie_api/aie.hpp>
#include <cstdint>

extern "C" void scale(const std::int32_t* __restrict from, std::int32_t* __restrict to,
                      std::int32_t factor) {
  for (int i = 0; i < 64; i += 16) {
    const auto product = aie::mul(aie::load_v<16>(from + i), factor);
    aie::store_v(to + i, product.template to_vector<std::int32_t>(0));
  }
}

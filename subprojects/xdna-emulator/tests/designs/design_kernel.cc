// SPDX-License-Identifier: LGPL-2.1-or-later
#include <aie_api/aie.hpp>
#include <cstdint>

extern "C" {
void scale(const std::int32_t* __restrict from, std::int32_t* __restrict to, std::int32_t factor);
void send_down(const std::int32_t* from);
void add_from_above(const std::int32_t* from, std::int32_t* to);
}

void scale(const std::int32_t* __restrict from, std::int32_t* __restrict to, std::int32_t factor) {
  for (int i = 0; i < 32; i += 16) {
    const auto product = aie::mul(aie::load_v<16>(from + i), factor);
    aie::store_v(to + i, product.template to_vector<std::int32_t>(0));
  }
}

void send_down(const std::int32_t* from) {
  const aie::vector<std::int32_t, 16> values = aie::load_v<16>(from);
  put_mcd(aie::add(values, values));
}

void add_from_above(const std::int32_t* from, std::int32_t* to) {
  const aie::vector<std::int32_t, 16> above = get_scd_v16int32();
  aie::store_v(to, aie::add(above, aie::load_v<16>(from)));
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/descriptor_layout.h"

namespace npuwhisper::npu {
namespace {

// The layouts follow AM025's registers NOC_MODULE DMA_BD0 (shim), MEMORY_TILE_MODULE DMA_BD0
// (memory tile) and MEMORY_MODULE DMA_BD0 (core).
constexpr DescriptorLayout kShimLayout{
    .name = "shim",
    .n_words = 8,
    .address = {"address", 1, 2, 30},
    .address_high = {"address", 2, 0, 16},
    .length = {"length", 0, 0, 32},
    .wrap = {{{"wrap of dimension 0", 3, 20, 10}, {"wrap of dimension 1", 4, 20, 10}, {}, {}}},
    .step = {{{"step of dimension 0", 3, 0, 20},
              {"step of dimension 1", 4, 0, 20},
              {"step of dimension 2", 5, 0, 20},
              {}}},
    .zeros_before = {},
    .zeros_after = {},
    .iteration_wrap = {"iteration wrap", 6, 20, 6},
    .iteration_step = {"iteration step", 6, 0, 20},
    .iteration_current = {"current iteration", 6, 26, 6},
    .use_next = {"use of next", 7, 26, 1},
    .next = {"next descriptor", 7, 27, 4},
    .valid = {"valid", 7, 25, 1},
    .acquire_enable = {"acquire enable", 7, 12, 1},
    .acquire_lock = {"acquire lock", 7, 0, 4},
    .acquire_value = {"acquire value", 7, 5, 7},
    .release_lock = {"release lock", 7, 13, 4},
    .release_value = {"release value", 7, 18, 7},
    .packet = {"packet enable", 2, 30, 1},
    .packet_id = {"packet id", 2, 19, 5},
    .packet_type = {"packet type", 2, 16, 3},
    .suppress_tlast = {"suppression of TLAST", 7, 31, 1},
    .burst = {"burst length", 4, 30, 2},
    .refused = {{{"out-of-order descriptor id", 2, 24, 6}, {"secure access", 3, 30, 1}}},
};

constexpr DescriptorLayout kMemLayout{
    .name = "memory tile",
    .n_words = 8,
    .address = {"address", 1, 0, 19},
    .address_high = {},
    .length = {"length", 0, 0, 17},
    .wrap = {{{"wrap of dimension 0", 2, 17, 10},
              {"wrap of dimension 1", 3, 17, 10},
              {"wrap of dimension 2", 4, 17, 10},
              {}}},
    .step = {{{"step of dimension 0", 2, 0, 17},
              {"step of dimension 1", 3, 0, 17},
              {"step of dimension 2", 4, 0, 17},
              {"step of dimension 3", 5, 0, 17}}},
    .zeros_before = {{{"zeros before dimension 0", 1, 26, 6},
                      {"zeros before dimension 1", 3, 27, 5},
                      {"zeros before dimension 2", 4, 27, 4},
                      {}}},
    .zeros_after = {{{"zeros after dimension 0", 5, 17, 6},
                     {"zeros after dimension 1", 5, 23, 5},
                     {"zeros after dimension 2", 5, 28, 4},
                     {}}},
    .iteration_wrap = {"iteration wrap", 6, 17, 6},
    .iteration_step = {"iteration step", 6, 0, 17},
    .iteration_current = {"current iteration", 6, 23, 6},
    .use_next = {"use of next", 1, 19, 1},
    .next = {"next descriptor", 1, 20, 6},
    .valid = {"valid", 7, 31, 1},
    .acquire_enable = {"acquire enable", 7, 15, 1},
    .acquire_lock = {"acquire lock", 7, 0, 8},
    .acquire_value = {"acquire value", 7, 8, 7},
    .release_lock = {"release lock", 7, 16, 8},
    .release_value = {"release value", 7, 24, 7},
    .packet = {"packet enable", 0, 31, 1},
    .packet_id = {"packet id", 0, 23, 5},
    .packet_type = {"packet type", 0, 28, 3},
    .suppress_tlast = {"suppression of TLAST", 2, 31, 1},
    .burst = {},
    .refused = {{{"out-of-order descriptor id", 0, 17, 6}, {"compression", 4, 31, 1}}},
};

constexpr DescriptorLayout kCoreLayout{
    .name = "core",
    .n_words = 6,
    .address = {"address", 0, 14, 14},
    .address_high = {},
    .length = {"length", 0, 0, 14},
    .wrap = {{{"wrap of dimension 0", 3, 13, 8}, {"wrap of dimension 1", 3, 21, 8}, {}, {}}},
    .step = {{{"step of dimension 0", 2, 0, 13},
              {"step of dimension 1", 2, 13, 13},
              {"step of dimension 2", 3, 0, 13},
              {}}},
    .zeros_before = {},
    .zeros_after = {},
    .iteration_wrap = {"iteration wrap", 4, 13, 6},
    .iteration_step = {"iteration step", 4, 0, 13},
    .iteration_current = {"current iteration", 4, 19, 6},
    .use_next = {"use of next", 5, 26, 1},
    .next = {"next descriptor", 5, 27, 4},
    .valid = {"valid", 5, 25, 1},
    .acquire_enable = {"acquire enable", 5, 12, 1},
    .acquire_lock = {"acquire lock", 5, 0, 4},
    .acquire_value = {"acquire value", 5, 5, 7},
    .release_lock = {"release lock", 5, 13, 4},
    .release_value = {"release value", 5, 18, 7},
    .packet = {"packet enable", 1, 30, 1},
    .packet_id = {"packet id", 1, 19, 5},
    .packet_type = {"packet type", 1, 16, 3},
    .suppress_tlast = {"suppression of TLAST", 5, 31, 1},
    .burst = {},
    .refused = {{{"out-of-order descriptor id", 1, 24, 6}, {"compression", 1, 31, 1}}},
};

}  // namespace

const DescriptorLayout& descriptor_layout(TileKind kind) {
  switch (kind) {
    case TileKind::Shim:
      return kShimLayout;
    case TileKind::Mem:
      return kMemLayout;
    case TileKind::Core:
      break;
  }
  return kCoreLayout;
}

}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// The functions that a core's loop calls, as specified in design/core_interface.h. Each generation
// has its own source file, which includes this one.
#include "encoder_core/epilogue.h"
#include "encoder_core/int8_product.h"
#include "encoder_core/product.h"
#include "encoder_core/product_in_parts.h"
#include "encoder_core/softmax.h"

namespace npuwhisper::npu::core {

/// Sets the vector unit's rounding and saturation modes. Every function that computes calls this
/// function, because a core starts with the rounding mode floor.
inline void set_modes() {
  aie::set_rounding(aie::rounding_mode::conv_even);
  aie::set_saturation(aie::saturation_mode::saturate);
}

/// Returns the address of the kept tile: the queries of an attention job, or the tile that a
/// layer-norm job normalises. The kept tile stays at this address while the core receives other A
/// tiles.
inline bfloat16* kept_tile(float* accumulator) {
  return reinterpret_cast<bfloat16*>(accumulator + kTileElements / 2);
}

/// Returns the address of an attention job's scores. Other jobs have their parameters at this
/// address.
inline float* scores_of(Job* job) {
  return reinterpret_cast<float*>(job) + kScoresOffset / sizeof(float);
}

inline void multiply_bf16_tile(const bfloat16* a, bfloat16* b, Job* job, float* accumulator) {
  if constexpr (kProductsByBlocks) {
    if (job->header.flags[job->block] & kInParts) {
      multiply_tile_in_parts(a, b, accumulator, reinterpret_cast<bfloat16*>(job->rests));
      return;
    }
  }
  multiply_tile(a, b, accumulator);
}

inline void set_rows(float* rows, float value) {
  for (int i = 0; i < kTile; i += 16) aie::store_v(rows + i, aie::broadcast<float, 16>(value));
}

/// Applies the epilogue, without column scales and residual, to a product's sums or to a layer
/// norm's tile. The first block of a pass computes the row statistics; later blocks reuse them.
[[gnu::noinline]] inline void finish_sums(Job* job, bool normalised, float* accumulator) {
  const JobHeader& header = job->header;
  const std::int32_t block = job->block;
  if (normalised) {
    if (block == 0) {
      make_row_statistics(job->row_sum, job->row_squares, header.inverse_features, header.epsilon);
    }
    normalise(header.bias[block], header.column_sum[block], job->row_sum, job->row_squares,
              accumulator);
  } else {
    add_bias(header.bias[block], accumulator);
  }
  if (header.flags[block] & kGelu) gelu(accumulator);
}

inline void finish_product(Job* job, float* accumulator) {
  if (job->header.a_per_step == kInt8Steps) {
    scale_columns(job->header.column_scale[job->block], accumulator);
  }
  finish_sums(job, (job->header.flags[job->block] & kNormalised) != 0, accumulator);
}

}  // namespace npuwhisper::npu::core

extern "C" {

void encoder_begin_job(const void* b, std::int32_t slot, npuwhisper::npu::core::Job* job) {
  using namespace npuwhisper::npu::core;
  const std::int32_t* from = static_cast<const std::int32_t*>(b) + slot * (kTileBytes / 4);
  std::int32_t* to = &job->header.operation;
  for (unsigned i = 0; i < sizeof(JobHeader) / 4; i += 16) {
    aie::store_v(to + i, aie::load_v<16>(from + i));
  }
}

void encoder_begin_pass(npuwhisper::npu::core::Job* job, std::int32_t pass, std::int32_t row) {
  using namespace npuwhisper::npu::core;
  set_rows(job->row_sum, 0.0F);
  set_rows(job->row_squares, job->header.operation == kAttention ? kLowestScore : 0.0F);
  job->is_padding = (pass * job->header.core_rows + row) * kTile >= job->header.valid_rows;
}

void encoder_begin_block(npuwhisper::npu::core::Job* job, std::int32_t block, float* accumulator) {
  using namespace npuwhisper::npu::core;
  job->block = block;
  if (job->header.operation == kProduct) clear_accumulator(accumulator);
}

void encoder_take_a(const void* a, std::int32_t slot, std::int32_t step,
                    npuwhisper::npu::core::Job* job, float* accumulator) {
  using namespace npuwhisper::npu::core;
  const JobHeader& header = job->header;
  if (header.operation == kIdle) return;
  set_modes();
  const bfloat16* tile = tile_in_turn(a, slot);
  if (header.operation == kLayerNorm) add_tile_to_sums(tile, job->row_sum, job->row_squares);
  if (step == header.keep) copy_tile(tile, kept_tile(accumulator));
}

void encoder_attend(const void* b, std::int32_t slot, std::int32_t step,
                    npuwhisper::npu::core::Job* job, void* a, float* accumulator) {
  using namespace npuwhisper::npu::core;
  set_modes();
  bfloat16* queries = static_cast<bfloat16*>(a);
  bfloat16* weights = queries + kTileElements;
  const bfloat16* tile = tile_in_turn(b, slot);
  if (step == 0) {
    place_queries(kept_tile(accumulator), queries);
    clear_accumulator(accumulator);
  }
  if (step % 2 == 0) {
    weigh_keys(queries, tile, job->header.valid_keys - step / 2 * kTile, weights, job->row_squares,
               job->row_sum, accumulator, scores_of(job));
  } else {
    multiply_tile(weights, tile, accumulator);
  }
}

void encoder_multiply(const void* a, std::int32_t a_slot, void* b, std::int32_t b_slot,
                      std::int32_t half, npuwhisper::npu::core::Job* job, float* accumulator) {
  using namespace npuwhisper::npu::core;
  if (job->is_padding) return;
  set_modes();
  const bfloat16* a_tile = tile_in_turn(a, a_slot);
  bfloat16* b_tile = static_cast<bfloat16*>(b) + b_slot * kTileElements;
  if (job->header.a_per_step == kInt8Steps) {
    const int8* weights = reinterpret_cast<const int8*>(b_tile) + half * kTileElements;
    multiply_int8_tile(a_tile, weights, accumulator);
  } else {
    multiply_bf16_tile(a_tile, b_tile, job, accumulator);
  }
  if (job->block == 0 && (job->header.flags[0] & kNormalised)) {
    add_tile_to_sums(a_tile, job->row_sum, job->row_squares);
  }
}

void encoder_add_residual(const void* b, std::int32_t slot, std::int32_t step, std::int32_t row,
                          npuwhisper::npu::core::Job* job, float* accumulator) {
  using namespace npuwhisper::npu::core;
  if (step != row) return;
  set_modes();
  finish_product(job, accumulator);
  add_residual_tile(tile_in_turn(b, slot), accumulator);
}

void encoder_finish(npuwhisper::npu::core::Job* job, float* accumulator, void* c, std::int32_t pass,
                    std::int32_t row) {
  using namespace npuwhisper::npu::core;
  set_modes();
  const JobHeader& header = job->header;
  bfloat16* tile = static_cast<bfloat16*>(c);
  if (header.operation == kLayerNorm) {
    expand_kept(kept_tile(accumulator), header.column_sum[0], accumulator);
    finish_sums(job, true, accumulator);
  } else if (header.operation == kAttention) {
    divide_rows(job->row_sum, accumulator);
  } else if (header.residual_steps == 0) {
    finish_product(job, accumulator);
  }
  write_tile(accumulator, tile);
  const std::int32_t n_valid = header.valid_rows - (pass * header.core_rows + row) * kTile;
  if (n_valid < kTile) clear_rows(tile, n_valid);
  if (header.flags[job->block] & kTransposed) transpose_tile(tile);
}
}

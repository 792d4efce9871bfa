// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// The functions that a core's loop calls (design/core_interface.h), for the jobs of mel_core.h.
// Each generation has its own source file, which includes this one.
#include "encoder_core/epilogue.h"
#include "encoder_core/product.h"
#include "mel_core/log_mel.h"
#include "mel_core/spectrum.h"

namespace npuwhisper::npu::mel {

inline void set_modes() {
  aie::set_rounding(aie::rounding_mode::conv_even);
  aie::set_saturation(aie::saturation_mode::saturate);
}

}  // namespace npuwhisper::npu::mel

extern "C" {

void encoder_begin_job(const void* b, std::int32_t slot, npuwhisper::npu::core::Job* job) {
  using namespace npuwhisper::npu::core;
  const std::int32_t* from = static_cast<const std::int32_t*>(b) + slot * (kTileBytes / 4);
  std::int32_t* to = &job->header.operation;
  for (unsigned i = 0; i < sizeof(JobHeader) / 4; i += 16) {
    aie::store_v(to + i, aie::load_v<16>(from + i));
  }
}

void encoder_begin_pass(npuwhisper::npu::core::Job* /*job*/, std::int32_t /*pass*/,
                        std::int32_t /*row*/) {}

void encoder_begin_block(npuwhisper::npu::core::Job* job, std::int32_t block, float* accumulator) {
  job->block = block;
  npuwhisper::npu::core::clear_accumulator(accumulator);
}

/// Discards a tile. Called in columns that are idle or have fewer blocks than the job.
void encoder_take_a(const void* /*a*/, std::int32_t /*slot*/, std::int32_t /*step*/,
                    npuwhisper::npu::core::Job* /*job*/, float* /*accumulator*/) {}

/// This function is never called, because this object has no attention jobs.
void encoder_attend(const void* /*b*/, std::int32_t /*slot*/, std::int32_t /*step*/,
                    npuwhisper::npu::core::Job* /*job*/, void* /*a*/, float* /*accumulator*/) {}

void encoder_multiply(const void* a, std::int32_t a_slot, void* b, std::int32_t b_slot,
                      std::int32_t /*half*/, npuwhisper::npu::core::Job* job, float* accumulator) {
  using namespace npuwhisper::npu;
  mel::set_modes();
  const bfloat16* a_tile = core::tile_in_turn(a, a_slot);
  const bfloat16* b_tile = core::tile_in_turn(b, b_slot);
  if (job->header.operation == mel::kSpectrum) {
    mel::multiply_samples(reinterpret_cast<const int16*>(a_tile),
                          reinterpret_cast<const int16*>(b_tile), accumulator);
  } else {
    core::multiply_tile(a_tile, b_tile, accumulator);
  }
}

/// This function is never called, because no job of this object has residuals.
void encoder_add_residual(const void* /*b*/, std::int32_t /*slot*/, std::int32_t /*step*/,
                          std::int32_t /*row*/, npuwhisper::npu::core::Job* /*job*/,
                          float* /*accumulator*/) {}

void encoder_finish(npuwhisper::npu::core::Job* job, float* accumulator, void* c, std::int32_t pass,
                    std::int32_t row) {
  using namespace npuwhisper::npu;
  mel::set_modes();
  const core::JobHeader& header = job->header;
  bfloat16* tile = static_cast<bfloat16*>(c);
  if (header.operation == mel::kSpectrum) {
    mel::take_power(accumulator);
  } else {
    mel::take_log(accumulator);
  }
  core::write_tile(accumulator, tile);
  const std::int32_t n_valid = header.valid_rows - (pass * header.core_rows + row) * core::kTile;
  if (n_valid < core::kTile) core::clear_rows(tile, n_valid);
}
}

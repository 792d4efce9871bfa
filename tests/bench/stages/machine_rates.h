// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include <npuwhisper/result.h>

#include "simd/data_type.h"
#include "simd/thread_pool.h"

namespace npuwhisper {

/// The dimensions of a matrix product: [rows, inputs] times [inputs, outputs].
struct ProductSize {
  int rows = 0;
  int inputs = 0;
  int outputs = 0;
};

/// Returns the rate of reading memory, in bytes per second (median of n_rounds). All threads of
/// `pool` together read a buffer of `n_bytes` repeatedly. Each thread reads its own part.
Result<double> read_rate(cpu::ThreadPool& pool, std::size_t n_bytes, int n_rounds);

/// Returns the rate of oneDNN for one product with operands of type `input` (F32, Bf16 or I8), in
/// floating-point operations per second (median of n_rounds; a multiply-add counts as two). Each
/// thread of `pool` computes its share of the rows, in one call of oneDNN. The result has the type
/// F32, or I32 for I8. Errors: Unsupported (this CPU or oneDNN has no such product), DeviceError (a
/// product failed).
Result<double> product_rate(cpu::ThreadPool& pool, const ProductSize& size, DataType input,
                            int n_rounds);

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include <cstddef>
#include <functional>
#include <span>

#include "model/weights.h"
#include "simd/data_type.h"
#include "simd/panel_matrix.h"
#include "simd/thread_pool.h"

namespace npuwhisper::cpu {

/// The functions below read and pack weights on all threads of a pool, which must have no other
/// job.

/// Calls work(thread, i) once for each i < n. After a failure, skips some of the later i, and
/// returns the error of the smallest i that failed. Throws what `work` throws.
Result<void> for_each_index(ThreadPool& pool, std::size_t n,
                            const std::function<Result<void>(unsigned, std::size_t)>& work);

/// Reads the variable `weight`, whose first dimension is n, from `weights`. Calls take(row, values)
/// once for each row, in any order and from several threads at the same time. `values`: [elements
/// of a row], f32, which `take` may overwrite. Only a few rows are in memory at a time. Errors:
/// those of Weights::read_rows(). Before an error, `take` may have received some rows. Throws
/// std::bad_alloc and what `take` throws.
Result<void> each_row(const Weights& weights, const Variable& weight, ThreadPool& pool,
                      const std::function<void(std::size_t row, std::span<float> values)>& take);

/// Reads the variable `weight`, whose first dimension is n, from `weights` and packs it a few rows
/// at a time, so that the matrix [n, k] is never in memory twice. `type`: I8, F16 or F32. Errors:
/// those of Weights::read_rows(). Throws std::bad_alloc.
Result<PanelMatrix> read_panels(const Weights& weights, const Variable& weight, DataType type,
                                ThreadPool& pool);

}  // namespace npuwhisper::cpu

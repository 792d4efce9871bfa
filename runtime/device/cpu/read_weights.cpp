// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/read_weights.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace npuwhisper::cpu {
namespace {

/// Number of rows that a thread reads at a time. In an int8 panel, four bytes of each of these rows
/// are in the same cache line, so two threads do not write to one cache line.
constexpr std::size_t kRowsAtOnce = 16;

}  // namespace

Result<void> for_each_index(ThreadPool& pool, std::size_t n,
                            const std::function<Result<void>(unsigned, std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t failed = n;  // the smallest index that failed
  std::optional<Error> error;
  pool.run([&](unsigned thread) {
    for (std::size_t i = next++; i < n; i = next++) {
      auto done = work(thread, i);
      if (done) continue;
      const std::lock_guard lock(mutex);
      next = n;  // All smaller indices have been taken by a thread.
      if (i > failed) continue;
      failed = i;
      error = done.error();
    }
  });
  if (error) return fail(*error);
  return {};
}

Result<void> each_row(const Weights& weights, const Variable& weight, ThreadPool& pool,
                      const std::function<void(std::size_t row, std::span<float> values)>& take) {
  const auto n = static_cast<std::size_t>(weight.n_rows());
  const std::size_t n_row = static_cast<std::size_t>(weight.n_elements()) / n;
  std::vector<std::vector<float>> buffers(pool.size());
  for (std::vector<float>& buffer : buffers) buffer.resize(std::min(kRowsAtOnce, n) * n_row);
  const std::size_t n_blocks = (n + kRowsAtOnce - 1) / kRowsAtOnce;
  return for_each_index(pool, n_blocks, [&](unsigned thread, std::size_t block) -> Result<void> {
    const std::size_t first = block * kRowsAtOnce;
    const std::size_t count = std::min(kRowsAtOnce, n - first);
    const auto rows = std::span(buffers[thread]).first(count * n_row);
    auto done = weights.read_rows(weight, static_cast<std::int64_t>(first), rows);
    if (!done) return done;
    for (std::size_t i = 0; i < count; ++i) take(first + i, rows.subspan(i * n_row, n_row));
    return {};
  });
}

Result<PanelMatrix> read_panels(const Weights& weights, const Variable& weight, DataType type,
                                ThreadPool& pool) {
  const auto n = static_cast<std::size_t>(weight.n_rows());
  const std::size_t k = static_cast<std::size_t>(weight.n_elements()) / n;
  return PanelMatrix::pack_rows(n, k, type, [&](const PanelMatrix::PackRow& pack_row) {
    return each_row(weights, weight, pool, pack_row);
  });
}

}  // namespace npuwhisper::cpu

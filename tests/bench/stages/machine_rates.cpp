// SPDX-License-Identifier: LGPL-2.1-or-later
#include "machine_rates.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "device/cpu/onednn_gemm.h"
#include "rounds.h"
#include "simd/aligned.h"
#include "simd/onednn.h"

namespace npuwhisper {
namespace {

/// Returns the sum of `words`. The independent sums let the CPU load several words in each cycle.
std::uint64_t sum_of(std::span<const std::uint64_t> words) {
  std::array<std::uint64_t, 8> sums = {};
  for (std::size_t i = 0; i + sums.size() <= words.size(); i += sums.size()) {
    for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += words[i + lane];
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t lane : sums) sum += lane;
  return sum;
}

/// The operands of one thread's share of a product.
struct Operands {
  std::unique_ptr<cpu::OneDnnGemm> product;
  cpu::AlignedBytes a, c, packed, scratch;
};

Result<Operands> make_operands(const ProductSize& size, DataType input) {
  cpu::GemmShape shape;
  shape.m = size.rows;
  shape.k = shape.lda = size.inputs;
  shape.n = shape.ldc = size.outputs;
  shape.input = input;
  shape.output = input == DataType::I8 ? DataType::I32 : DataType::F32;
  auto product = cpu::OneDnnGemm::create(shape, 1);
  if (!product) return fail(product.error());
  const auto m = static_cast<std::size_t>(size.rows);
  const auto k = static_cast<std::size_t>(size.inputs);
  const auto n = static_cast<std::size_t>(size.outputs);
  Operands operands{.product = std::move(*product),
                    .a = cpu::AlignedBytes(m * k * sizeof(float)),
                    .c = cpu::AlignedBytes(m * n * sizeof(float)),
                    .packed = {},
                    .scratch = {}};
  operands.packed = cpu::AlignedBytes(operands.product->packed_bytes());
  operands.scratch = cpu::AlignedBytes(operands.product->scratch_bytes());
  const cpu::AlignedBytes b(k * n * sizeof(float));
  if (auto packed = operands.product->pack_weight(b.data(), operands.packed.data()); !packed)
    return fail(packed.error());
  return operands;
}

}  // namespace

Result<double> read_rate(cpu::ThreadPool& pool, std::size_t n_bytes, int n_rounds) {
  const std::size_t n_words = n_bytes / sizeof(std::uint64_t);
  const std::vector<std::uint64_t> words(n_words, 1);
  const std::size_t share = n_words / pool.size();
  std::atomic<std::uint64_t> total{0};
  const auto seconds = median_seconds(n_rounds, [&]() -> Result<void> {
    pool.run(
        [&](unsigned thread) { total += sum_of(std::span(words).subspan(thread * share, share)); });
    return {};
  });
  if (!seconds) return fail(seconds.error());
  // Uses the sums, so that the compiler cannot remove the loads.
  if (total == 0) return fail(ErrorCode::DeviceError, "read rate: found a sum of 0");
  return static_cast<double>(share * pool.size() * sizeof(std::uint64_t)) / *seconds;
}

Result<double> product_rate(cpu::ThreadPool& pool, const ProductSize& size, DataType input,
                            int n_rounds) {
  const int share = size.rows / static_cast<int>(pool.size());
  std::vector<Operands> threads;
  for (unsigned thread = 0; thread < pool.size(); ++thread) {
    auto operands = make_operands({share, size.inputs, size.outputs}, input);
    if (!operands) return fail(operands.error());
    threads.push_back(std::move(*operands));
  }
  const auto seconds = median_seconds(n_rounds, [&]() -> Result<void> {
    std::atomic<bool> has_failed{false};
    pool.run([&](unsigned thread) {
      const cpu::onednn::SingleThreaded single;
      const Operands& own = threads[thread];
      const auto done = own.product->run(0, own.a.data(), own.packed.data(), nullptr, own.c.data(),
                                         own.scratch.data());
      if (!done) has_failed = true;
    });
    if (has_failed) return fail(ErrorCode::DeviceError, "oneDNN: a product failed");
    return {};
  });
  if (!seconds) return fail(seconds.error());
  const double flops = 2.0 * share * pool.size() * size.inputs * size.outputs;
  return flops / *seconds;
}

}  // namespace npuwhisper

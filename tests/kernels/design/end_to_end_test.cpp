// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs plans on the emulated array with the project's own kernels. The results are correct only if
// design, instruction stream, packed weights and core functions agree.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "array/buffer_descriptor.h"
#include "support/on_array.h"

namespace npuwhisper::npu {
namespace {

/// Encodes the plan's stream without the instructions for which `drop` returns true.
template <typename Drop>
std::vector<std::uint32_t> stream_without(const Plan& plan, Drop drop) {
  std::vector<Instruction> kept;
  for (const Instruction& instruction : plan.instructions) {
    if (!drop(instruction)) kept.push_back(instruction);
  }
  return encode(kept, *plan.spec.array, plan.spec.columns());
}

/// Returns head `index` of `all`, which holds heads of 64 columns side by side.
Matrix head(const Matrix& all, int index) {
  Matrix one(all.rows, 64);
  for (int r = 0; r < one.rows; ++r) {
    for (int c = 0; c < one.columns; ++c) one.at(r, c) = all.at(r, index * 64 + c);
  }
  return one;
}

Matrix layer_norm(const Matrix& x, const Matrix& gamma, const Matrix& beta) {
  Matrix normal = reference::normalise(x, x.columns, 1e-5);
  for (int r = 0; r < x.rows; ++r) {
    for (int c = 0; c < x.columns; ++c) {
      normal.at(r, c) = normal.at(r, c) * gamma.at(0, c) + beta.at(0, c);
    }
  }
  return normal;
}

class EndToEnd : public OnArray, public testing::TestWithParam<CoreShape> {
 protected:
  void SetUp() override { open(GetParam()); }
};
class LargeShapes : public OnArray, public testing::Test {};

TEST_P(EndToEnd, AProductOfAnyShape) {
  const int m = 100;
  const int k = 150;
  const int n = 330;
  const Matrix x = random_matrix(m, k, 1, 1);
  const Matrix w = random_matrix(n, k, 0.1, 2);
  const Matrix bias = random_matrix(1, n, 1, 3);
  const HostMatrix input = space_.add(x, padded(m), 192);
  const HostMatrix output = space_.add(padded(m), 384);
  const std::vector<float> weights = floats(w);
  const std::vector<float> biases = floats(bias);
  run({{"p",
        Product{
            .m = m, .k = k, .input = input, .parts = {{.n = n, .output = output, .gelu = true}}}}},
      {{{.weights = {.f32 = weights}, .bias = biases}}});
  expect_near(
      output,
      reference::finish(reference::product(x, transposed(w)), {.bias = bias.values, .gelu = true}),
      tolerance() * 1.5);
  expect_zero_rows(output, m, padded(m), n);
}

TEST_P(EndToEnd, NormalisedPartsWithOneTransposed) {
  const int m = 70;
  const int d = 128;
  const Matrix x = random_matrix(m, d, 2, 4);
  const Matrix w = random_matrix(3 * d, d, 0.1, 5);
  const Matrix bias = random_matrix(1, 3 * d, 1, 6);
  Matrix gamma = random_matrix(1, d, 0.2, 7);
  for (double& value : gamma.values) value += 1;
  const Matrix beta = random_matrix(1, d, 0.3, 8);
  const HostMatrix input = space_.add(x, padded(m), d);
  const HostMatrix q = space_.add(padded(m), d);
  const HostMatrix k = space_.add(d, padded(m));
  const HostMatrix v = space_.add(padded(m), d);
  const std::vector<float> gammas = floats(gamma);
  const std::vector<float> betas = floats(beta);
  const std::vector<float> weights = floats(w);
  const std::vector<float> biases = floats(bias);
  std::vector<Parameters> parts;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t n = static_cast<std::size_t>(d);
    parts.push_back({.weights = {.f32 = std::span(weights).subspan(i * n * n, n * n)},
                     .bias = std::span(biases).subspan(i * n, n),
                     .gamma = gammas,
                     .beta = betas});
  }
  run({{"qkv", Product{.m = m,
                       .k = d,
                       .input = input,
                       .normalised = true,
                       .epsilon = 1e-5F,
                       .parts = {{.n = d, .output = q, .scale = 0.125F},
                                 {.n = d, .output = k, .transposed = true},
                                 {.n = d, .output = v}}}}},
      {parts});

  const Matrix normal = layer_norm(x, gamma, beta);
  const Matrix all =
      reference::finish(reference::product(normal, transposed(w)), {.bias = bias.values});
  const auto part = [&](int index, double scale) {
    Matrix result(m, d);
    for (int r = 0; r < m; ++r) {
      for (int c = 0; c < d; ++c) result.at(r, c) = scale * all.at(r, index * d + c);
    }
    return result;
  };
  expect_near(q, part(0, 0.125), tolerance());
  expect_near(k, transposed(part(1, 1)), tolerance());
  expect_near(v, part(2, 1), tolerance());
  for (int c = m; c < padded(m); ++c) EXPECT_EQ(space_.get(k, 5, c), 0);
}

TEST_P(EndToEnd, AnInt8ProductOfAnyShape) {
  const int m = 100;
  const int k = 200;
  const int n = 330;
  const Matrix x = random_matrix(m, k, 1, 40);
  const Matrix w = random_matrix(n, k, 0.1, 41);
  const Matrix bias = random_matrix(1, n, 1, 42);
  const HostMatrix input = space_.add(x, padded(m), 256);
  const HostMatrix output = space_.add(padded(m), 384);
  const std::vector<float> weights = floats(w);
  const std::vector<float> biases = floats(bias);
  run({{"p", Product{.m = m,
                     .k = k,
                     .input = input,
                     .weights = WeightType::Int8,
                     .parts = {{.n = n, .output = output}}}}},
      {{{.weights = {.f32 = weights}, .bias = biases}}});
  expect_near(output, reference::finish(int8_product(x, w), {.bias = bias.values}), kInt8Tolerance);
  expect_zero_rows(output, m, padded(m), n);
}

// Runs an int8 feed-forward layer and a bf16 product in one stream.
TEST_P(EndToEnd, Int8AndBf16InOneStream) {
  const int m = 260;
  const int d = 128;
  const Matrix x = random_matrix(m, d, 1, 43);
  const Matrix w_up = random_matrix(2 * d, d, 0.1, 44);
  const Matrix w_down = random_matrix(d, 2 * d, 0.1, 45);
  const Matrix w_last = random_matrix(64, d, 0.1, 46);
  const HostMatrix input = space_.add(x, padded(m), d);
  const HostMatrix hidden = space_.add(padded(m), 2 * d);
  const HostMatrix last = space_.add(padded(m), 64);
  const std::vector<float> up = floats(w_up);
  const std::vector<float> down = floats(w_down);
  const std::vector<float> out = floats(w_last);
  run({{"up", Product{.m = m,
                      .k = d,
                      .input = input,
                      .normalised = true,
                      .epsilon = 1e-5F,
                      .weights = WeightType::Int8,
                      .parts = {{.n = 2 * d, .output = hidden, .gelu = true}}}},
       {"down", Product{.m = m,
                        .k = 2 * d,
                        .input = hidden,
                        .weights = WeightType::Int8,
                        .parts = {{.n = d, .output = input, .residual = input}}}},
       {"last", Product{.m = m, .k = d, .input = input, .parts = {{.n = 64, .output = last}}}}},
      {{{.weights = {.f32 = up}}}, {{.weights = {.f32 = down}}}, {{.weights = {.f32 = out}}}});

  // Computes the sums with the layer norm folded in. x is rounded to int8, but its mean and
  // variance are exact.
  Matrix up_sums = int8_product(x, w_up);
  const auto [values, scales] = rounded_to_int8(w_up);
  for (int r = 0; r < m; ++r) {
    double mean = 0;
    double squares = 0;
    for (int c = 0; c < d; ++c) mean += x.at(r, c) / d;
    for (int c = 0; c < d; ++c) squares += (x.at(r, c) - mean) * (x.at(r, c) - mean) / d;
    for (int n = 0; n < 2 * d; ++n) {
      double column_sum = 0;
      for (int k = 0; k < d; ++k) column_sum += values.at(n, k);
      column_sum *= scales[static_cast<std::size_t>(n)];
      up_sums.at(r, n) = (up_sums.at(r, n) - mean * column_sum) / std::sqrt(squares + 1e-5);
    }
  }
  expect_near(hidden, reference::finish(up_sums, {.gelu = true}), 2 * kInt8Tolerance);
  // The reference uses the array's output, because the next product must round the same values.
  Matrix gelus(m, 2 * d);
  for (int r = 0; r < m; ++r) {
    for (int c = 0; c < 2 * d; ++c) gelus.at(r, c) = space_.get(hidden, r, c);
  }
  const Matrix sum = reference::finish(int8_product(gelus, w_down), {.residual = &x});
  expect_near(input, sum, kInt8Tolerance);
  expect_near(last, reference::product(sum, transposed(w_last)), tolerance());
  expect_zero_rows(hidden, m, padded(m), 2 * d);
}

TEST_P(EndToEnd, AResidualIsAddedInPlace) {
  const int m = 260;
  const int d = 192;
  const Matrix h = random_matrix(m, d, 1, 9);
  const Matrix x = random_matrix(m, d, 3, 10);
  const Matrix w = random_matrix(d, d, 0.1, 11);
  const HostMatrix input = space_.add(h, padded(m), d);
  const HostMatrix sum = space_.add(x, padded(m), d);
  const std::vector<float> weights = floats(w);
  run({{"out",
        Product{
            .m = m, .k = d, .input = input, .parts = {{.n = d, .output = sum, .residual = sum}}}}},
      {{{.weights = {.f32 = weights}}}});
  expect_near(sum, reference::finish(reference::product(h, transposed(w)), {.residual = &x}),
              tolerance());
  expect_zero_rows(sum, m, padded(m), d);
}

TEST_P(EndToEnd, AConvolutionIsAProductOfOverlappingRows) {
  const int frames = 90;
  const int channels = 80;
  const int n = 64;
  const int m = frames / 2;  // The convolution has stride 2 and three taps.
  const Matrix x = random_matrix(frames, channels, 1, 12);
  const Matrix w = random_matrix(n, 3 * channels, 0.1, 13);  // [n][tap][channel]
  Matrix with_border(frames + 1, channels);
  for (int r = 0; r < frames; ++r) {
    for (int c = 0; c < channels; ++c) with_border.at(r + 1, c) = x.at(r, c);
  }
  const HostMatrix rows = space_.add(with_border, 2 * padded(m) + 4, channels);
  HostMatrix windows = rows;
  windows.row_stride = 2 * channels;
  const HostMatrix output = space_.add(padded(m), n);
  const std::vector<float> weights = floats(w);
  run({{"conv",
        Product{
            .m = m, .k = 3 * channels, .input = windows, .parts = {{.n = n, .output = output}}}}},
      {{{.weights = {.f32 = weights}}}});
  Matrix wanted(m, n);
  for (int r = 0; r < m; ++r) {
    for (int c = 0; c < n; ++c) {
      for (int tap = 0; tap < 3; ++tap) {
        const int row = 2 * r + tap - 1;
        if (row < 0 || row >= frames) continue;
        for (int i = 0; i < channels; ++i) {
          wanted.at(r, c) += x.at(row, i) * w.at(c, tap * channels + i);
        }
      }
    }
  }
  expect_near(output, wanted, tolerance());
}

TEST_P(EndToEnd, AttentionOverHeads) {
  const int t = 150;
  const int heads = 3;
  const Matrix q = random_matrix(t, heads * 64, 0.3, 14);
  const Matrix k = random_matrix(t, heads * 64, 1, 15);
  const Matrix v = random_matrix(t, heads * 64, 1, 16);
  const HostMatrix queries = space_.add(q, padded(t), heads * 64);
  const HostMatrix keys = space_.add(transposed(k), heads * 64, 192);
  const HostMatrix values = space_.add(v, 192, heads * 64);
  const HostMatrix output = space_.add(padded(t), heads * 64);
  run({{"attention", Attention{.n_queries = t,
                               .n_keys = t,
                               .n_heads = heads,
                               .queries = queries,
                               .keys = keys,
                               .values = values,
                               .output = output}}},
      {{}});
  Matrix wanted(t, heads * 64);
  for (int h = 0; h < heads; ++h) {
    const Matrix one = reference::attention(head(q, h), head(k, h), head(v, h), t);
    for (int r = 0; r < t; ++r) {
      for (int c = 0; c < 64; ++c) wanted.at(r, h * 64 + c) = one.at(r, c);
    }
  }
  expect_near(output, wanted, aie2_ ? 0.01 : 0.03);
  expect_zero_rows(output, t, padded(t), heads * 64);
}

TEST_P(EndToEnd, LayerNormOfWholeRows) {
  const int m = 75;
  const int d = 320;
  const Matrix x = random_matrix(m, d, 2, 17);
  Matrix gamma = random_matrix(1, d, 0.2, 18);
  for (double& value : gamma.values) value += 1;
  const Matrix beta = random_matrix(1, d, 0.3, 19);
  const HostMatrix input = space_.add(x, padded(m), d);
  const HostMatrix output = space_.add(padded(m), d);
  const std::vector<float> gammas = floats(gamma);
  const std::vector<float> betas = floats(beta);
  run({{"norm", LayerNorm{.m = m, .k = d, .epsilon = 1e-5F, .input = input, .output = output}}},
      {{{.gamma = gammas, .beta = betas}}});
  expect_near(output, layer_norm(x, gamma, beta), 0.004);
  expect_zero_rows(output, m, padded(m), d);
}

// Each operation reads the output of the previous one. A stream that does not wait for the previous
// operation reads the initial pattern.
TEST_P(EndToEnd, OperationsInSequenceWaitForEachOther) {
  const int m = 64;
  const int d = 128;
  const Matrix x = random_matrix(m, d, 1, 20);
  const Matrix w = random_matrix(d, d, 0.1, 21);
  const HostMatrix input = space_.add(x, padded(m), d);
  const std::vector<float> weights = floats(w);
  std::vector<Operation> operations;
  std::vector<std::vector<Parameters>> parameters;
  HostMatrix from = input;
  Matrix wanted = x;
  for (int i = 0; i < 5; ++i) {
    const HostMatrix to = space_.add(padded(m), d);
    operations.push_back(
        {"step " + std::to_string(i),
         Product{.m = m, .k = d, .input = from, .parts = {{.n = d, .output = to}}}});
    parameters.push_back({{.weights = {.f32 = weights}}});
    wanted = reference::product(wanted, transposed(w));
    from = to;
  }
  run(operations, parameters);
  expect_near(from, wanted, tolerance() * 3);
}

// Checks that comparisons of results detect errors. After a change of the weights or of the plan,
// the output differs or the run does not complete.
TEST_P(EndToEnd, MutationsShow) {
  const int m = 200;
  const int d = 128;
  const Matrix x = random_matrix(m, d, 1, 24);
  const Matrix w = random_matrix(d, d, 0.1, 25);
  const HostMatrix input = space_.add(x, padded(m), d);
  const HostMatrix middle = space_.add(padded(m), d);
  const HostMatrix output = space_.add(padded(m), d);
  const std::vector<float> weights = floats(w);
  const std::vector<Operation> operations{
      {"first", Product{.m = m, .k = d, .input = input, .parts = {{.n = d, .output = middle}}}},
      {"second", Product{.m = m, .k = d, .input = middle, .parts = {{.n = d, .output = output}}}}};
  const Parameters parameters{.weights = {.f32 = weights}};
  const auto plan = make_plan(spec_, operations, kPacked);
  ASSERT_TRUE(plan) << plan.error().message;
  std::vector<std::byte> packed(plan->packed_bytes);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(pack_panels(*plan, i, std::span(&parameters, 1), packed));
  }
  const std::vector<std::byte> before(space_.bytes().begin(), space_.bytes().end());

  /// Runs `stream` on a new array with fresh buffers. Returns the output's bytes, or an empty
  /// vector if the run does not complete.
  const auto result_of = [&](const std::vector<std::uint32_t>& stream,
                             std::vector<std::byte> weights_in) {
    open(GetParam());
    std::copy(before.begin(), before.end(), space_.bytes().begin());
    const std::span<std::byte> buffers[] = {weights_in, space_.bytes()};
    const emu::RunOutcome outcome = array_->run(stream, buffers);
    std::vector<std::byte> result;
    if (outcome.state == emu::RunState::Completed) {
      const auto bytes = space_.bytes().subspan(output.offset);
      result.assign(bytes.begin(), bytes.end());
    }
    return result;
  };
  const std::vector<std::byte> right = result_of(plan->stream(), packed);
  ASSERT_FALSE(right.empty());
  EXPECT_EQ(result_of(plan->stream(), packed), right);

  // Changes one weight.
  std::vector<std::byte> wrong = packed;
  wrong[core::kTileBytes + 101] ^= std::byte{0x40};
  EXPECT_NE(result_of(plan->stream(), wrong), right);

  // Changes one stride of A by a word.
  Plan stride = *plan;
  const std::uint32_t input_bd =
      tile_address({spec_.a_column(0), 0}, descriptor_register(TileKind::Shim, 0));
  for (Instruction& instruction : stride.instructions) {
    auto* block = std::get_if<BlockWrite>(&instruction);
    if (block == nullptr || block->address != input_bd) continue;
    ++block->values[4];  // The step of dimension 1.
    break;
  }
  EXPECT_NE(result_of(stride.stream(), packed), right);

  // Drops the wait between the operations. The last sync stays, as the run would otherwise end
  // before its results arrive.
  int n_syncs = 0;
  EXPECT_NE(result_of(stream_without(*plan,
                                     [&](const Instruction& instruction) {
                                       return std::holds_alternative<Sync>(instruction) &&
                                              ++n_syncs < plan->n_syncs;
                                     }),
                      packed),
            right);

  // Drops one task that receives results.
  int n_tasks = 0;
  EXPECT_NE(result_of(stream_without(*plan,
                                     [&](const Instruction& instruction) {
                                       const auto* write = std::get_if<Write32>(&instruction);
                                       return write != nullptr &&
                                              write->address ==
                                                  tile_address(
                                                      {0, 0},
                                                      queue_register(TileKind::Shim, false, 0)) &&
                                              n_tasks++ == 0;
                                     }),
                      packed),
            right);
}

// Each column's token arrives only with the controller id that its shim's route takes. Without the
// token, the run never ends, on silicon as well.
TEST_P(EndToEnd, EachSyncNeedsTheControllerIdOfEachColumn) {
  const int n = 64 * spec_.core_columns;
  const HostMatrix input = space_.add(random_matrix(64, 64, 1, 26), padded(64), 64);
  const HostMatrix output = space_.add(padded(64), n);
  const std::vector<float> weights(static_cast<std::size_t>(64 * n));
  const Operation operation{
      "p", Product{.m = 64, .k = 64, .input = input, .parts = {{.n = n, .output = output}}}};
  const Parameters parameters{.weights = {.f32 = weights}};
  const auto plan = make_plan(spec_, std::span(&operation, 1), kPacked);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->jobs.size(), 1U);
  std::vector<std::byte> packed(plan->packed_bytes);
  ASSERT_TRUE(pack_panels(*plan, 0, std::span(&parameters, 1), packed));
  const std::string text = write_design(spec_);
  const auto state_of = [&](const std::string& design, const Plan& changed) {
    load(design);
    const std::span<std::byte> buffers[] = {packed, space_.bytes()};
    return array_->run(changed, buffers).state;
  };
  EXPECT_EQ(state_of(text, *plan), emu::RunState::Completed);

  std::vector<std::size_t> writes;
  for (std::size_t i = 0; i < plan->instructions.size(); ++i) {
    if (std::holds_alternative<MaskWrite>(plan->instructions[i])) writes.push_back(i);
  }
  ASSERT_EQ(writes.size(), static_cast<std::size_t>(spec_.core_columns));
  for (const std::size_t write : writes) {
    Plan wrong = *plan;
    std::get<MaskWrite>(wrong.instructions[write]).value = 14 << kControllerIdLsb;
    EXPECT_EQ(state_of(text, wrong), emu::RunState::Hung);
    wrong.instructions.erase(wrong.instructions.begin() + static_cast<std::ptrdiff_t>(write));
    EXPECT_EQ(state_of(text, wrong), emu::RunState::Hung);
  }

  // Gives the routes of all shims another id.
  const std::string id = "pkt_id = " + std::to_string(layout::kShimControllerId);
  std::string other = text;
  for (std::size_t at = other.find(id); at != std::string::npos; at = other.find(id)) {
    other.replace(at, id.size(), "pkt_id = 3");
  }
  EXPECT_EQ(state_of(other, *plan), emu::RunState::Hung);
}

// The cores execute exactly the multiply-accumulates of the plan, padding included.
TEST_P(EndToEnd, MultiplicationsMatchThePlan) {
  const int k = 128;
  const int n = 320;
  const ProductOutcome outcome = run_product(130, k, n, 22);
  // The count covers whole tiles. Cores whose rows are all padding multiply nothing.
  const auto padded_macs =
      std::uint64_t{192} * static_cast<std::uint64_t>(k) * static_cast<std::uint64_t>(n);
  EXPECT_EQ(figures_[0].padded_macs, padded_macs);
  EXPECT_EQ(outcome.macs, padded_macs);
}

// On either array, a product in parts is nearly as exact as bf16. Where products round to bfp16, a
// product in parts needs three products, plus the products that compute the remainders of the
// operands.
TEST_P(EndToEnd, InPartsAProductIsAsExactAsBf16) {
  const ProductOutcome outcome = run_product(70, 192, 128, 24, true);
  const std::uint64_t once = std::uint64_t{128} * 192 * 128;
  EXPECT_EQ(figures_[0].padded_macs, aie2_ ? once : once * 13 / 4);
  EXPECT_EQ(outcome.macs, figures_[0].padded_macs);
  expect_near(outcome.output, outcome.wanted, 0.003);
}

TEST_F(LargeShapes, RowsInChunks) {
  open({"npu1", 1, 2});
  const int m = 64 * 64 + 10;
  const ProductOutcome outcome = run_product(m, 64, 64, 26);
  EXPECT_EQ(figures_[0].n_jobs, 2U);
  expect_near(outcome.output, outcome.wanted, tolerance());
  expect_zero_rows(outcome.output, m, padded(m), 64);
}

// The weights leave room for only one slot of residuals and small slots for A.
TEST_F(LargeShapes, WeightsThatFillTheMemoryTile) {
  open({"npu1", 4, 1});
  const int m = 700;
  const int k = 3072;
  const Matrix h = random_matrix(m, k, 1, 28);
  const Matrix x = random_matrix(m, 64, 3, 29);
  const Matrix w = random_matrix(64, k, 0.1, 30);
  const HostMatrix input = space_.add(h, padded(m), k);
  const HostMatrix sum = space_.add(x, padded(m), 64);
  const std::vector<float> weights = floats(w);
  run({{"down",
        Product{
            .m = m, .k = k, .input = input, .parts = {{.n = 64, .output = sum, .residual = sum}}}}},
      {{{.weights = {.f32 = weights}}}});
  expect_near(sum, reference::finish(reference::product(h, transposed(w)), {.residual = &x}),
              tolerance());
}

// Whisper's attention: the keys and values of 1,500 positions fill the memory tile.
TEST_F(LargeShapes, AttentionOverAWindow) {
  open({"npu2", 4, 2});
  const int t = 1500;
  const Matrix q = random_matrix(t, 128, 0.3, 31);
  const Matrix k = random_matrix(t, 128, 1, 32);
  const Matrix v = random_matrix(t, 128, 1, 33);
  const HostMatrix queries = space_.add(q, padded(t), 128);
  const HostMatrix keys = space_.add(transposed(k), 128, padded(t));
  const HostMatrix values = space_.add(v, padded(t), 128);
  const HostMatrix output = space_.add(padded(t), 128);
  run({{"attention", Attention{.n_queries = t,
                               .n_keys = t,
                               .n_heads = 2,
                               .queries = queries,
                               .keys = keys,
                               .values = values,
                               .output = output}}},
      {{}});
  for (int h = 0; h < 2; ++h) {
    HostMatrix found = output;
    found.offset += static_cast<std::uint64_t>(128 * h);
    expect_near(found, reference::attention(head(q, h), head(k, h), head(v, h), t), 0.03);
  }
}

INSTANTIATE_TEST_SUITE_P(Arrays, EndToEnd,
                         testing::Values(CoreShape{"npu1", 1, 1}, CoreShape{"npu1", 2, 2},
                                         CoreShape{"npu1", 4, 4}, CoreShape{"npu1", 4, 1},
                                         CoreShape{"npu2", 1, 1}, CoreShape{"npu2", 2, 3},
                                         CoreShape{"npu2", 4, 8}),
                         name_of);

}  // namespace
}  // namespace npuwhisper::npu

// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs products with so many input columns that a block's weights do not fit into a memory tile, as
// in Whisper medium and large. The host sends such weights again for each pass.
#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "support/on_array.h"

namespace npuwhisper::npu {
namespace {

class DeepProducts : public OnArray, public testing::TestWithParam<CoreShape> {
 protected:
  void SetUp() override { open(GetParam()); }

  /// Expects that the cores counted the plan's multiply-accumulates, and that the shims read the
  /// plan's bytes.
  void expect_planned_work() const {
    std::uint64_t macs = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    for (const OperationPlan& figures : figures_) {
      macs += figures.padded_macs;
      bytes_in += figures.bytes_in;
      bytes_out += figures.bytes_out;
    }
    const emu::Counters counters = array_->counters();
    EXPECT_EQ(counters.multiply_accumulates, macs);
    EXPECT_EQ(counters.bytes_from_host, bytes_in);
    EXPECT_EQ(counters.bytes_to_host, bytes_out);
  }
  /// Expects that the plan of the last run keeps the operation's weights in the memory tile. If
  /// `stay` is false, expects that the plan reads the weights again for each pass.
  void expect_weights_stay(bool stay, std::size_t operation = 0) const {
    ASSERT_LT(operation, figures_.size());
    const std::string& reason = figures_[operation].reason;
    EXPECT_EQ(reason.find("stay in the memory tile") != std::string::npos, stay) << reason;
    EXPECT_EQ(reason.find("read again for each pass") != std::string::npos, !stay) << reason;
  }
};

// Runs the second convolution of Whisper large with GELU, and then adds the positions.
TEST_P(DeepProducts, WithGeluAndResidual) {
  const int m = 300;
  const int k = 3840;
  const int n = 192;
  const Matrix x = random_matrix(m, k, 1, 1);
  const Matrix w = random_matrix(n, k, 0.02, 2);
  const Matrix bias = random_matrix(1, n, 1, 3);
  const Matrix positions = random_matrix(m, n, 1, 4);
  const HostMatrix input = space_.add(x, padded(m), k);
  const HostMatrix residual = space_.add(positions, padded(m), n);
  const HostMatrix output = space_.add(padded(m), n);
  const std::vector<float> weights = floats(w);
  const std::vector<float> biases = floats(bias);
  run({{"conv2",
        Product{.m = m,
                .k = k,
                .input = input,
                .parts = {{.n = n, .output = output, .gelu = true, .residual = residual}}}}},
      {{{.weights = {.f32 = weights}, .bias = biases}}});
  expect_weights_stay(false);
  expect_near(output,
              reference::finish(reference::product(x, transposed(w)),
                                {.bias = bias.values, .gelu = true, .residual = &positions}),
              tolerance() * 1.5);
  expect_zero_rows(output, m, padded(m), n);
  expect_planned_work();
}

// Runs the feed-forward layer of Whisper large, followed by another product. The weights of the
// layer's second product do not stay in the memory tile. The products before and after it have far
// fewer input columns.
TEST_P(DeepProducts, InPlaceBetweenOtherProducts) {
  const int m = 270;
  const int d = 192;
  const int hidden_columns = 5120;
  const Matrix x = random_matrix(m, d, 1, 5);
  const Matrix w_up = random_matrix(hidden_columns, d, 0.1, 6);
  const Matrix w_down = random_matrix(d, hidden_columns, 0.02, 7);
  const Matrix w_last = random_matrix(64, d, 0.1, 8);
  const HostMatrix sum = space_.add(x, padded(m), d);
  const HostMatrix hidden = space_.add(padded(m), hidden_columns);
  const HostMatrix last = space_.add(padded(m), 64);
  const std::vector<float> up = floats(w_up);
  const std::vector<float> down = floats(w_down);
  const std::vector<float> out = floats(w_last);
  run({{"up",
        Product{.m = m, .k = d, .input = sum, .parts = {{.n = hidden_columns, .output = hidden}}}},
       {"down", Product{.m = m,
                        .k = hidden_columns,
                        .input = hidden,
                        .parts = {{.n = d, .output = sum, .residual = sum}}}},
       {"last", Product{.m = m, .k = d, .input = sum, .parts = {{.n = 64, .output = last}}}}},
      {{{.weights = {.f32 = up}}}, {{.weights = {.f32 = down}}}, {{.weights = {.f32 = out}}}});
  expect_weights_stay(false, 1);
  const Matrix middle = reference::product(x, transposed(w_up));
  const Matrix wanted =
      reference::finish(reference::product(middle, transposed(w_down)), {.residual = &x});
  expect_near(sum, wanted, tolerance() * 2);
  expect_near(last, reference::product(wanted, transposed(w_last)), tolerance() * 3);
  expect_planned_work();
}

// The number of tiles is odd, and the rows' statistics cover all input columns.
TEST_P(DeepProducts, NormalisedPartsWithOneTransposed) {
  const int m = 260;
  const int k = 57 * 64;
  const Matrix x = random_matrix(m, k, 2, 9);
  const Matrix w = random_matrix(128, k, 0.02, 10);
  const HostMatrix input = space_.add(x, padded(m), k);
  const HostMatrix plain = space_.add(padded(m), 64);
  const HostMatrix turned = space_.add(64, padded(m));
  const std::vector<float> weights = floats(w);
  const std::size_t half = weights.size() / 2;
  const std::span all(weights);
  run({{"qk", Product{.m = m,
                      .k = k,
                      .input = input,
                      .normalised = true,
                      .epsilon = 1e-5F,
                      .parts = {{.n = 64, .output = plain},
                                {.n = 64, .output = turned, .transposed = true}}}}},
      {{{.weights = {.f32 = all.first(half)}}, {.weights = {.f32 = all.last(half)}}}});
  expect_weights_stay(false);
  const Matrix wanted = reference::product(reference::normalise(x, k, 1e-5), transposed(w));
  const auto part = [&](int index) {
    Matrix result(m, 64);
    for (int r = 0; r < m; ++r) {
      for (int c = 0; c < 64; ++c) result.at(r, c) = wanted.at(r, index * 64 + c);
    }
    return result;
  };
  expect_near(plain, part(0), tolerance());
  expect_near(turned, transposed(part(1)), tolerance());
  expect_planned_work();
}

// In int8, the weights of Whisper large's feed-forward layer stay in the memory tile. The weights
// of a layer with 8,192 columns do not.
TEST_P(DeepProducts, InInt8) {
  const int m = 140;
  const int n = 128;
  for (const int k : {5120, 8192}) {
    const Matrix h = random_matrix(m, k, 1, 11);
    const Matrix x = random_matrix(m, n, 3, 12);
    const Matrix w = random_matrix(n, k, 0.02, 13);
    const HostMatrix input = space_.add(h, padded(m), k);
    const HostMatrix sum = space_.add(x, padded(m), n);
    const std::vector<float> weights = floats(w);
    run({{"down", Product{.m = m,
                          .k = k,
                          .input = input,
                          .weights = WeightType::Int8,
                          .parts = {{.n = n, .output = sum, .residual = sum}}}}},
        {{{.weights = {.f32 = weights}}}});
    expect_near(sum, reference::finish(int8_product(h, w), {.residual = &x}), kInt8Tolerance);
    expect_zero_rows(sum, m, padded(m), n);
    expect_weights_stay(k == 5120);
  }
}

// Runs a product with as many input columns as in a decoder step of Whisper large.
TEST_P(DeepProducts, InParts) {
  const ProductOutcome outcome = run_product(64, 5120, 128, 14, true);
  expect_weights_stay(false);
  expect_near(outcome.output, outcome.wanted, 0.003);
  expect_planned_work();
}

INSTANTIATE_TEST_SUITE_P(Arrays, DeepProducts,
                         testing::Values(CoreShape{"npu1", 1, 1}, CoreShape{"npu1", 4, 1},
                                         CoreShape{"npu1", 4, 4}, CoreShape{"npu2", 2, 3},
                                         CoreShape{"npu2", 4, 8}),
                         name_of);

}  // namespace
}  // namespace npuwhisper::npu

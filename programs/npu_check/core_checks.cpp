// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core_checks.h"

#include <cmath>
#include <cstddef>
#include <random>
#include <utility>

#include "array/array_model.h"

namespace npuwhisper::npu_check {
namespace {

// The shape of the matrices. The rows need two tiles, and the second tile is not full. The columns
// fill two tiles.
constexpr int kRows = 100;
constexpr int kColumns = 128;
constexpr int kHead = 64;  // Columns of an attention head.
constexpr float kEpsilon = 1e-5F;

double as_bf16(double value) {
  return static_cast<double>(npu::from_bf16(npu::to_bf16(static_cast<float>(value))));
}

/// Returns an element of a row of edge values, each at most 1 in magnitude. Only the rows of
/// zeros are constant, because a layer norm divides by the deviation.
double edge_value(int row, int column) {
  switch (row % 5) {
    case 0:
      return 0;
    case 1:
      return column == row % kHead ? 1 : 0;
    case 2:
      return column % 2 == 0 ? 1 : -1;
    case 3:
      return std::ldexp(1, -(column % 8));
    default:  // The largest bf16 below 1.
      return column / 2 % 2 == 0 ? 0.99609375 : -0.99609375;
  }
}

/// Makes matrices of values that bf16 represents exactly.
class Values {
 public:
  explicit Values(unsigned seed) : random_(seed) {}

  Matrix normal(int rows, int columns, double scale) {
    std::normal_distribution<double> normal(0, scale);
    Matrix matrix(rows, columns);
    for (double& value : matrix.values) value = as_bf16(normal(random_));
    return matrix;
  }
  /// `large`: the scale of saturating values.
  Matrix input(InputKind kind, int rows, int columns, double large) {
    if (kind != InputKind::Edge) {
      return normal(rows, columns, kind == InputKind::Random ? 1 : large);
    }
    Matrix matrix(rows, columns);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) matrix.at(r, c) = edge_value(r, c);
    }
    return matrix;
  }
  /// Returns weights [n, k] that int8 represents exactly: integers, of which at least one in each
  /// row is 127.
  Matrix integers(int n, int k) {
    std::uniform_int_distribution<int> uniform(-127, 127);
    Matrix matrix(n, k);
    for (double& value : matrix.values) value = uniform(random_);
    for (int row = 0; row < n; ++row) matrix.at(row, row % k) = 127;
    return matrix;
  }

 private:
  std::mt19937 random_;
};

class CheckMaker {
 public:
  CheckMaker(const npu::DesignSpec& spec, InputKind kind, unsigned seed)
      : is_aie2_(spec.array->generation == npu::Generation::Aie2),
        padded_rows_((kRows + spec.core_rows * npu::core::kTile - 1) /
                     (spec.core_rows * npu::core::kTile) * (spec.core_rows * npu::core::kTile)),
        kind_(kind),
        values_(seed) {}

  std::vector<CoreCheck> make() {
    std::vector<CoreCheck> checks;
    checks.push_back(product());
    checks.push_back(int8_product());
    if (!is_aie2_) checks.push_back(product_in_parts());
    checks.push_back(bias_and_gelu());
    checks.push_back(transposed_product());
    checks.push_back(residual());
    checks.push_back(normalised_product());
    checks.push_back(layer_norm());
    checks.push_back(attention());
    return checks;
  }

 private:
  /// Scale of the saturating operands of a product. The sums reach 2^84; f32 overflows at 2^128.
  static constexpr double kLarge = 0x1p40;

  /// Returns the bound for the error of one rounding to bf16 and, on AIE2P, of the rounding of the
  /// operands to bfp16.
  double product_bound() const { return is_aie2_ ? 0.003 : 0.012; }

  /// Bounds for the bias of random results. Rounding down to bf16 has a bias of 0.0028, and of
  /// 0.006 in attention, which rounds twice. Rounding to the nearest has at most 0.0003 and 0.002.
  /// The results of other inputs are too few different values, or have rounding errors of the
  /// operands that do not cancel.
  static constexpr double kBias = 0.001, kAttentionBias = 0.004;

  CoreCheck start(const char* function, double bound, double bias_bound = kBias) const {
    return {.function = function,
            .input = kind_,
            .padded_rows = padded_rows_,
            .padded_columns = kColumns,
            .bound = bound,
            .bias_bound =
                kind_ == InputKind::Random ? bias_bound : std::numeric_limits<double>::infinity()};
  }

  double weight_scale() const { return kind_ == InputKind::Saturating ? kLarge : 0.1; }

  /// Completes `check`, a check of the product of `x` and `w`. The caller has set its function and
  /// bound, and sets `wanted` later.
  void set_product(CoreCheck& check, const Matrix& x, const Matrix& w, npu::ProductPart part,
                   npu::Product product) {
    product.m = kRows;
    product.k = x.columns;
    product.input = check.space.add(x, padded_rows_, x.columns);
    check.weights = floats(w);
    const int rows = part.transposed ? kColumns : padded_rows_;
    const int columns = part.transposed ? padded_rows_ : kColumns;
    check.output = check.space.add(rows, columns);
    check.padded_rows = rows;
    check.padded_columns = columns;
    part.n = kColumns;
    part.output = check.output;
    product.parts = {part};
    check.operation = {check.function, product};
  }

  CoreCheck product() {
    CoreCheck check = start("multiply, bf16", product_bound());
    const Matrix x = values_.input(kind_, kRows, kColumns, kLarge);
    const Matrix w = values_.normal(kColumns, kColumns, weight_scale());
    set_product(check, x, w, {}, {});
    check.wanted = npu::reference::product(x, transposed(w));
    return check;
  }

  CoreCheck int8_product() {
    // The products are exact. The error of the rounding of the result to bf16 remains.
    CoreCheck check = start("multiply, int8", 0.003);
    const Matrix x = values_.input(kind_, kRows, kColumns, kLarge);
    const Matrix w = values_.integers(kColumns, kColumns);
    set_product(check, x, w, {}, {.weights = npu::WeightType::Int8});
    check.wanted =
        npu::reference::int8_product(x, transposed(w), std::vector<double>(kColumns, 1.0));
    return check;
  }

  CoreCheck product_in_parts() {
    CoreCheck check = start("multiply, in parts", 0.003);
    const Matrix x = values_.input(kind_, kRows, kColumns, kLarge);
    const Matrix w = values_.normal(kColumns, kColumns, weight_scale());
    set_product(check, x, w, {}, {.in_parts = true});
    check.wanted = npu::reference::product(x, transposed(w));
    return check;
  }

  CoreCheck bias_and_gelu() {
    CoreCheck check = start("finish, bias and GELU", 1.5 * product_bound());
    const Matrix x = values_.input(kind_, kRows, kColumns, 100);
    const Matrix w = values_.normal(kColumns, kColumns, 0.1);
    const Matrix bias = values_.normal(1, kColumns, 1);
    check.bias = floats(bias);
    set_product(check, x, w, {.gelu = true}, {});
    check.wanted = npu::reference::finish(npu::reference::product(x, transposed(w)),
                                          {.bias = bias.values, .gelu = true});
    return check;
  }

  CoreCheck transposed_product() {
    CoreCheck check = start("finish, transposed", product_bound());
    const Matrix x = values_.input(kind_, kRows, kColumns, kLarge);
    const Matrix w = values_.normal(kColumns, kColumns, weight_scale());
    set_product(check, x, w, {.transposed = true}, {});
    check.wanted = transposed(npu::reference::product(x, transposed(w)));
    return check;
  }

  CoreCheck residual() {
    CoreCheck check = start("add_residual", product_bound());
    const Matrix x = values_.input(kind_, kRows, kColumns, kLarge);
    const Matrix w = values_.normal(kColumns, kColumns, 0.1);
    const Matrix more = values_.input(kind_, kRows, kColumns, 2 * kLarge);
    const npu::HostMatrix added = check.space.add(more, padded_rows_, kColumns);
    set_product(check, x, w, {.residual = added}, {});
    check.wanted =
        npu::reference::finish(npu::reference::product(x, transposed(w)), {.residual = &more});
    return check;
  }

  CoreCheck normalised_product() {
    CoreCheck check = start("take_a, product after layer norm", product_bound());
    const Matrix x = values_.input(kind_, kRows, kColumns, 0x1p30);
    const Matrix w = values_.normal(kColumns, kColumns, 0.1);
    set_product(check, x, w, {}, {.normalised = true, .epsilon = kEpsilon});
    const Matrix normal = npu::reference::normalise(x, kColumns, static_cast<double>(kEpsilon));
    check.wanted = npu::reference::product(normal, transposed(w));
    return check;
  }

  CoreCheck layer_norm() {
    CoreCheck check = start("finish, layer norm", 0.004);
    const Matrix x = values_.input(kind_, kRows, kColumns, 0x1p30);
    const npu::HostMatrix input = check.space.add(x, padded_rows_, kColumns);
    check.output = check.space.add(padded_rows_, kColumns);
    check.operation = {check.function, npu::LayerNorm{.m = kRows,
                                                      .k = kColumns,
                                                      .epsilon = kEpsilon,
                                                      .input = input,
                                                      .output = check.output}};
    check.wanted = npu::reference::normalise(x, kColumns, static_cast<double>(kEpsilon));
    return check;
  }

  /// Returns queries or keys. With saturating values, a query has a score of 1,600 for one key or
  /// for two equal keys, and a score of 0 for all other keys.
  Matrix attended(double scale) {
    if (kind_ != InputKind::Saturating) {
      Matrix matrix = values_.input(kind_, kRows, kHead, 1);
      for (double& value : matrix.values) value = as_bf16(value * scale);
      return matrix;
    }
    Matrix matrix(kRows, kHead);
    for (int r = 0; r < kRows; ++r) matrix.at(r, r % kHead) = 40;
    return matrix;
  }

  CoreCheck attention() {
    CoreCheck check = start("attend", is_aie2_ ? 0.01 : 0.03, kAttentionBias);
    const Matrix q = attended(0.25);
    const Matrix k = attended(1);
    const Matrix v = values_.normal(kRows, kHead, 1);
    const int keys = 2 * kHead;  // kRows, padded to whole tiles.
    const npu::HostMatrix queries = check.space.add(q, padded_rows_, kHead);
    const npu::HostMatrix all_keys = check.space.add(transposed(k), kHead, keys);
    const npu::HostMatrix all_values = check.space.add(v, keys, kHead);
    check.output = check.space.add(padded_rows_, kHead);
    check.padded_columns = kHead;
    check.operation = {check.function, npu::Attention{.n_queries = kRows,
                                                      .n_keys = kRows,
                                                      .n_heads = 1,
                                                      .queries = queries,
                                                      .keys = all_keys,
                                                      .values = all_values,
                                                      .output = check.output}};
    check.wanted = npu::reference::attention(q, k, v, kRows);
    return check;
  }

  bool is_aie2_;
  int padded_rows_;
  InputKind kind_;
  Values values_;
};

}  // namespace

const char* to_string(InputKind kind) {
  switch (kind) {
    case InputKind::Random:
      return "random";
    case InputKind::Edge:
      return "edge";
    case InputKind::Saturating:
      return "saturating";
  }
  return "";
}

std::vector<CoreCheck> make_core_checks(const npu::DesignSpec& spec, unsigned seed) {
  std::vector<CoreCheck> checks;
  for (const InputKind kind : {InputKind::Random, InputKind::Edge, InputKind::Saturating}) {
    for (CoreCheck& check : CheckMaker(spec, kind, seed).make()) checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace npuwhisper::npu_check

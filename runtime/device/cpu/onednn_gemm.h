// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <npuwhisper/result.h>

#include "simd/data_type.h"

namespace npuwhisper::cpu {

/// C[m, n] = activation(A[m, k] * B[k, n] + bias[n]) (+ C). A and C are row-major, with lda and ldc
/// elements from row to row. B is packed (OneDnnGemm). A and B have type `input`, C has type
/// `output`; bias and sums are f32. Products of integers have no bias and no activation: A is
/// unsigned and B is signed, with 8 bits each, and C is I32.
struct GemmShape {
  int m = 0;
  int k = 0;
  int n = 0;
  int lda = 0;
  int ldc = 0;
  DataType input = DataType::F32;   ///< F32, Bf16 or I8.
  DataType output = DataType::F32;  ///< F32 or Bf16; I32 if `input` is I8.
  bool bias = false;
  bool gelu = false;        ///< Applies GELU (with erf) before C is added.
  bool accumulate = false;  ///< Adds the result to the content of C.
};

/// Strides of an unpacked B: element (k, n) is at k * k_stride + n * n_stride.
struct GemmStrides {
  int k_stride = 0;
  int n_stride = 0;
};

/// One oneDNN matrix product. create() and the functions for packing do most of the work in
/// advance. Several threads may call run() and pack() at the same time if each thread passes a
/// different `thread`, from 0 to n_threads - 1.
class OneDnnGemm {
 public:
  /// Creates a product. `n_threads`: number of threads that may call run() and pack(). `packing`:
  /// an existing product that differs only in the rows of A and C. The new product uses the same
  /// layout for the packed B. nullptr: oneDNN chooses the layout. Errors: Unsupported.
  static Result<std::unique_ptr<OneDnnGemm>> create(const GemmShape& shape, unsigned n_threads,
                                                    const OneDnnGemm* packing = nullptr);
  ~OneDnnGemm();

  const GemmShape& shape() const;
  std::size_t packed_bytes() const;
  /// Returns the size in bytes of the working memory that run() needs, which must be 64-byte
  /// aligned.
  std::size_t scratch_bytes() const;
  /// Returns oneDNN's name of the kernel, such as "brg:avx512_core_bf16".
  std::string kernel() const;

  /// Packs B from row-major [n, k], the layout of weights. `b`: int8 if GemmShape::input is I8,
  /// else f32. Allocates memory, so call it only at load time. Thread-safe.
  Result<void> pack_weight(const void* b, void* packed) const;

  /// Prepares pack() for a B with these strides and the type GemmShape::input. Must be called
  /// before pack(). Errors: Unsupported.
  Result<void> prepare_pack(const GemmStrides& strides);
  Result<void> pack(unsigned thread, const void* b, void* packed) const;

  /// Computes the product. bias may be nullptr if the shape has none.
  Result<void> run(unsigned thread, const void* a, const void* packed, const float* bias, void* c,
                   void* scratch) const;

 private:
  struct State;
  explicit OneDnnGemm(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace npuwhisper::cpu

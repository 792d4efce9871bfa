// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/row_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/row_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuwhisper::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

using DF = hn::ScalableTag<float>;
using VF = hn::Vec<DF>;

/// Visits [0, n): calls whole(offset) for each whole vector, then part(offset, lanes) for the
/// remaining elements.
template <typename Whole, typename Part>
HWY_INLINE void for_each_vector(std::size_t n, Whole whole, Part part) {
  const std::size_t lanes = hn::Lanes(DF());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) whole(i);
  if (i < n) part(i, n - i);
}

// Partial vectors are copied to and from a whole vector, because masked loads of older instruction
// sets read the whole vector and require alignment.
HWY_INLINE VF load_part(const float* p, std::size_t lanes) {
  HWY_ALIGN float whole[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(whole, p, lanes * sizeof(float));
  return hn::Load(DF(), whole);
}
HWY_INLINE void store_part(VF v, float* out, std::size_t lanes) {
  HWY_ALIGN float whole[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, DF(), whole);
  std::memcpy(out, whole, lanes * sizeof(float));
}

HWY_INLINE void store_bf16(VF v, std::uint16_t* out) {
  const hn::Rebind<std::uint16_t, DF> d16;
  hn::StoreU(round_to_bf16(DF(), v), d16, out);
}
HWY_INLINE void store_bf16_part(VF v, std::uint16_t* out, std::size_t lanes) {
  const hn::Rebind<std::uint16_t, DF> d16;
  HWY_ALIGN std::uint16_t whole[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(round_to_bf16(DF(), v), d16, whole);
  std::memcpy(out, whole, lanes * sizeof(std::uint16_t));
}

struct ToF32 {
  float* out;
  HWY_INLINE void whole(std::size_t i, VF v) const { hn::StoreU(v, DF(), out + i); }
  HWY_INLINE void part(std::size_t i, VF v, std::size_t lanes) const {
    store_part(v, out + i, lanes);
  }
};
struct ToBf16 {
  std::uint16_t* out;
  HWY_INLINE void whole(std::size_t i, VF v) const { store_bf16(v, out + i); }
  HWY_INLINE void part(std::size_t i, VF v, std::size_t lanes) const {
    store_bf16_part(v, out + i, lanes);
  }
};

/// Calls `body` with the object that stores values of `type`.
template <typename Body>
HWY_INLINE void with_store(void* out, DataType type, Body body) {
  if (type == DataType::Bf16) {
    body(ToBf16{static_cast<std::uint16_t*>(out)});
  } else {
    body(ToF32{static_cast<float*>(out)});
  }
}

/// Computes out[i] = f(in[i]). f also receives the offset and the number of lanes.
template <typename Store, typename F>
HWY_INLINE void map_row(const float* in, std::size_t n, const Store& store, F f) {
  for_each_vector(
      n,
      [&](std::size_t i)
          HWY_ATTR { store.whole(i, f(hn::LoadU(DF(), in + i), i, hn::Lanes(DF()))); },
      [&](std::size_t i, std::size_t lanes)
          HWY_ATTR { store.part(i, f(load_part(in + i, lanes), i, lanes), lanes); });
}

void LayerNorm(const float* in, std::size_t n, const float* gamma, const float* beta, void* out,
               DataType out_type) {
  const DF d;
  VF sums = hn::Zero(d);
  for_each_vector(
      n, [&](std::size_t i) HWY_ATTR { sums = hn::Add(sums, hn::LoadU(d, in + i)); },
      [&](std::size_t i, std::size_t lanes)
          HWY_ATTR { sums = hn::Add(sums, load_part(in + i, lanes)); });
  const float mean = hn::GetLane(hn::SumOfLanes(d, sums)) / static_cast<float>(n);
  const VF vmean = hn::Set(d, mean);
  VF squares = hn::Zero(d);
  for_each_vector(
      n,
      [&](std::size_t i) HWY_ATTR {
        const VF centred = hn::Sub(hn::LoadU(d, in + i), vmean);
        squares = hn::MulAdd(centred, centred, squares);
      },
      [&](std::size_t i, std::size_t lanes) HWY_ATTR {
        const VF centred =
            hn::IfThenElseZero(hn::FirstN(d, lanes), hn::Sub(load_part(in + i, lanes), vmean));
        squares = hn::MulAdd(centred, centred, squares);
      });
  const float variance = hn::GetLane(hn::SumOfLanes(d, squares)) / static_cast<float>(n);
  const VF factor = hn::Set(d, 1.0F / std::sqrt(variance + 1e-5F));
  with_store(out, out_type, [&](auto store) HWY_ATTR {
    map_row(in, n, store, [&](VF v, std::size_t i, std::size_t lanes) HWY_ATTR {
      const VF g = lanes == hn::Lanes(d) ? hn::LoadU(d, gamma + i) : load_part(gamma + i, lanes);
      const VF b = lanes == hn::Lanes(d) ? hn::LoadU(d, beta + i) : load_part(beta + i, lanes);
      return hn::MulAdd(hn::Mul(hn::Sub(v, vmean), factor), g, b);
    });
  });
}

void FromF32(const float* in, std::size_t n, float factor, void* out, DataType out_type) {
  const VF f = hn::Set(DF(), factor);
  with_store(out, out_type, [&](auto store) HWY_ATTR {
    map_row(in, n, store, [&](VF v, std::size_t, std::size_t) HWY_ATTR { return hn::Mul(v, f); });
  });
}

void FromBf16(const std::uint16_t* in, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(in[i]) << 16;
    std::memcpy(out + i, &bits, sizeof bits);
  }
}

float largest_of(const float* in, std::size_t n) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  // Keeps four maxima, so that an operation does not wait for the previous one.
  const VF first = hn::Set(d, in[0]);
  VF maxima[4] = {first, first, first, first};
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    for (std::size_t j = 0; j < 4; ++j) {
      maxima[j] = hn::Max(maxima[j], hn::LoadU(d, in + i + j * lanes));
    }
  }
  const VF most = hn::Max(hn::Max(maxima[0], maxima[1]), hn::Max(maxima[2], maxima[3]));
  float largest = hn::GetLane(hn::MaxOfLanes(d, most));
  for (; i < n; ++i) largest = std::max(largest, in[i]);
  return largest;
}

/// Computes exponentiate() with the function `exp2`, which returns powers of 2.
template <typename Store, typename Exp2>
HWY_INLINE float exponentiate_with(const float* in, std::size_t n, float scale, const Store& store,
                                   Exp2 exp2) {
  const DF d;
  // exp(x) is computed as 2^(x * log2(e)). `factor` includes log2(e), which saves one
  // multiplication for each element.
  const VF factor = hn::Set(d, scale * 1.44269504F);
  const VF max = hn::Set(d, largest_of(in, n));
  VF sums = hn::Zero(d);
  map_row(in, n, store, [&](VF v, std::size_t, std::size_t lanes) HWY_ATTR {
    const VF e = exp2(hn::Mul(hn::Sub(v, max), factor));
    sums = hn::Add(sums, lanes == hn::Lanes(d) ? e : hn::IfThenElseZero(hn::FirstN(d, lanes), e));
    return e;
  });
  return hn::GetLane(hn::SumOfLanes(d, sums));
}

float Exponentiate(const float* in, std::size_t n, float scale, void* out, DataType out_type) {
  if (out_type == DataType::Bf16) {
    return exponentiate_with(in, n, scale, ToBf16{static_cast<std::uint16_t*>(out)},
                             [](VF x) HWY_ATTR { return exp2_nonpositive_for_bf16(DF(), x); });
  }
  return exponentiate_with(in, n, scale, ToF32{static_cast<float*>(out)},
                           [](VF x) HWY_ATTR { return exp2_nonpositive(DF(), x); });
}

void Gelu(float* x, std::size_t n) {
  map_row(x, n, ToF32{x},
          [](VF v, std::size_t, std::size_t) HWY_ATTR { return gelu_erf(DF(), v); });
}

template <typename T>
float Dot(const float* a, const T* b, std::size_t n) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  VF even = hn::Zero(d);
  VF odd = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    even = hn::MulAdd(hn::LoadU(d, a + i), load_f32(d, b + i), even);
    odd = hn::MulAdd(hn::LoadU(d, a + i + lanes), load_f32(d, b + i + lanes), odd);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < n; ++i) sum += a[i] * scalar_f32(b + i);
  return sum;
}

template <typename T>
void AddScaled(float factor, const T* in, float* sum, std::size_t n) {
  const DF d;
  const VF f = hn::Set(d, factor);
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::MulAdd(f, load_f32(d, in + i), hn::LoadU(d, sum + i)), d, sum + i);
  }
  for (; i < n; ++i) sum[i] += factor * scalar_f32(in + i);
}

template <typename T>
HWY_INLINE const T* row_of(const StoredRows& rows, int index) {
  return reinterpret_cast<const T*>(rows.first + static_cast<std::size_t>(index) * rows.stride);
}

template <typename T>
void DotRows(const float* a, const StoredRows& rows, std::span<const int> indices, float* out) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    out[i] = Dot(a, row_of<T>(rows, indices[i]), rows.n);
  }
}

/// Computes `Vectors` vectors of the sum, from column `first` on. The vectors stay in registers
/// until all rows are added.
template <std::size_t Vectors, typename T>
HWY_INLINE void add_rows(const float* factors, const StoredRows& rows, std::span<const int> indices,
                         std::size_t first, float* sum) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  VF acc[Vectors];
  for (VF& v : acc) v = hn::Zero(d);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const VF factor = hn::Set(d, factors[i]);
    const T* from = row_of<T>(rows, indices[i]) + first;
    for (std::size_t v = 0; v < Vectors; ++v) {
      acc[v] = hn::MulAdd(factor, load_f32(d, from + v * lanes), acc[v]);
    }
  }
  for (std::size_t v = 0; v < Vectors; ++v) hn::StoreU(acc[v], d, sum + first + v * lanes);
}

template <typename T>
void SumScaledRows(const float* factors, const StoredRows& rows, std::span<const int> indices,
                   float* sum) {
  const std::size_t lanes = hn::Lanes(DF());
  std::size_t j = 0;
  for (; j + 4 * lanes <= rows.n; j += 4 * lanes) add_rows<4, T>(factors, rows, indices, j, sum);
  for (; j + lanes <= rows.n; j += lanes) add_rows<1, T>(factors, rows, indices, j, sum);
  for (; j < rows.n; ++j) {
    sum[j] = 0;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      sum[j] += factors[i] * scalar_f32(row_of<T>(rows, indices[i]) + j);
    }
  }
}

float DotF16(const float* a, const hwy::float16_t* b, std::size_t n) {
  return Dot(a, b, n);
}
float DotF32(const float* a, const float* b, std::size_t n) {
  return Dot(a, b, n);
}
void AddScaledF16(float f, const hwy::float16_t* in, float* sum, std::size_t n) {
  AddScaled(f, in, sum, n);
}
void AddScaledF32(float f, const float* in, float* sum, std::size_t n) {
  AddScaled(f, in, sum, n);
}
void DotRowsF16(const float* a, const StoredRows& rows, std::span<const int> indices, float* out) {
  DotRows<hwy::float16_t>(a, rows, indices, out);
}
void DotRowsF32(const float* a, const StoredRows& rows, std::span<const int> indices, float* out) {
  DotRows<float>(a, rows, indices, out);
}
void SumScaledRowsF16(const float* f, const StoredRows& rows, std::span<const int> indices,
                      float* sum) {
  SumScaledRows<hwy::float16_t>(f, rows, indices, sum);
}
void SumScaledRowsF32(const float* f, const StoredRows& rows, std::span<const int> indices,
                      float* sum) {
  SumScaledRows<float>(f, rows, indices, sum);
}

void ToF16(const float* in, hwy::float16_t* out, std::size_t n) {
  const DF d;
  const hn::Rebind<hwy::float16_t, DF> d16;
  HWY_ALIGN hwy::float16_t whole[HWY_MAX_BYTES / sizeof(float)];
  for_each_vector(
      n,
      [&](std::size_t i)
          HWY_ATTR { hn::StoreU(hn::DemoteTo(d16, hn::LoadU(d, in + i)), d16, out + i); },
      [&](std::size_t i, std::size_t lanes) HWY_ATTR {
        hn::Store(hn::DemoteTo(d16, load_part(in + i, lanes)), d16, whole);
        std::memcpy(out + i, whole, lanes * sizeof(hwy::float16_t));
      });
}

}  // namespace
}  // namespace npuwhisper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuwhisper::cpu {

HWY_EXPORT(LayerNorm);
HWY_EXPORT(FromF32);
HWY_EXPORT(FromBf16);
HWY_EXPORT(Exponentiate);
HWY_EXPORT(Gelu);
HWY_EXPORT(DotF16);
HWY_EXPORT(DotF32);
HWY_EXPORT(AddScaledF16);
HWY_EXPORT(AddScaledF32);
HWY_EXPORT(DotRowsF16);
HWY_EXPORT(DotRowsF32);
HWY_EXPORT(SumScaledRowsF16);
HWY_EXPORT(SumScaledRowsF32);
HWY_EXPORT(ToF16);

void layer_norm(const float* in, std::size_t n, const float* gamma, const float* beta, void* out,
                DataType out_type) {
  HWY_DYNAMIC_DISPATCH(LayerNorm)(in, n, gamma, beta, out, out_type);
}

void convert(const void* in, DataType in_type, void* out, DataType out_type, std::size_t n) {
  if (in_type == out_type) {
    std::memcpy(out, in, n * size_of(in_type));
  } else if (in_type == DataType::F32) {
    HWY_DYNAMIC_DISPATCH(FromF32)(static_cast<const float*>(in), n, 1.0F, out, out_type);
  } else {
    HWY_DYNAMIC_DISPATCH(FromBf16)
    (static_cast<const std::uint16_t*>(in), n, static_cast<float*>(out));
  }
}

float exponentiate(const float* in, std::size_t n, float scale, void* out, DataType out_type) {
  return HWY_DYNAMIC_DISPATCH(Exponentiate)(in, n, scale, out, out_type);
}

void scale_row(const float* in, std::size_t n, float factor, void* out, DataType out_type) {
  HWY_DYNAMIC_DISPATCH(FromF32)(in, n, factor, out, out_type);
}

void gelu(float* x, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(Gelu)(x, n);
}

float dot(const float* a, const void* b, DataType b_type, std::size_t n) {
  return b_type == DataType::F16
             ? HWY_DYNAMIC_DISPATCH(DotF16)(a, static_cast<const hwy::float16_t*>(b), n)
             : HWY_DYNAMIC_DISPATCH(DotF32)(a, static_cast<const float*>(b), n);
}

void add_scaled(float factor, const void* in, DataType in_type, float* sum, std::size_t n) {
  if (in_type == DataType::F16) {
    HWY_DYNAMIC_DISPATCH(AddScaledF16)(factor, static_cast<const hwy::float16_t*>(in), sum, n);
  } else {
    HWY_DYNAMIC_DISPATCH(AddScaledF32)(factor, static_cast<const float*>(in), sum, n);
  }
}

void dot_rows(const float* a, const StoredRows& rows, std::span<const int> indices, float* out) {
  if (rows.type == DataType::F16) {
    HWY_DYNAMIC_DISPATCH(DotRowsF16)(a, rows, indices, out);
  } else {
    HWY_DYNAMIC_DISPATCH(DotRowsF32)(a, rows, indices, out);
  }
}

void sum_scaled_rows(const float* factors, const StoredRows& rows, std::span<const int> indices,
                     float* sum) {
  if (rows.type == DataType::F16) {
    HWY_DYNAMIC_DISPATCH(SumScaledRowsF16)(factors, rows, indices, sum);
  } else {
    HWY_DYNAMIC_DISPATCH(SumScaledRowsF32)(factors, rows, indices, sum);
  }
}

void store_row(const float* in, void* out, DataType out_type, std::size_t n) {
  if (out_type == DataType::F16) {
    HWY_DYNAMIC_DISPATCH(ToF16)(in, static_cast<hwy::float16_t*>(out), n);
  } else {
    std::memcpy(out, in, n * sizeof(float));
  }
}

}  // namespace npuwhisper::cpu
#endif

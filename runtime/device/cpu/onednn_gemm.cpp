// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/onednn_gemm.h"

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include <npuwhisper/guarded.h>

#include "simd/onednn.h"

namespace npuwhisper::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;

dnnl::memory::data_type type_of(DataType type) {
  switch (type) {
    case DataType::Bf16:
      return dnnl::memory::data_type::bf16;
    case DataType::I8:
      return dnnl::memory::data_type::s8;
    case DataType::I32:
      return dnnl::memory::data_type::s32;
    default:
      return dnnl::memory::data_type::f32;
  }
}

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::primitive_attr make_attributes(const GemmShape& shape) {
  dnnl::post_ops post;
#if DNNL_VERSION_MAJOR >= 3
  if (shape.gelu) post.append_eltwise(dnnl::algorithm::eltwise_gelu_erf, 0.0F, 0.0F);
#else
  if (shape.gelu) post.append_eltwise(1.0F, dnnl::algorithm::eltwise_gelu_erf, 0.0F, 0.0F);
#endif
  if (shape.accumulate) post.append_sum(1.0F);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(post);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::matmul::primitive_desc make_matmul(const GemmShape& s, const Desc* packing) {
  const auto a_type = s.input == DataType::I8 ? dnnl::memory::data_type::u8 : type_of(s.input);
  const Desc a({s.m, s.k}, a_type, dnnl::memory::dims{s.lda, 1});
  const Desc b = packing != nullptr ? *packing : Desc({s.k, s.n}, type_of(s.input), Tag::any);
  const Desc c({s.m, s.n}, type_of(s.output), dnnl::memory::dims{s.ldc, 1});
  const Desc bias = s.bias ? Desc({1, s.n}, dnnl::memory::data_type::f32, Tag::ab) : Desc();
  const dnnl::primitive_attr attributes = make_attributes(s);
#if DNNL_VERSION_MAJOR >= 3
  return s.bias ? dnnl::matmul::primitive_desc(cpu_engine(), a, b, bias, c, attributes)
                : dnnl::matmul::primitive_desc(cpu_engine(), a, b, c, attributes);
#else
  return s.bias
             ? dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, b, bias, c), attributes,
                                            cpu_engine())
             : dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, b, c), attributes, cpu_engine());
#endif
}

Failure onednn_failure(const dnnl::error& error, const char* what) {
  return fail(ErrorCode::Unsupported, std::string(what) + ": oneDNN: " + error.what());
}

/// Executes a primitive. oneDNN allocates memory in each run. If the allocation fails,
/// dnnl_primitive_execute() throws, and guarded() turns the exception into an Error.
Result<void> execute(const dnnl::primitive& primitive, const dnnl::stream& stream,
                     std::span<const dnnl_exec_arg_t> arguments, const char* what) {
  return guarded("oneDNN", [&]() -> Result<void> {
    if (dnnl_primitive_execute(primitive.get(), stream.get(), static_cast<int>(arguments.size()),
                               arguments.data()) != dnnl_success) {
      return fail(ErrorCode::DeviceError, std::string("oneDNN: ") + what + " failed");
    }
    return {};
  });
}

/// One thread's arguments for oneDNN. The objects are created once; their data pointers are set for
/// each call.
struct ThreadMemory {
  dnnl::stream stream;
  dnnl::memory a, b, bias, c, scratch;
  dnnl::memory unpacked, packed;
};

void point(dnnl::memory& memory, const void* data) {
  // The const_cast is safe: dnnl_memory_set_data_handle() takes no stream and does not modify the
  // data or its padding.
  dnnl_memory_set_data_handle(memory.get(), const_cast<void*>(data));
}

}  // namespace

struct OneDnnGemm::State {
  GemmShape shape;
  std::size_t packed_bytes = 0;
  dnnl::matmul::primitive_desc description;
  dnnl::matmul primitive;
  dnnl::reorder packer;
  std::vector<ThreadMemory> threads;
};

OneDnnGemm::OneDnnGemm(std::unique_ptr<State> state) : state_(std::move(state)) {}
OneDnnGemm::~OneDnnGemm() = default;

Result<std::unique_ptr<OneDnnGemm>> OneDnnGemm::create(const GemmShape& shape, unsigned n_threads,
                                                       const OneDnnGemm* packing) {
  const onednn::SingleThreaded guard;
  try {
    auto state = std::make_unique<State>();
    state->shape = shape;
    const Desc packed = packing != nullptr ? packing->state_->description.weights_desc() : Desc();
    state->description = make_matmul(shape, packing != nullptr ? &packed : nullptr);
    state->primitive = dnnl::matmul(state->description);
    const dnnl::matmul::primitive_desc& pd = state->description;
    state->packed_bytes = pd.weights_desc().get_size();
    const auto memory = [](const Desc& desc) { return dnnl::memory(desc, cpu_engine(), nullptr); };
    for (unsigned i = 0; i < n_threads; ++i) {
      ThreadMemory thread{.stream = dnnl::stream(cpu_engine()),
                          .a = memory(pd.src_desc()),
                          .b = memory(pd.weights_desc()),
                          .bias = {},
                          .c = memory(pd.dst_desc()),
                          .scratch = memory(pd.scratchpad_desc()),
                          .unpacked = {},
                          .packed = {}};
      if (shape.bias) thread.bias = memory(pd.query_md(dnnl::query::weights_md, 1));
      state->threads.push_back(std::move(thread));
    }
    return std::unique_ptr<OneDnnGemm>(new OneDnnGemm(std::move(state)));
  } catch (const dnnl::error& error) {
    return onednn_failure(error, "matrix product");
  }
}

const GemmShape& OneDnnGemm::shape() const {
  return state_->shape;
}
std::size_t OneDnnGemm::packed_bytes() const {
  return state_->packed_bytes;
}
std::size_t OneDnnGemm::scratch_bytes() const {
  return state_->description.scratchpad_desc().get_size();
}
std::string OneDnnGemm::kernel() const {
  return state_->description.impl_info_str();
}

Result<void> OneDnnGemm::pack_weight(const void* b, void* packed) const {
  const onednn::SingleThreaded guard;
  try {
    const GemmShape& s = state_->shape;
    const DataType type = s.input == DataType::I8 ? DataType::I8 : DataType::F32;
    const Desc from({s.k, s.n}, type_of(type), dnnl::memory::dims{1, s.k});
    dnnl::memory source(from, cpu_engine(), const_cast<void*>(b));
    dnnl::memory target(state_->description.weights_desc(), cpu_engine(), packed);
    dnnl::stream stream(cpu_engine());
    dnnl::reorder(source, target).execute(stream, source, target);
    stream.wait();
    return {};
  } catch (const dnnl::error& error) {
    return onednn_failure(error, "packing of weights");
  }
}

Result<void> OneDnnGemm::prepare_pack(const GemmStrides& strides) {
  const onednn::SingleThreaded guard;
  try {
    const GemmShape& s = state_->shape;
    const Desc from({s.k, s.n}, type_of(s.input),
                    dnnl::memory::dims{strides.k_stride, strides.n_stride});
    const Desc to = state_->description.weights_desc();
    state_->packer =
        dnnl::reorder(dnnl::reorder::primitive_desc(cpu_engine(), from, cpu_engine(), to));
    for (ThreadMemory& thread : state_->threads) {
      thread.unpacked = dnnl::memory(from, cpu_engine(), nullptr);
      thread.packed = dnnl::memory(to, cpu_engine(), nullptr);
    }
    return {};
  } catch (const dnnl::error& error) {
    return onednn_failure(error, "packing of an operand");
  }
}

Result<void> OneDnnGemm::pack(unsigned thread, const void* b, void* packed) const {
  ThreadMemory& t = state_->threads[thread];
  point(t.unpacked, b);
  point(t.packed, packed);
  const std::array<dnnl_exec_arg_t, 2> arguments = {
      {{DNNL_ARG_FROM, t.unpacked.get()}, {DNNL_ARG_TO, t.packed.get()}}};
  return execute(state_->packer, t.stream, arguments, "packing of an operand");
}

Result<void> OneDnnGemm::run(unsigned thread, const void* a, const void* packed, const float* bias,
                             void* c, void* scratch) const {
  ThreadMemory& t = state_->threads[thread];
  point(t.a, a);
  point(t.b, packed);
  point(t.c, c);
  point(t.scratch, scratch);
  if (state_->shape.bias) point(t.bias, bias);
  const std::array<dnnl_exec_arg_t, 5> arguments = {{{DNNL_ARG_SRC, t.a.get()},
                                                     {DNNL_ARG_WEIGHTS, t.b.get()},
                                                     {DNNL_ARG_DST, t.c.get()},
                                                     {DNNL_ARG_SCRATCHPAD, t.scratch.get()},
                                                     {DNNL_ARG_BIAS, t.bias.get(true)}}};
  const std::size_t n_arguments = arguments.size() - (state_->shape.bias ? 0 : 1);
  return execute(state_->primitive, t.stream, std::span(arguments).first(n_arguments),
                 "a matrix product");
}

}  // namespace npuwhisper::cpu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core_object.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace npuwhisper::npu::testing {
namespace {

constexpr std::size_t kMemoryBytes = 65536;

[[noreturn]] void trap(void* /*core*/, const char* message) {
  throw std::runtime_error(message);
}

/// Called for an access outside the tile's memory. Throws unless the access hits this test's stack.
void check_access(void* /*core*/, const void* address, std::size_t bytes, bool is_write) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (at >= here && at + bytes <= here + 65536) return;
  throw std::runtime_error(std::string(is_write ? "writes" : "reads") + " outside the tile");
}

}  // namespace

std::uint16_t to_bf16(double value) {
  const auto f = static_cast<float>(value);
  std::uint32_t bits;
  std::memcpy(&bits, &f, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

double from_bf16(std::uint16_t bits) {
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  float f;
  std::memcpy(&f, &wide, sizeof f);
  return f;
}

reference::Matrix rounded(reference::Matrix m) {
  for (double& value : m.values) value = from_bf16(to_bf16(value));
  return m;
}

reference::Matrix random_matrix(int rows, int columns, double deviation, std::mt19937& generator) {
  std::normal_distribution<double> distribution(0.0, deviation);
  reference::Matrix m(rows, columns);
  for (double& value : m.values) value = distribution(generator);
  return rounded(m);
}

std::vector<double> some_bias(int n) {
  std::vector<double> bias;
  for (int i = 0; i < n; ++i) bias.push_back(0.125 * (i % 17 - 8));
  return bias;
}

void CoreObject::Free::operator()(std::byte* p) const {
  std::free(p);
}

CoreObject::CoreObject(Generation generation, const char* path)
    : generation_(generation),
      memory_(static_cast<std::byte*>(std::aligned_alloc(kMemoryBytes, kMemoryBytes))) {
  handle_ = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle_) throw std::runtime_error(::dlerror());
  state_ = static_cast<NpuWhisperCoreState*>(find("npuwhisper_core_state"));
  *state_ = {};
  state_->trap = &trap;
  state_->check_access = &check_access;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory_.get());
  state_->memory = {begin, begin + kMemoryBytes};
  std::memset(memory_.get(), 0xcd, kMemoryBytes);
}

CoreObject::~CoreObject() {
  if (handle_) ::dlclose(handle_);
}

void* CoreObject::find(const char* name) const {
  void* symbol = ::dlsym(handle_, name);
  if (!symbol) throw std::runtime_error(std::string("no symbol ") + name);
  return symbol;
}

Tile CoreObject::a_tile(const reference::Matrix& m, int row, int column) const {
  return a_tile(
      [&](int r, int c) { return to_bf16(m.at(row * core::kTile + r, column * core::kTile + c)); });
}

Tile CoreObject::b_tile(const reference::Matrix& m, int row, int column) const {
  return b_tile(
      [&](int r, int c) { return to_bf16(m.at(row * core::kTile + r, column * core::kTile + c)); });
}

double CoreObject::c_element(const Tile& tile, int row, int column) const {
  const int m = blocks().m;
  const int n = blocks().n;
  const int block = row / m * (core::kTile / n) + column / n;
  return from_bf16(tile[static_cast<std::size_t>(block * m * n + row % m * n + column % n)]);
}

double CoreObject::c_element(const std::vector<Tile>& tiles, int row, int column,
                             bool transposed) const {
  const Tile& tile = tiles[static_cast<std::size_t>(column / core::kTile)];
  const int within = column % core::kTile;
  return transposed ? c_element(tile, within, row) : c_element(tile, row, within);
}

std::vector<Tile> CoreObject::run(const core::JobHeader& header, std::deque<Tile> a,
                                  std::deque<Tile> b, int row) {
  const auto at = [&](int address) { return static_cast<void*>(memory_.get() + address); };
  auto* job = static_cast<core::Job*>(at(core::kJobAddress));
  auto* accumulator = static_cast<float*>(at(core::kAccumulatorAddress));
  void* const a_pair = at(core::kAAddress);
  void* const b_pair = at(core::kBAddress);
  void* const c = at(core::kCAddress);

  int a_slot = 0;
  int b_slot = 0;
  const auto take = [](std::deque<Tile>& tiles, void* pair, int slot) {
    if (tiles.empty()) throw std::runtime_error("the job wants more tiles than there are");
    std::memcpy(static_cast<std::byte*>(pair) + slot * core::kTileBytes, tiles.front().data(),
                core::kTileBytes);
    tiles.pop_front();
  };
  const auto next_a = [&] {
    take(a, a_pair, a_slot);
    return std::exchange(a_slot, 1 - a_slot);
  };
  const auto next_b = [&] {
    take(b, b_pair, b_slot);
    return std::exchange(b_slot, 1 - b_slot);
  };

  Tile header_tile(core::kTileElements);
  std::memcpy(header_tile.data(), &header, sizeof header);
  b.push_front(header_tile);
  function<decltype(encoder_begin_job)>("encoder_begin_job")(b_pair, next_b(), job);

  std::vector<Tile> results;
  for (int pass = 0; pass < header.m_passes; ++pass) {
    function<decltype(encoder_begin_pass)>("encoder_begin_pass")(job, pass, row);
    for (int step = 0; step < header.a_steps + header.a_hold; ++step) {
      function<decltype(encoder_take_a)>("encoder_take_a")(a_pair, next_a(), step, job,
                                                           accumulator);
    }
    for (int step = 0; step < header.b_steps; ++step) {
      function<decltype(encoder_attend)>("encoder_attend")(b_pair, next_b(), step, job, a_pair,
                                                           accumulator);
    }
    for (int block = 0; block < header.n_blocks; ++block) {
      function<decltype(encoder_begin_block)>("encoder_begin_block")(job, block, accumulator);
      for (int step = 0; step < header.k_steps; ++step) {
        const int slot = next_b();
        for (int half = 0; half < header.a_per_step; ++half) {
          function<decltype(encoder_multiply)>("encoder_multiply")(a_pair, next_a(), b_pair, slot,
                                                                   half, job, accumulator);
        }
      }
      for (int step = 0; step < header.residual_steps; ++step) {
        function<decltype(encoder_add_residual)>("encoder_add_residual")(b_pair, next_b(), step,
                                                                         row, job, accumulator);
      }
      for (int step = 0; step < header.c_steps; ++step) {
        function<decltype(encoder_finish)>("encoder_finish")(job, accumulator, c, pass, row);
        Tile& result = results.emplace_back(core::kTileElements);
        std::memcpy(result.data(), c, core::kTileBytes);
      }
    }
  }
  if (!a.empty() || !b.empty()) throw std::runtime_error("the job left tiles over");
  return results;
}

}  // namespace npuwhisper::npu::testing

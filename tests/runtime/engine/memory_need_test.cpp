// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/memory_need.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "device/registry.h"
#include "engine/model_engine.h"
#include "engine/stream_sizes.h"
#include "model/model_table.h"
#include "simd/isa.h"
#include "simd/onednn.h"
#include "tiny_engine.h"

namespace npuwhisper {
namespace {

/// Opens the CPU with one thread, which every machine has.
std::unique_ptr<Device> open_cpu() {
  auto device = open_device({.kind = DeviceKind::Cpu, .n_threads = 1});
  if (!device) throw std::runtime_error(device.error().message);
  return std::move(*device);
}

MemoryNeed need_of(Device& device, std::string_view name) {
  const ModelConfig config = config_of(*resolve_model(name)->model);
  const auto need = measure_memory(device, config, outline_weights(config));
  if (!need) throw std::runtime_error(need.error().message);
  return *need;
}

TEST(MemoryNeeded, CountsTheBuffersOfAStream) {
  const test::TinyEngine tiny(Precision::Auto);
  const auto need = Engine::memory_needed({.model = tiny.folder.path().string()});
  ASSERT_TRUE(need) << need.error().message;
  auto& engine = static_cast<ModelEngine&>(*tiny.engine);
  const StreamSizes sizes(tiny.config(), {.max_sequences = 5, .alignment = true});
  const auto mel = engine.allocate_mel();
  const auto cross_cache = engine.allocate_cross_cache();
  const auto self_cache = engine.allocate_self_cache(sizes.n_cells);
  ASSERT_TRUE(mel && cross_cache && self_cache);
  std::uint64_t bytes = sizes.bytes();
  for (const auto* buffer : {&*mel, &*cross_cache, &*self_cache}) {
    bytes += (*buffer)->host().size();
  }
  EXPECT_EQ(need->stream_bytes, bytes);
}

TEST(MemoryNeeded, ReturnsTheErrorsOfOpen) {
  for (const EngineOptions& options :
       {EngineOptions{.model = ""}, EngineOptions{.model = "/nothing/here"}}) {
    const auto need = Engine::memory_needed(options);
    const auto opened = Engine::open(options);
    ASSERT_FALSE(need);
    ASSERT_FALSE(opened);
    EXPECT_EQ(need.error().message, opened.error().message);
  }
}

// The memory computed from a model's outline equals the memory computed from the model's file.
TEST(OutlineWeights, NeedTheMemoryOfTheFile) {
  const test::TinyEngine tiny(Precision::Auto);
  const auto device = open_cpu();
  const Model& model = model_of(*tiny.engine);
  const auto of_file = measure_memory(*device, model.config, model.weights->index());
  const auto of_outline = measure_memory(*device, model.config, outline_weights(model.config));
  ASSERT_TRUE(of_file && of_outline);
  EXPECT_EQ(of_file->weight_bytes, of_outline->weight_bytes);
  EXPECT_EQ(of_file->peak_bytes(), of_outline->peak_bytes());
}

TEST(LargestKnownModel, FitsInTheMemory) {
  const auto device = open_cpu();
  EXPECT_FALSE(largest_known_model(*device, 1'000'000, false));
  const std::uint64_t base = need_of(*device, "base").peak_bytes();
  EXPECT_EQ(largest_known_model(*device, base - 1, false), "tiny");
  EXPECT_EQ(largest_known_model(*device, base, false), "base");
  EXPECT_EQ(largest_known_model(*device, need_of(*device, "base.en").peak_bytes(), true),
            "base.en");
}

/// Returns "memory_bytes" of each model in tools/models.json.
std::map<std::string, std::uint64_t> table_bytes() {
  std::ifstream file(NPUWHISPER_MODELS_JSON);
  std::map<std::string, std::uint64_t> bytes;
  const auto table = nlohmann::json::parse(file);
  for (const auto& row : table.at("whisper")) bytes[row.at("name")] = row.at("memory_bytes");
  return bytes;
}

// The table of npuwhisper-models has the figures of a CPU with AVX-512 VNNI and BF16. On other
// CPUs, each model needs at least as much.
TEST(TableOfModels, HasTheComputedMemory) {
  const auto device = open_cpu();
  const bool has_int8_and_bf16 =
      cpu::onednn::has_vnni() && cpu::select_isa().value() >= cpu::Isa::Avx512Bf16;
  // Layouts of packed weights differ between instruction sets and between versions of oneDNN.
  constexpr double kTolerance = 0.03;
  const auto table = table_bytes();
  ASSERT_EQ(table.size(), known_models().size());
  for (const auto& [name, bytes] : table) {
    const auto computed = static_cast<double>(need_of(*device, name).peak_bytes());
    const auto stated = static_cast<double>(bytes);
    EXPECT_GE(computed, (1 - kTolerance) * stated) << name;
    if (has_int8_and_bf16) {
      EXPECT_LE(computed, (1 + kTolerance) * stated) << name;
    }
  }
}

}  // namespace
}  // namespace npuwhisper

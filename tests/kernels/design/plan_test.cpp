// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "array/buffer_descriptor.h"
#include "design/job_planner.h"
#include "design/job_writer.h"
#include "support/core_shape.h"
#include "support/whisper_encoder.h"

namespace npuwhisper::npu {
namespace {

constexpr int kWorkspace = 1;

Operation product(int m, int k, int n) {
  return {"product", Product{.m = m,
                             .k = k,
                             .input = {kWorkspace, 0, k},
                             .parts = {{.n = n, .output = {kWorkspace, 1 << 24, n}}}}};
}

DesignSpec spec(const char* array, int rows, int columns) {
  return *make_design_spec(array, rows, columns);
}

Result<Plan> plan_one(const DesignSpec& where, const Operation& operation) {
  return make_plan(where, std::span(&operation, 1), 0);
}

class Plans : public testing::TestWithParam<CoreShape> {
 protected:
  DesignSpec spec() const {
    return *make_design_spec(GetParam().array, GetParam().rows, GetParam().columns);
  }
};

TEST_P(Plans, AProductIsOneStream) {
  const auto plan = plan_one(spec(), product(500, 512, 512));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->figures[0].macs, 500ULL * 512 * 512);
  EXPECT_EQ(plan->figures[0].padded_macs, 512ULL * 512 * 512);
  EXPECT_EQ(plan->figures[0].padded_rows, 512);
  EXPECT_TRUE(decode(plan->stream()));
}

TEST_P(Plans, AWideProductPlans) {
  const auto plan = plan_one(spec(), product(512, 512, 2048));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->figures[0].padded_macs, 512ULL * 512 * 2048);
}

TEST_P(Plans, WholeEncodersPlan) {
  for (const EncoderSizes& sizes : {kTiny, kBase, kSmall, kMedium, kLarge, kLargeV3}) {
    const auto encoder = encoder_operations(spec(), sizes);
    const auto plan = make_plan(spec(), encoder.operations, 0);
    ASSERT_TRUE(plan) << plan.error().message;
    std::uint64_t macs = 0;
    for (const OperationPlan& figures : plan->figures) {
      macs += figures.macs;
      EXPECT_GE(figures.padded_macs, figures.macs);
      EXPECT_FALSE(figures.reason.empty());
    }
    const std::uint64_t d = static_cast<std::uint64_t>(sizes.n_state);
    const std::uint64_t t = 1500;
    const auto layers = static_cast<std::uint64_t>(sizes.n_layers);
    const std::uint64_t wanted =
        3000 * d * 3 * static_cast<std::uint64_t>(sizes.n_mels) + t * d * 3 * d +
        layers * (t * d * 3 * d + 2 * t * t * d + t * d * d + 2 * t * d * 4 * d);
    EXPECT_EQ(macs, wanted);
    EXPECT_TRUE(decode(plan->stream()));
  }
}

// Each block of 64 columns of a result is computed in exactly one job for each chunk of rows, by
// exactly one core column.
TEST_P(Plans, EveryBlockIsDoneOnce) {
  const auto encoder = encoder_operations(spec(), kLarge);
  const auto plan = make_plan(spec(), encoder.operations, 0);
  ASSERT_TRUE(plan) << plan.error().message;
  std::map<std::size_t, std::set<std::tuple<int, int, int>>> done;
  std::map<std::size_t, std::set<int>> chunks;
  std::map<std::size_t, int> rows;
  for (const Job& job : plan->jobs) {
    for (const Panel& panel : job.panels) {
      for (const ColumnBlock& block : panel.blocks) {
        EXPECT_TRUE(
            done[job.operation].insert({job.first_row, block.part, block.first_column}).second);
      }
    }
    chunks[job.operation].insert(job.first_row);
    rows[job.operation] = std::max(
        rows[job.operation], job.first_row + job.m_passes * plan->spec.core_rows * core::kTile);
  }
  for (std::size_t i = 0; i < plan->operations.size(); ++i) {
    std::size_t blocks = 0;
    if (const auto* p = std::get_if<Product>(&plan->operations[i].what)) {
      for (const ProductPart& part : p->parts) blocks += static_cast<std::size_t>(part.n / 64);
    } else {
      blocks = 20;  // The model has 20 heads or 20 tiles of columns.
    }
    EXPECT_EQ(done[i].size(), blocks * chunks[i].size()) << plan->operations[i].name;
    EXPECT_EQ(rows[i], plan->figures[i].padded_rows);
  }
}

// All columns of a row receive the same tiles of A, because A is broadcast.
TEST_P(Plans, AllColumnsTakeAsManyTilesOfA) {
  const auto encoder = encoder_operations(spec(), kLarge);
  const auto plan = make_plan(spec(), encoder.operations, 0);
  ASSERT_TRUE(plan);
  for (const Job& job : plan->jobs) {
    for (const Panel& panel : job.panels) {
      const core::JobHeader& h = panel.header;
      EXPECT_EQ(h.a_hold + h.m_passes * (h.a_steps + h.n_blocks * h.k_steps * h.a_per_step),
                job.a_passes * job.n_blocks * job.a_tiles);
      EXPECT_EQ(job.a_tiles * job.a_passes % job.a_slot_tiles, 0);
    }
  }
}

TEST_P(Plans, Int8WeightsHalveTheResidentTiles) {
  Operation operation = product(1500, 1024, 512);
  const auto bf16 = plan_one(spec(), operation);
  std::get<Product>(operation.what).weights = WeightType::Int8;
  const auto int8 = plan_one(spec(), operation);
  ASSERT_TRUE(bf16) << bf16.error().message;
  ASSERT_TRUE(int8) << int8.error().message;
  const auto weight_tiles = [](const Plan& plan) {
    int n = 0;
    for (const Job& job : plan.jobs) {
      for (const Panel& panel : job.panels) n += panel.weight_tiles;
    }
    return n;
  };
  // Each chunk of rows repeats the weights. Smaller weights leave room for larger, fewer chunks.
  EXPECT_EQ(weight_tiles(*bf16) % (16 * 8), 0);
  EXPECT_EQ(weight_tiles(*int8), 8 * 8);
  EXPECT_EQ(int8->figures[0].padded_macs, bf16->figures[0].padded_macs);
  EXPECT_LT(int8->figures[0].bytes_in, bf16->figures[0].bytes_in);
  // In kernels that others measured, the rounding of A takes longer than int8 products save.
  EXPECT_LT(int8->predicted_seconds(Basis::BestPublished),
            bf16->predicted_seconds(Basis::BestPublished));
}

// In bf16, this feed-forward layer of Whisper medium has 64 tiles of weights for each column, but
// only 53 fit. Each pass reads them from the host. In int8, each job reads its weights once.
TEST_P(Plans, WeightsThatDoNotFitAreReadForEachPass) {
  Operation operation = product(1500, 4096, 1024);
  const auto bf16 = plan_one(spec(), operation);
  std::get<Product>(operation.what).weights = WeightType::Int8;
  const auto int8 = plan_one(spec(), operation);
  ASSERT_TRUE(bf16) << bf16.error().message;
  ASSERT_TRUE(int8) << int8.error().message;
  for (const Job& job : bf16->jobs) EXPECT_GT(job.b_slot_tiles, 0);
  for (const Job& job : int8->jobs) EXPECT_EQ(job.b_slot_tiles, 0);
  EXPECT_NE(bf16->figures[0].reason.find("read again for each pass"), std::string::npos);
  EXPECT_NE(int8->figures[0].reason.find("stay in the memory tile"), std::string::npos);
  const std::uint64_t passes = (24 + bf16->spec.core_rows - 1) / bf16->spec.core_rows;
  const std::uint64_t weights = 2ULL * 4096 * 1024;
  EXPECT_GT(bf16->figures[0].bytes_in, passes * weights);
  EXPECT_LT(int8->figures[0].bytes_in, bf16->figures[0].bytes_in - (passes - 1) * weights);
  EXPECT_EQ(bf16->figures[0].padded_macs, int8->figures[0].padded_macs);
}

TEST_P(Plans, EachJobFitsIntoAMemoryTile) {
  const auto encoder = encoder_operations(spec(), kLarge);
  const auto plan = make_plan(spec(), encoder.operations, 0);
  ASSERT_TRUE(plan);
  for (const Job& job : plan->jobs) {
    EXPECT_LE(room_needed(plan->spec, job, 1).tiles, layout::kMemStreamTiles)
        << plan->operations[job.operation].name;
    EXPECT_LE(job.m_passes, kMaxPasses);
  }
}

TEST_P(Plans, Int8InputColumnsMustBeAMultipleOf128) {
  Operation operation = product(100, 192, 64);
  std::get<Product>(operation.what).weights = WeightType::Int8;
  const auto plan = plan_one(spec(), operation);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::Unsupported);
  EXPECT_NE(plan.error().message.find("192 columns"), std::string::npos) << plan.error().message;
}

// A full queue silently drops the tasks that are pushed to it. A job begins with its A descriptor,
// and its tasks are complete when the token of its results arrives.
TEST_P(Plans, NoQueueHoldsMoreThanFourTasks) {
  EncoderSizes sizes = kLarge;
  sizes.n_layers = 2;  // All layers have the same jobs.
  const auto encoder = encoder_operations(spec(), sizes);
  const auto plan = make_plan(spec(), encoder.operations, 0);
  ASSERT_TRUE(plan);
  std::set<std::uint32_t> queues;
  for (const int row : {0, 1}) {
    const TileKind kind = row == 0 ? TileKind::Shim : TileKind::Mem;
    for (const bool mm2s : {false, true}) {
      for (int c = 0; c < 2; ++c) {
        for (int column = 0; column < plan->spec.columns(); ++column) {
          queues.insert(tile_address({column, row}, queue_register(kind, mm2s, c)));
        }
      }
    }
  }
  std::set<std::uint32_t> begins;
  for (const int id : {layout::kMemABd, layout::kMemABd + layout::kMemABdsPerJob}) {
    begins.insert(
        tile_address({plan->spec.a_column(0), 1}, descriptor_register(TileKind::Mem, id)));
  }
  std::map<std::uint32_t, std::vector<int>> pushed;  // For each queue, the job of each pushed task.
  int job = 0;
  int n_synced = 0;
  for (const Instruction& instruction : plan->instructions) {
    if (std::holds_alternative<Sync>(instruction)) ++n_synced;
    if (const auto* block = std::get_if<BlockWrite>(&instruction)) {
      job += static_cast<int>(begins.count(block->address));
    }
    const auto* write = std::get_if<Write32>(&instruction);
    if (write == nullptr) continue;
    ASSERT_TRUE(queues.count(write->address));
    auto& tasks = pushed[write->address];
    tasks.push_back(job);
    const auto in_flight =
        std::count_if(tasks.begin(), tasks.end(), [&](int j) { return j > n_synced; });
    ASSERT_LE(in_flight, kQueueDepth) << "register " << write->address << ", job " << job;
  }
  EXPECT_EQ(job, static_cast<int>(plan->jobs.size()));
  EXPECT_EQ(n_synced, job);
  EXPECT_EQ(plan->n_syncs, n_synced);
}

// A token reaches the controller only if its channel has the controller id of the shims' routes.
TEST_P(Plans, EachTaskWithATokenFollowsItsControllerId) {
  const auto encoder = encoder_operations(spec(), kTiny);
  const auto plan = make_plan(spec(), encoder.operations, 0);
  ASSERT_TRUE(plan);
  constexpr std::uint32_t kQueueOfC = 0x1d204;
  int n_tokens = 0;
  const MaskWrite* before = nullptr;
  for (const Instruction& instruction : plan->instructions) {
    const auto* write = std::get_if<Write32>(&instruction);
    if (write != nullptr && (write->value >> 31) != 0) {
      ++n_tokens;
      EXPECT_EQ(write->address & 0x1ffffff, kQueueOfC);
      ASSERT_NE(before, nullptr);
      EXPECT_EQ(before->address, write->address - 4);
      EXPECT_EQ(before->value, 0xf00U);
      EXPECT_EQ(before->mask, 0x1f00U);
    }
    before = std::get_if<MaskWrite>(&instruction);
  }
  EXPECT_GE(n_tokens, static_cast<int>(plan->jobs.size()));
}

TEST_P(Plans, DescribesItselfWithReasons) {
  const auto encoder = encoder_operations(spec(), kBase);
  const auto plan = make_plan(spec(), encoder.operations, 0);
  ASSERT_TRUE(plan);
  const std::string text = plan->describe();
  EXPECT_NE(text.find("layer 5 attention: attention 1500 x 1500, 8 heads"), std::string::npos);
  EXPECT_NE(text.find("with padding"), std::string::npos);
  EXPECT_NE(text.find("predicted"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Arrays, Plans, testing::ValuesIn(kPlannedShapes), name_of);

TEST(Plan, AnEncoderOfBaseIsOneJobAnOperationOnNpu2) {
  const DesignSpec where = spec("npu2", 4, 8);
  const auto encoder = encoder_operations(where, kBase);
  const auto plan = make_plan(where, encoder.operations, 0);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->jobs.size(), plan->operations.size());
}

TEST(Plan, MoreRowsThanAnIterationCountsAreCutIntoChunks) {
  const auto plan = plan_one(spec("npu1", 1, 1), product(64 * 64 + 1, 64, 64));
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->jobs.size(), 2U);
  EXPECT_EQ(plan->jobs[0].m_passes, 64);
  EXPECT_EQ(plan->jobs[1].m_passes, 1);
  EXPECT_EQ(plan->jobs[1].first_row, 4096);
  EXPECT_EQ(plan->jobs[0].panels[0].header.valid_rows, 4097);
  EXPECT_EQ(plan->jobs[1].panels[0].header.valid_rows, 1);
  EXPECT_NE(plan->figures[0].reason.find("2 chunks"), std::string::npos);
}

TEST(Plan, OddNumbersOfTilesPlan) {
  for (const int k : {7 * 64, 23 * 64, 37 * 64, 47 * 64, 61 * 64, 83 * 64}) {
    for (const int m : {64, 23 * 64, 64 * 64}) {
      const auto plan = plan_one(spec("npu1", 1, 1), product(m, k, 64));
      EXPECT_TRUE(plan) << m << " x " << k << ": " << plan.error().message;
    }
  }
}

TEST(Plan, AColumnThatLacksABlockLetsItsTilesPass) {
  const auto plan = plan_one(spec("npu1", 4, 4), product(256, 128, 5 * 64));
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->jobs.size(), 1U);
  EXPECT_EQ(plan->jobs[0].panels[0].header.n_blocks, 2);
  EXPECT_EQ(plan->jobs[0].panels[0].header.a_steps, 0);
  EXPECT_EQ(plan->jobs[0].panels[1].header.n_blocks, 1);
  EXPECT_EQ(plan->jobs[0].panels[1].header.a_steps, 2);
}

// The core of the last head holds two tiles of A, so the idle core beside it must discard two
// tiles.
TEST(Plan, ASingleRemainingHeadLeavesOtherColumnsIdle) {
  const Operation attention{"a", Attention{.n_queries = 150,
                                           .n_keys = 64,
                                           .n_heads = 3,
                                           .queries = {kWorkspace, 0, 192},
                                           .keys = {kWorkspace, 0, 64},
                                           .values = {kWorkspace, 0, 192},
                                           .output = {kWorkspace, 0, 192}}};
  const auto plan = plan_one(spec("npu1", 1, 2), attention);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->jobs.size(), 2U);
  const Job& last = plan->jobs[1];
  EXPECT_EQ(last.active_columns, 1);
  EXPECT_EQ(last.panels[0].blocks[0].first_column, 128);
  EXPECT_EQ(last.panels[0].header.m_passes, 3);
  EXPECT_EQ(last.panels[0].header.a_hold, 2);
  EXPECT_EQ(last.panels[1].header.operation, core::kIdle);
  EXPECT_EQ(last.panels[1].header.m_passes * last.panels[1].header.a_steps, 2);
}

std::string refusal(const Operation& operation, ErrorCode code) {
  const auto plan = plan_one(spec("npu1", 4, 4), operation);
  EXPECT_FALSE(plan);
  if (plan) return {};
  EXPECT_EQ(plan.error().code, code) << plan.error().message;
  return plan.error().message;
}

TEST(Plan, RefusesWhatDoesNotFit) {
  // 257 is a prime number, so a slot has one tile of weights.
  EXPECT_NE(refusal(product(64, 257 * 64, 64), ErrorCode::Unsupported)
                .find("257 executions of a descriptor in a pass, expected at most 256"),
            std::string::npos);
  EXPECT_NE(refusal({"a", Attention{.n_queries = 64,
                                    .n_keys = 2000,
                                    .n_heads = 8,
                                    .queries = {kWorkspace, 0, 512},
                                    .keys = {kWorkspace, 0, 2048},
                                    .values = {kWorkspace, 0, 512},
                                    .output = {kWorkspace, 0, 512}}},
                    ErrorCode::Unsupported)
                .find("2000 keys"),
            std::string::npos);
}

TEST(Plan, RefusesWhatMakesNoSense) {
  EXPECT_NE(refusal(product(0, 64, 64), ErrorCode::InvalidArgument).find("0 rows"),
            std::string::npos);
  EXPECT_NE(refusal(product(64, 63, 64), ErrorCode::InvalidArgument).find("row stride of 63"),
            std::string::npos);
  Operation odd = product(64, 64, 64);
  std::get<Product>(odd.what).input.offset = 2;
  EXPECT_NE(refusal(odd, ErrorCode::InvalidArgument).find("multiple of 4"), std::string::npos);
  Operation narrow = product(64, 64, 80);
  std::get<Product>(narrow.what).parts[0].output.row_stride = 80;
  EXPECT_NE(refusal(narrow, ErrorCode::InvalidArgument).find("80 elements, expected at least 128"),
            std::string::npos);
  // A row of a transposed output has as many elements as the plan has rows: 4 core rows of 64.
  std::get<Product>(narrow.what).parts[0].transposed = true;
  std::get<Product>(narrow.what).parts[0].output.row_stride = 192;
  EXPECT_NE(refusal(narrow, ErrorCode::InvalidArgument).find("192 elements, expected at least 256"),
            std::string::npos);
  Operation none = product(64, 64, 64);
  std::get<Product>(none.what).parts.clear();
  refusal(none, ErrorCode::InvalidArgument);
}

// A shim's descriptor supports steps of up to 2^20 words.
TEST(Plan, RefusesAStrideBeyondADescriptorByNumber) {
  Operation wide = product(512, 64, 64);
  std::get<Product>(wide.what).input.row_stride = 1 << 14;
  const std::string message = refusal(wide, ErrorCode::Unsupported);
  EXPECT_NE(message.find("iteration step is 2097152, expected 1..1048576"), std::string::npos)
      << message;
}

}  // namespace
}  // namespace npuwhisper::npu

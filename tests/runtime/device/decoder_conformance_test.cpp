// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/whisper_graphs.h"

namespace npuwhisper::test {
namespace {

std::vector<double> exact(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

/// Runs two streams on one decoder, both on the device and in the reference. Each stream has a
/// self-attention cache and a cross-attention buffer that is filled from random features.
class DecoderConformance : public Conformance {
 protected:
  struct Stream {
    std::unique_ptr<Buffer> cross, self;
    ReferenceCache reference_cross, reference_self;
  };
  static constexpr int kCells = 60;

  void SetUp() override {
    Conformance::SetUp();
    if (device_ != nullptr) make(129);
  }

  void make(int n_audio_ctx) {
    model_ = &tiny(n_audio_ctx);
    decoder_graph_ = make_decoder_graph(config(), kMaxRows);
    decoder_ = prepare(decoder_graph_, model_->weights(), kMaxRows);
    reference_ = std::make_unique<GraphReference>(decoder_graph_, model_->weights());
    const Graph cross_graph = make_cross_graph(config());
    GraphReference cross_reference(cross_graph, model_->weights());
    const auto cross = prepare(cross_graph, model_->weights(), 1);
    ASSERT_TRUE(decoder_ != nullptr && cross != nullptr);
    const auto features = allocate(*cross, cross_graph.inputs[0]);
    for (unsigned i = 0; i < 2; ++i) {
      Stream& stream = streams_[i];
      const Matrix values = random_matrix(config().n_audio_ctx, config().n_state, 100 + i);
      write_buffer(*features, values);
      stream.cross = allocate(*cross, cross_graph.outputs[0]);
      stream.self = allocate(*decoder_, decoder_graph_.inputs[0], kCells);
      const std::vector<Buffer*> item = {features.get(), stream.cross.get()};
      const std::vector<std::span<Buffer* const>> items = {item};
      run(*cross, {.items = items, .rows = {}});
      stream.reference_cross = {};
      stream.reference_self = {};
      cross_reference.run_window({&values, 1}, &stream.reference_cross);
    }
  }

  const ModelConfig& config() const { return model_->config(); }

  /// Adds a row to the next step. The last of `cells` is the row's own cell.
  void add(int stream, Token token, std::vector<int> cells, bool logits = true,
           bool attention = false) {
    rows_.push_back({stream, token, std::move(cells), logits, attention, {}, {}});
  }
  /// Adds rows for tokens [begin, end) of a sequence whose token i is in cell i. Requests logits
  /// only for the last of `tokens`.
  void add_sequence(int stream, const std::vector<Token>& tokens, std::size_t begin,
                    std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      std::vector<int> cells(i + 1);
      for (std::size_t c = 0; c <= i; ++c) cells[c] = static_cast<int>(c);
      add(stream, tokens[i], std::move(cells), i + 1 == tokens.size());
    }
  }

  struct Row {
    int stream;
    Token token;
    std::vector<int> cells;
    bool wants_logits;
    bool wants_attention;
    std::vector<float> logits;
    std::vector<float> attention;
  };

  /// Runs the added rows on the device and returns them with their results.
  std::vector<Row> step() {
    std::vector<Row> rows = std::exchange(rows_, {});
    const auto n_keys = static_cast<std::size_t>(config().n_audio_ctx);
    std::vector<StepRow> step_rows;
    for (Row& row : rows) {
      row.logits.assign(row.wants_logits ? static_cast<std::size_t>(config().n_vocab) : 0, NAN);
      row.attention.assign(row.wants_attention ? config().alignment_heads.size() * n_keys : 0, NAN);
      Stream& stream = streams_[row.stream];
      step_rows.push_back({.token = row.token,
                           .position = static_cast<int>(row.cells.size()) - 1,
                           .cell = row.cells.back(),
                           .cells = row.cells,
                           .self_cache = stream.self.get(),
                           .cross_cache = stream.cross.get(),
                           .logits = row.wants_logits ? row.logits.data() : nullptr,
                           .attention = row.wants_attention ? row.attention.data() : nullptr,
                           .attention_stride = n_keys});
    }
    run(*decoder_, {.items = {}, .rows = step_rows});
    return rows;
  }

  std::vector<ReferenceResult> reference_step(const std::vector<Row>& rows) {
    std::vector<ReferenceRow> reference_rows;
    for (const Row& row : rows) {
      Stream& stream = streams_[row.stream];
      reference_rows.push_back({.token = row.token,
                                .position = static_cast<int>(row.cells.size()) - 1,
                                .cell = row.cells.back(),
                                .cells = row.cells,
                                .self = &stream.reference_self,
                                .cross = &stream.reference_cross});
    }
    return reference_->run_step(reference_rows);
  }

  /// Runs the step on the device and in the reference and compares the logits. Returns the rows
  /// with the device's results.
  std::vector<Row> check_step() {
    std::vector<Row> rows = step();
    const auto wanted = reference_step(rows);
    double worst = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].wants_logits) continue;
      const double error = relative_error(rows[i].logits, wanted[i].logits);
      EXPECT_LE(error, bounds_.decoder) << "row " << i;
      worst = std::max(worst, error);
    }
    RecordProperty("error", std::to_string(worst));
    return rows;
  }

  /// Returns the bound on the difference between two runs of the same computation whose rows are
  /// grouped differently. The difference comes from rounding, which also affects cached values.
  double regrouping_bound() const {
    if (GetParam().device == DeviceKind::Npu) return bounds_.decoder;
    return GetParam().precision == Precision::F32 ? 1e-5 : 1e-2;
  }

  const Tiny* model_ = nullptr;
  Graph decoder_graph_;
  std::unique_ptr<Executable> decoder_;
  std::unique_ptr<GraphReference> reference_;
  Stream streams_[2];
  std::vector<Row> rows_;
};

TEST_P(DecoderConformance, OneRowMatchesReference) {
  add(0, 5, {0});
  check_step();
}

TEST_P(DecoderConformance, PromptMatchesReference) {
  for (Token token = 0; token < 20; ++token) {
    std::vector<int> cells;
    for (int cell = 0; cell <= token; ++cell) cells.push_back(cell);
    add(0, token * 17 % config().n_vocab, cells);
  }
  check_step();
}

TEST_P(DecoderConformance, WindowOf1500) {
  make(1500);
  add_sequence(0, {1, 2, 3, 4, 5, 6, 7, 8, 9}, 0, 9);
  add(1, 7, {0});
  check_step();
}

TEST_P(DecoderConformance, SeveralStreamsInOneStep) {
  add_sequence(0, {10, 20, 30}, 0, 3);
  add_sequence(1, {300, 200, 100, 50, 25}, 0, 5);
  check_step();
  // Adds one token to each sequence, in a cell that is not adjacent to the sequence's other cells.
  add(1, 77, {0, 1, 2, 3, 4, kCells - 1});
  add(0, 78, {0, 1, 2, 9});
  check_step();
}

TEST_P(DecoderConformance, PiecesEqualTokenByToken) {
  const std::vector<Token> tokens = {3,  141, 59, 26, 53, 58, 97, 93, 23,
                                     84, 62,  64, 33, 83, 27, 95, 28};
  add_sequence(0, tokens, 0, tokens.size());
  const auto whole = check_step().back().logits;
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{16}}) {
    std::vector<float> last;
    for (std::size_t begin = 0; begin < tokens.size(); begin += piece) {
      add_sequence(1, tokens, begin, std::min(begin + piece, tokens.size()));
      // Uses the audio of stream 0, so that the logits equal those of the whole sequence.
      std::swap(streams_[1].cross, streams_[0].cross);
      last = step().back().logits;
      std::swap(streams_[1].cross, streams_[0].cross);
    }
    EXPECT_LE(relative_error(last, exact(whole)), regrouping_bound()) << "pieces of " << piece;
  }
}

TEST_P(DecoderConformance, ForkedSequencesEqualSeparateOnes) {
  // Two beams share the prompt's cells 0 to 2 and continue in cells of their own.
  add_sequence(0, {40, 41, 42}, 0, 3);
  check_step();
  add(0, 50, {0, 1, 2, 3});
  add(0, 60, {0, 1, 2, 4});
  check_step();
  add(0, 51, {0, 1, 2, 3, 5});
  add(0, 61, {0, 1, 2, 4, 6});
  const auto forked = check_step();
  // Decodes the second beam alone, in stream 1 but with the audio of stream 0.
  std::swap(streams_[1].cross, streams_[0].cross);
  add_sequence(1, {40, 41, 42, 60, 61}, 0, 5);
  const auto alone = step();
  const auto& wanted = alone.back().logits;
  EXPECT_LE(relative_error(forked[1].logits, exact(wanted)), regrouping_bound());
}

TEST_P(DecoderConformance, CapturedAttentionMatchesReference) {
  const auto n_heads = config().alignment_heads.size();
  const auto n_keys = static_cast<std::size_t>(config().n_audio_ctx);
  std::vector<int> cells;
  for (int i = 0; i < 11; ++i) {
    cells.push_back(i);
    // Row 4 does not request its attention.
    add(0, 30 + i, cells, /*logits=*/i % 2 == 0, /*attention=*/i != 4);
  }
  const auto rows = step();
  const auto wanted = reference_step(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].wants_attention) continue;
    ASSERT_EQ(wanted[i].attention.size(), n_heads);
    for (std::size_t head = 0; head < n_heads; ++head) {
      const std::vector<float> found(
          rows[i].attention.begin() + static_cast<std::ptrdiff_t>(head * n_keys),
          rows[i].attention.begin() + static_cast<std::ptrdiff_t>((head + 1) * n_keys));
      double sum = 0;
      for (const float x : found) {
        EXPECT_GE(x, 0.0F);
        sum += static_cast<double>(x);
      }
      EXPECT_NEAR(sum, 1.0, 1e-5);
      EXPECT_LE(relative_error(found, wanted[i].attention[head]), bounds_.decoder)
          << "row " << i << " head " << head;
    }
  }
}

/// config.json may name a head twice. The head's attention is then captured twice.
TEST_P(DecoderConformance, AHeadMayBeCapturedTwice) {
  for (Op& op : decoder_graph_.ops) {
    if (op.kind == OpKind::CrossAttention && !op.captured_heads.empty()) op.captured_heads = {1, 1};
  }
  decoder_ = prepare(decoder_graph_, model_->weights(), kMaxRows);
  ASSERT_NE(decoder_, nullptr);
  add(0, 9, {0}, false, true);
  const auto rows = step();
  const auto half = static_cast<std::ptrdiff_t>(rows[0].attention.size() / 2);
  const std::vector<float> first(rows[0].attention.begin(), rows[0].attention.begin() + half);
  const std::vector<float> second(rows[0].attention.begin() + half, rows[0].attention.end());
  EXPECT_EQ(first, second);
}

TEST_P(DecoderConformance, RowsWithoutLogitsStillFillTheCache) {
  add(0, 11, {0}, false);
  add(0, 12, {0, 1}, false);
  check_step();
  add(0, 13, {0, 1, 2});
  check_step();
}

TEST_P(DecoderConformance, OnlyWantedRowsGetLogits) {
  add(0, 11, {0}, false);
  add(0, 12, {0, 1}, true);
  add(1, 13, {0}, false);
  add(1, 14, {0, 1}, true);
  check_step();
}

TEST_P(DecoderConformance, StepWithoutRowsDoesNothing) {
  EXPECT_TRUE(step().empty());
  add(0, 5, {0});
  check_step();
}

TEST_P(DecoderConformance, TooManyRowsAreRefused) {
  const std::vector<StepRow> rows(kMaxRows + 1);
  const auto started = decoder_->start({.items = {}, .rows = rows});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::InvalidArgument) << started.error().message;
}

TEST_P(DecoderConformance, OnlyCachesAreAllocated) {
  const auto allocated = decoder_->allocate(decoder_graph_.ops.front().output);
  ASSERT_FALSE(allocated);
  EXPECT_EQ(allocated.error().code, ErrorCode::InvalidArgument) << allocated.error().message;
}

INSTANTIATE_TEST_SUITE_P(Devices, DecoderConformance, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace npuwhisper::test

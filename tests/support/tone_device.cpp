// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tone_device.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <utility>

#include "host_buffer.h"
#include "tone_speech.h"

namespace npuwhisper::test {
namespace {

// A threshold for the normalised log-mel. Tones are above 1. Silence and the speaker's noise are
// below 0.
constexpr float kLoud = 0.5F;
constexpr int kWordFrames = static_cast<int>(100 * tones::kWordSeconds);
constexpr int kLeastFrames = kWordFrames / 5;
// Logits of the chosen token. All other logits are 0. In a window without words, the end-of-text
// token gets the logit kUnsure, because Whisper's text for silence is improbable too.
constexpr float kSure = 30, kUnsure = 5;

struct HeardTone {
  int word = 0;
  int first = 0;  ///< First position of the tone in the encoder's output; a position is 20 ms.
  int end = 0;    ///< Position after the tone.
};

/// The tones in one window. A cross-attention cache contains this object instead of keys and
/// values.
struct HeardWindow {
  static constexpr int kMost = 120;  ///< Capacity. No window has this many tones.
  int n = 0;
  std::array<HeardTone, kMost> tones;
};

HeardWindow& window_in(Buffer& buffer) {
  return *reinterpret_cast<HeardWindow*>(buffer.host().data());
}

Token* tokens_in(Buffer& buffer) {
  return reinterpret_cast<Token*>(buffer.host().data());
}

/// A run that is complete from the start.
class DoneRun final : public Run {
 public:
  Result<void> wait() override { return {}; }
};

class ToneEncoder final : public Executable {
 public:
  ToneEncoder(const Graph& graph, const ModelConfig& config) : graph_(graph), config_(config) {
    plan_.graph = graph.name;
    plan_.summary = "finds tones";
  }
  const Plan& plan() const override { return plan_; }
  Result<Run*> start(const Bindings& bindings) override {
    for (const auto item : bindings.items) hear(*item[0], window_in(*item[1]));
    return &run_;
  }
  Result<std::unique_ptr<Buffer>> allocate(TensorId id, int) override {
    const TensorSpec& spec = graph_.tensor(id);
    const std::size_t bytes = id == graph_.outputs[0]
                                  ? sizeof(HeardWindow)
                                  : sizeof(float) * static_cast<std::size_t>(spec.rows) *
                                        static_cast<std::size_t>(spec.columns);
    return std::unique_ptr<Buffer>(std::make_unique<HostBuffer>(bytes));
  }

 private:
  /// Returns the loudest band of a frame, or -1 if it is silent.
  int band_of(const float* frame) const {
    const float* loudest = std::max_element(frame, frame + config_.n_mels);
    return *loudest > kLoud ? static_cast<int>(loudest - frame) : -1;
  }

  void hear(Buffer& mel, HeardWindow& heard) const {
    const auto* frames = reinterpret_cast<const float*>(mel.host().data());
    const int n_frames = 2 * config_.n_audio_ctx;
    heard.n = 0;
    std::array<int, tones::kMostWords> votes{};
    int begin = 0, length = 0;
    for (int i = 0; i <= n_frames; ++i) {
      const int band = i < n_frames ? band_of(frames + i * config_.n_mels) : -1;
      if (band >= 0) {
        if (length++ == 0) begin = i;
        const int word = (band - tones::kFirstBand + tones::kBandStep / 2) / tones::kBandStep;
        ++votes[static_cast<std::size_t>(std::clamp(word, 0, tones::kMostWords - 1))];
        continue;
      }
      const bool is_cut_off = begin == 0 && length <= kWordFrames / 2;
      if (length >= kLeastFrames && !is_cut_off && heard.n < HeardWindow::kMost) {
        const auto best = std::max_element(votes.begin(), votes.end()) - votes.begin();
        heard.tones[static_cast<std::size_t>(heard.n++)] = {static_cast<int>(best), begin / 2,
                                                            (i + 1) / 2};
      }
      length = 0;
      votes.fill(0);
    }
  }

  const Graph graph_;
  const ModelConfig config_;
  Plan plan_;
  DoneRun run_;
};

class ToneDecoder final : public Executable {
 public:
  ToneDecoder(const Graph& graph, const ModelConfig& config, const SpecialTokens& special,
              std::vector<Token> words)
      : graph_(graph), config_(config), special_(special), words_(std::move(words)) {
    plan_.graph = graph.name;
    plan_.summary = "says what was heard";
    for (const Op& op : graph.ops) n_heads_ += op.captured_heads.size();
  }
  const Plan& plan() const override { return plan_; }
  Result<Run*> start(const Bindings& bindings) override {
    for (const StepRow& row : bindings.rows) tokens_in(*row.self_cache)[row.cell] = row.token;
    for (const StepRow& row : bindings.rows) answer(row);
    return &run_;
  }
  Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows) override {
    const int n = rows > 0 ? rows : graph_.tensor(id).rows;
    return std::unique_ptr<Buffer>(
        std::make_unique<HostBuffer>(sizeof(Token) * static_cast<std::size_t>(n)));
  }

 private:
  void answer(const StepRow& row) const {
    const Token* cache = tokens_in(*row.self_cache);
    const auto marker = std::find_if(row.cells.begin(), row.cells.end(), [&](int cell) {
      return cache[cell] == special_.no_timestamps;
    });
    const bool is_text = marker != row.cells.end();
    // Number of words decoded before the one that this row must find.
    const auto n_said = is_text ? static_cast<int>(row.cells.end() - marker) - 1 : 0;
    const HeardWindow& heard = window_in(*row.cross_cache);
    const HeardTone* tone =
        is_text && n_said < heard.n ? &heard.tones[static_cast<std::size_t>(n_said)] : nullptr;
    if (row.logits != nullptr) {
      Token next = heard.n == 0 ? special_.no_speech : special_.transcribe;
      if (is_text) {
        next = tone != nullptr ? words_[static_cast<std::size_t>(tone->word) % words_.size()]
                               : special_.eot;
      }
      std::fill_n(row.logits, config_.n_vocab, 0.0F);
      row.logits[next] = heard.n == 0 && is_text ? kUnsure : kSure;
    }
    if (row.attention != nullptr) attend(row, tone);
  }

  void attend(const StepRow& row, const HeardTone* tone) const {
    for (std::size_t head = 0; head < n_heads_; ++head) {
      float* attention = row.attention + head * row.attention_stride;
      std::fill_n(attention, config_.n_audio_ctx, 1e-7F);
      if (tone == nullptr) continue;
      const int end = std::min(tone->end, config_.n_audio_ctx);
      std::fill(attention + tone->first, attention + end,
                1.0F / static_cast<float>(end - tone->first));
    }
  }

  const Graph graph_;
  const ModelConfig config_;
  const SpecialTokens special_;
  const std::vector<Token> words_;
  std::size_t n_heads_ = 0;
  Plan plan_;
  DoneRun run_;
};

}  // namespace

std::vector<Token> tone_word_tokens(const Tokenizer& tokenizer) {
  std::vector<Token> words;
  for (Token token = 0; token < tokenizer.special().eot; ++token) {
    if (words.size() == tones::kMostWords) break;
    const std::string text = tokenizer.decode({&token, 1});
    const bool is_word = text.size() > 1 && text.front() == ' ' &&
                         std::isalpha(static_cast<unsigned char>(text.back())) != 0;
    if (is_word && tokenizer.encode(text).size() == 1) words.push_back(token);
  }
  return words;
}

ToneDevice::ToneDevice(const Tokenizer& tokenizer, const ModelConfig& config)
    : info_{.name = "tones (test device)", .n_threads = 1, .kernels = {"encoder: tones"}},
      config_(config),
      special_(tokenizer.special()),
      words_(tone_word_tokens(tokenizer)) {}

Result<GraphMemory> ToneDevice::measure(const Graph& graph, const WeightsIndex&, int) {
  GraphMemory memory;
  memory.buffer_bytes.resize(graph.inputs.size() + graph.outputs.size());
  return memory;
}

Result<std::unique_ptr<Executable>> ToneDevice::prepare(const Graph& graph, const Weights&, int) {
  const bool is_decoder = std::any_of(graph.ops.begin(), graph.ops.end(), [](const Op& op) {
    return op.kind == OpKind::CachedAttention;
  });
  if (is_decoder) {
    return std::unique_ptr<Executable>(
        std::make_unique<ToneDecoder>(graph, config_, special_, words_));
  }
  return std::unique_ptr<Executable>(std::make_unique<ToneEncoder>(graph, config_));
}

}  // namespace npuwhisper::test

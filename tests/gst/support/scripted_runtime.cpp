// SPDX-License-Identifier: LGPL-2.1-or-later
#include "scripted_runtime.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace npuwhisper {
namespace test {
namespace {

// The interval at which decode() polls the script's clock, which may differ from the system's.
constexpr std::chrono::milliseconds kDecodeTick{1};

std::mutex mutex;  // Guards the_script and the_calls.
Script the_script;
Calls the_calls;

template <typename Note>
void note(Note&& change) {
  const std::scoped_lock lock(mutex);
  change(the_calls);
}

Script script() {
  const std::scoped_lock lock(mutex);
  return the_script;
}

/// Returns consecutive slices, or an empty slice if too few samples are left. Starts at the
/// beginning again when all slices are released.
class ScriptedRing final : public AudioRing {
 public:
  ScriptedRing(std::shared_ptr<Engine> engine, std::size_t n_samples)
      : engine_(std::move(engine)), samples_(n_samples) {
    note([](Calls& c) { ++c.rings_made, ++c.rings_alive; });
  }
  ~ScriptedRing() override {
    note([](Calls& c) { --c.rings_alive; });
  }

  std::span<std::int16_t> acquire(std::size_t n_samples) override {
    const std::scoped_lock lock(ring_mutex_);
    if (n_out_ == 0) next_ = 0;
    if (samples_.size() - next_ < n_samples) return {};
    const auto slice = std::span(samples_).subspan(next_, n_samples);
    next_ += n_samples;
    ++n_out_;
    note([](Calls& c) { ++c.slices_out; });
    return slice;
  }
  void release(std::span<const std::int16_t>) override {
    const std::scoped_lock lock(ring_mutex_);
    --n_out_;
    note([](Calls& c) { --c.slices_out; });
  }
  bool holds(const std::int16_t* sample) const {
    return sample >= samples_.data() && sample < samples_.data() + samples_.size();
  }

 private:
  const std::shared_ptr<Engine> engine_;
  std::mutex ring_mutex_;  // Guards the members below.
  std::vector<std::int16_t> samples_;
  std::size_t next_ = 0;
  int n_out_ = 0;
};

class ScriptedEngine final : public Engine {
 public:
  const DeviceInfo& device() const override { return info_; }
  DeviceStats device_stats() const override { return script().device_stats; }
  DeviceActivity device_activity() const override {
    const char* stage = script().device_stage;
    return {.stage = stage, .time = std::chrono::hours(stage != nullptr ? 1 : 0)};
  }
  const std::filesystem::path& model_path() const override { return path_; }
  bool is_multilingual() const override { return true; }
  bool has_language(std::string_view code) const override { return code.size() == 2; }
  bool has_alignment_heads() const override { return false; }
  std::string describe_plan() const override { return "scripted"; }

 private:
  DeviceInfo info_{.name = "scripted device", .kernels = {"ear: none", "hand: none"}};
  std::filesystem::path path_ = "/scripted";
};

class ScriptedTranscriber final : public Transcriber {
 public:
  ScriptedTranscriber(TranscriberOptions options, std::shared_ptr<AudioRing> ring)
      : script_(script()),
        options_(std::move(options)),
        ring_(std::static_pointer_cast<ScriptedRing>(std::move(ring))),
        language_(options_.language) {
    window_ = script_.window;
    stats_.vad = script_.vad;
    stats_.mel_time = script_.stage_time;
    stats_.encode_time = 2 * script_.stage_time;
    stats_.prompt_time = stats_.decode_time = stats_.align_time = script_.stage_time;
    if (options_.live_latency) {
      // Leaves a part of the latency for decode_time.
      window_ = std::min<std::int64_t>(window_,
                                       options_.live_latency->count() * 3 / 4 * kSampleRate / 1000);
    }
  }

  Result<std::vector<Segment>> push(std::span<const float> pcm) override {
    if (cancelled()) return cancelled_error();
    pcm_.insert(pcm_.end(), pcm.begin(), pcm.end());
    note_samples(pcm.size());
    if (script_.push_error && n_heard() > script_.push_error_after) {
      return fail(*script_.push_error);
    }
    std::vector<Segment> segments;
    while (static_cast<std::int64_t>(pcm_.size()) >= window_) {
      if (!decode(window_, segments)) return cancelled_error();
    }
    return segments;
  }

  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) override {
    const bool in_ring = ring_ != nullptr && !pcm.empty() && ring_->holds(pcm.data());
    note([&](Calls& c) { (in_ring ? c.samples_in_ring : c.samples_elsewhere) += std::ssize(pcm); });
    std::vector<float> floats(pcm.size());
    std::transform(pcm.begin(), pcm.end(), floats.begin(),
                   [](std::int16_t sample) { return static_cast<float>(sample) / 32768.0F; });
    return push(std::span<const float>(floats));
  }

  Result<std::vector<Segment>> drain() override {
    note([](Calls& c) { ++c.drains; });
    is_drained_ = true;
    if (script_.drain_error) return fail(*script_.drain_error);
    return settle();
  }

  Result<std::vector<Segment>> settle() override {
    std::vector<Segment> segments;
    if (cancelled()) return cancelled_error();
    if (!pcm_.empty() && !decode(static_cast<std::int64_t>(pcm_.size()), segments)) {
      return cancelled_error();
    }
    return segments;
  }

  void reset() override {
    note([](Calls& c) { ++c.resets; });
    const std::scoped_lock lock(wait_mutex_);
    cancelled_ = false;
    is_drained_ = false;
    pcm_.clear();
    position_ = 0;
  }

  void cancel() override {
    note([](Calls& c) { ++c.cancels; });
    const std::scoped_lock lock(wait_mutex_);
    cancelled_ = true;
    wake_.notify_all();
  }

  std::int64_t position() const override { return position_; }
  std::vector<Word> draft() const override {
    const auto is_loud = [](float sample) { return std::abs(sample) > 0.1F; };
    const auto first = std::find_if(pcm_.begin(), pcm_.end(), is_loud);
    if (!script_.drafts || !options_.live_latency || first == pcm_.end()) return {};
    const auto last = std::find_if(pcm_.rbegin(), pcm_.rend(), is_loud).base();
    return {{.start = position_ + (first - pcm_.begin()),
             .end = position_ + (last - pcm_.begin()),
             .text = next_text(),
             .probability = 0.5F}};
  }
  const std::string& language() const override { return language_; }
  float language_probability() const override { return script_.language_probability; }
  bool language_is_doubtful() const override {
    return is_drained_ && !language_.empty() && script_.language_probability < 0.5F;
  }
  TranscriberStats stats() const override {
    const std::scoped_lock lock(wait_mutex_);
    return stats_;
  }

 private:
  static Failure cancelled_error() { return fail(ErrorCode::Cancelled, "cancelled"); }
  std::int64_t n_heard() const { return position_ + static_cast<std::int64_t>(pcm_.size()); }

  bool cancelled() const {
    const std::scoped_lock lock(wait_mutex_);
    return cancelled_;
  }

  void note_samples(std::size_t n) {
    const std::scoped_lock lock(wait_mutex_);
    stats_.samples += n;
  }

  bool decode(std::int64_t n, std::vector<Segment>& segments) {
    {
      std::unique_lock lock(wait_mutex_);
      ++stats_.windows;
      const auto end = script_.now() + script_.decode_time;
      while (!cancelled_ && script_.now() < end) wake_.wait_for(lock, kDecodeTick);
      if (cancelled_) return false;
    }
    std::int64_t first = -1;
    std::int64_t last = -1;
    for (std::int64_t i = 0; i <= n; ++i) {
      const bool loud = i < n && std::abs(pcm_[static_cast<std::size_t>(i)]) > 0.1F;
      if (loud && first < 0) first = i;
      if (loud) last = i;
      if (first >= 0 && (i == n || i - last > kSampleRate / 10)) {
        segments.push_back(make_segment(position_ + first, position_ + last + 1));
        first = -1;
      }
    }
    pcm_.erase(pcm_.begin(), pcm_.begin() + n);
    position_ += n;
    if (language_.empty() && !segments.empty()) language_ = script_.detected_language;
    for (Segment& segment : segments) segment.language = language_;
    return true;
  }

  Segment make_segment(std::int64_t start, std::int64_t end) {
    Segment segment;
    segment.start = start;
    segment.end = end;
    segment.text = next_text();
    ++n_segments_;
    segment.average_log_probability = -0.25F;
    segment.no_speech_probability = 0.01F;
    segment.compression_ratio = 1.1F;
    if (options_.word_times) segment.words = make_words(segment);
    return segment;
  }

  const std::string& next_text() const { return script_.texts[n_segments_ % script_.texts.size()]; }

  std::vector<Word> make_words(const Segment& segment) const {
    std::vector<Word> words;
    for (std::size_t i = 0; i < segment.text.size();) {
      const std::size_t next = std::min(segment.text.find(' ', i + 1), segment.text.size());
      words.push_back({.text = segment.text.substr(i, next - i), .probability = 0.5F});
      i = next;
    }
    const auto n = static_cast<std::int64_t>(words.size());
    const std::int64_t length = segment.end - segment.start;
    for (std::int64_t i = 0; i < n; ++i) {
      Word& word = words[static_cast<std::size_t>(i)];
      word.start = segment.start + length * i / n;
      word.end = segment.start + length * (i + 1) / n;
      if (script_.overlapping_words) word.end += kSampleRate / 5;
    }
    return words;
  }

  const Script script_;
  const TranscriberOptions options_;
  const std::shared_ptr<ScriptedRing> ring_;
  std::int64_t window_ = 0;
  std::vector<float> pcm_;
  std::int64_t position_ = 0;
  std::size_t n_segments_ = 0;
  std::string language_;
  bool is_drained_ = false;
  mutable std::mutex wait_mutex_;  // Guards cancelled_ and stats_.
  std::condition_variable wake_;
  bool cancelled_ = false;
  TranscriberStats stats_;
};

}  // namespace

void set_script(Script script) {
  const std::scoped_lock lock(mutex);
  the_script = std::move(script);
  the_calls = {};
}

Calls calls() {
  const std::scoped_lock lock(mutex);
  return the_calls;
}

}  // namespace test

Result<std::shared_ptr<Engine>> Engine::open(const EngineOptions& options) {
  static std::mutex cache_mutex;
  static std::vector<std::pair<EngineOptions, std::weak_ptr<Engine>>> cache;
  const std::scoped_lock lock(cache_mutex);
  test::note([&](test::Calls& c) { c.last_engine_options = options; });
  for (auto& [key, weak] : cache) {
    if (auto engine = weak.lock(); engine && key == options) return engine;
  }
  test::note([](test::Calls& c) { ++c.loads; });
  const test::Script script = test::script();
  if (script.while_loading) script.while_loading();
  std::this_thread::sleep_for(script.load_time);
  if (script.load_error) return fail(*script.load_error);
  std::shared_ptr<Engine> engine = std::make_shared<test::ScriptedEngine>();
  cache.emplace_back(options, engine);
  return engine;
}

Result<std::shared_ptr<AudioRing>> AudioRing::create(std::shared_ptr<Engine> engine) {
  const std::size_t n_samples = test::script().ring_samples;
  if (n_samples == 0) return fail(ErrorCode::Unsupported, "scripted on the CPU");
  return std::shared_ptr<AudioRing>(
      std::make_shared<test::ScriptedRing>(std::move(engine), n_samples));
}

Result<std::filesystem::path> find_model(const std::string& name_or_path) {
  return std::filesystem::path("/scripted") / name_or_path;
}

Result<std::unique_ptr<Transcriber>> Transcriber::create(std::shared_ptr<Engine>,
                                                         const TranscriberOptions& options,
                                                         std::shared_ptr<AudioRing> ring) {
  test::note([&](test::Calls& c) {
    ++c.creates;
    c.last_options = options;
  });
  const test::Script script = test::script();
  if (script.create_error) return fail(*script.create_error);
  if (script.make_transcriber) return script.make_transcriber(options);
  return std::unique_ptr<Transcriber>(
      std::make_unique<test::ScriptedTranscriber>(options, std::move(ring)));
}

}  // namespace npuwhisper

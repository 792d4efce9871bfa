// SPDX-License-Identifier: LGPL-2.1-or-later
#include "soak.h"

#include <npuwhisper/transcriber.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace npuwhisper::soak {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kChunkSeconds = 0.1;
constexpr double kSampleEverySeconds = 30;
constexpr double kMeanSecondsBetweenEvents = 15;
// Words within this time before or after an event (see cut()) may be incomplete. Errors in these
// words are ignored.
constexpr GstClockTime kCut = GST_SECOND;
// Bounds of the memory's growth in bytes. They allow for random variation of the trends.
constexpr double kMostHeapGrowth = 512e3, kMostResidentGrowth = 8e6;
// AddressSanitizer keeps freed memory in a quarantine, so resident memory grows with it.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kQuarantine = true;
#else
constexpr bool kQuarantine = false;
#endif

}  // namespace

Json Soak::run() {
  const auto start = std::chrono::steady_clock::now();
  prepare();
  const Result<void> played = play();
  if (!played) failures_.push_back(played.error().message);
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Json result = describe(wall);
  finish();
  result["failures"] = failures_;
  return result;
}

void Soak::prepare() {
  element_ = gst_element_factory_make("npuwhisper", nullptr);
  bus_ = gst_bus_new();
  gst_element_set_bus(element_, bus_);
  g_object_set(element_, "model", model_.c_str(), "latency", options_.latency_ms, "language-code",
               "en", nullptr);
  gst_util_set_object_arg(G_OBJECT(element_), "output-mode", "word");
  // Raises the threshold, because random sequences of a few words are more repetitive than speech.
  if (source_->knows_words()) {
    g_object_set(element_, "compression-ratio-threshold", 100.0F, nullptr);
    // The VAD would find no speech in tones.
    gst_util_set_object_arg(G_OBJECT(element_), "vad", "off");
  }
  for (const auto& [name, value] : options_.properties) {
    gst_util_set_object_arg(G_OBJECT(element_), name.c_str(), value.c_str());
  }
  // Loads the model before audio is sent, because this test does not measure the loading time.
  gst_element_set_state(element_, GST_STATE_READY);
  wait_for_model();
  feed_ = std::make_unique<LiveFeed>(
      element_, options_.real_time ? LiveFeed::Pace::RealTime : LiveFeed::Pace::AsFastAsItCan);
  GstPad* src = gst_element_get_static_pad(element_, "src");
  check_ = std::make_unique<TextCheck>(src, element_, source_->knows_words());
  gst_object_unref(src);
}

void Soak::wait_for_model() {
  const auto types = static_cast<GstMessageType>(GST_MESSAGE_PROGRESS | GST_MESSAGE_ERROR);
  while (GstMessage* message = gst_bus_timed_pop_filtered(bus_, 60 * GST_SECOND, types)) {
    GstProgressType type = GST_PROGRESS_TYPE_ERROR;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_PROGRESS) {
      gst_message_parse_progress(message, &type, nullptr, nullptr);
    }
    gst_message_unref(message);
    if (type == GST_PROGRESS_TYPE_COMPLETE) return;
    if (type == GST_PROGRESS_TYPE_ERROR) break;
  }
  failures_.push_back("the model could not be loaded");
}

void Soak::speak(std::vector<float>& pcm) {
  said_.clear();
  source_->next(pcm, said_);
  n_words_said_ += said_.size();
  for (const SaidWord& word : said_) {
    const auto at = [this](std::int64_t sample) {
      return feed_->pts() +
             static_cast<GstClockTime>(sample - n_spoken_) * GST_SECOND / kSampleRate;
    };
    check_->said(word.text, at(word.start), at(word.end));
  }
  n_spoken_ += std::ssize(pcm);
}

Result<void> Soak::play() {
  std::vector<float> pcm(static_cast<std::size_t>(kChunkSeconds * kSampleRate));
  double next_sample = 0, next_event = between(0, 2 * kMeanSecondsBetweenEvents);
  const double end = options_.hours * 3600;
  for (double now = 0; now < end; now = static_cast<double>(feed_->running_time()) / GST_SECOND) {
    speak(pcm);
    if (auto pushed = feed_->push(pcm); !pushed) return pushed;
    if (auto told = wait_for_text(); !told) return told;
    read_bus();
    if (!failures_.empty()) return {};
    if (now >= next_sample) {
      memory_.sample(now);
      next_sample = now + kSampleEverySeconds;
    }
    if (!options_.plain && now >= next_event) {
      if (auto happened = happen(); !happened) return happened;
      next_event = now + between(0.1, 2 * kMeanSecondsBetweenEvents);
    }
  }
  return feed_->end();
}

// Updates longest_silence_. With a test clock, first waits until text and GAPs lag behind the
// running time by at most the latency plus one second. The additional second is necessary because
// the element sends GAPs ten times per second of real time, and the test clock runs faster. With
// the system clock, does not wait. Errors: Timeout after LiveFeed::kTimeout.
Result<void> Soak::wait_for_text() {
  const auto start = std::chrono::steady_clock::now();
  const auto lag = [this] {
    const GstClockTime covered = check_->covered(), now = feed_->running_time();
    return now > covered ? now - covered : 0;
  };
  while (!options_.real_time && lag() > latency() + GST_SECOND) {
    if (std::chrono::steady_clock::now() - start > LiveFeed::kTimeout) {
      return fail(ErrorCode::Timeout, "neither text nor GAPs have come for " +
                                          std::to_string(LiveFeed::kTimeout.count()) + " s");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  longest_silence_ = std::max(longest_silence_, static_cast<double>(lag()) / GST_SECOND);
  return {};
}

// Ignores errors in speech around the current time, because this speech may be lost or
// misrecognised. `leaps` means that the running time is about to jump. All pending text may then be
// late, because the element detects the jump only when the next audio arrives.
void Soak::cut(bool leaps) {
  const GstClockTime pts = feed_->pts();
  const GstClockTime before = leaps ? latency() + kCut : kCut;
  check_->forgive(pts > before ? pts - before : 0, pts + kCut);
}

Result<void> Soak::happen() {
  const auto count = [this](const char* what) { ++events_[what]; };
  const auto time = [this](double from, double to) {
    return static_cast<GstClockTime>(between(from, to) * static_cast<double>(GST_SECOND));
  };
  const double dice = between(0, 1);
  cut();
  if (dice < 0.2) {
    count("seek");
    const GstClockTime left = feed_->pts();
    feed_->seek(time(0, 36000));
    check_->flushed(left, latency() + kCut);
  } else if (dice < 0.35) {
    count("flush");
    const GstClockTime left = feed_->pts();
    feed_->flush();
    check_->flushed(left, latency() + kCut);
  } else if (dice < 0.55) {
    count("gap");
    cut(true);
    feed_->gap(time(0.02, 6));
  } else if (dice < 0.7) {
    count("lost audio");
    cut(true);
    feed_->lose(time(0.02, 6));
  } else if (dice < 0.85) {
    count("caps");
    feed_->change_caps();
  } else if (dice < 0.93 || (!options_.overload && dice < 0.97)) {
    count("segment");
    feed_->change_segment(feed_->pts() + time(0, 600));
  } else if (dice < 0.97) {
    count("overload");
    if (auto done = overload(); !done) return done;
  } else {
    count("restart");
    const GstClockTime left = feed_->pts();
    feed_->restart();
    check_->flushed(left, latency() + kCut);
  }
  cut();
  return {};
}

Result<void> Soak::overload() {
  std::vector<float> pcm(static_cast<std::size_t>(between(5, 40)) * kSampleRate);
  const GstClockTime begin = feed_->pts();
  speak(pcm);
  constexpr std::size_t kPiece = kSampleRate / 10;
  for (std::size_t i = 0; i < pcm.size(); i += kPiece) {
    if (auto sent = feed_->burst({pcm.data() + i, kPiece}); !sent) return sent;
  }
  const GstClockTime before = latency() + kCut;
  check_->forgive(begin > before ? begin - before : 0, feed_->pts() + before);
  return {};
}

void Soak::read_bus() {
  while (GstMessage* message = gst_bus_pop(bus_)) {
    GError* error = nullptr;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      gst_message_parse_error(message, &error, nullptr);
      failures_.push_back(std::string("ERROR: ") + error->message);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
      gst_message_parse_warning(message, &error, nullptr);
      std::string text = error->message;
      std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
      ++warnings_[text];
    }
    g_clear_error(&error);
    gst_message_unref(message);
  }
}

void Soak::judge(const TextCheck::Totals& totals) {
  const auto must = [this](bool holds, const std::string& what) {
    if (!holds) failures_.push_back(what);
  };
  must(totals.backwards == 0,
       std::to_string(totals.backwards) + " texts overlap the previous one in time");
  must(totals.words > 0, "no text came");
  must(memory_.heap().growth < kMostHeapGrowth, "memory in use grows");
  must(kQuarantine || memory_.resident().growth < kMostResidentGrowth, "resident memory grows");
  must(longest_silence_ < static_cast<double>(options_.latency_ms) / 1e3 + 1 || !options_.real_time,
       "text and GAPs stalled");
  if (!source_->knows_words()) return;
  const auto share = [&](std::uint64_t n) {
    return static_cast<double>(n) / static_cast<double>(std::max<std::uint64_t>(n_words_said_, 1));
  };
  must(share(totals.heard) > 0.7, "too few of the words came");
  must(share(totals.lost) < 0.001, "words were lost");
  must(share(totals.wrong) < 0.001, "words were reported that were not said");
  must(totals.repeated == 0, "words came twice");
}

Json Soak::describe(double wall) {
  const TextCheck::Totals totals = check_->totals();
  judge(totals);
  const auto rounded = [](double value) { return std::round(value * 1e3) / 1e3; };
  const auto trend = [&](const MemoryWatch::Trend& t) {
    return Json{{"first_mb", rounded(t.first / 1e6)},
                {"last_mb", rounded(t.last / 1e6)},
                {"kb_per_hour", rounded(t.slope_per_hour / 1e3)},
                {"growth_kb", rounded(t.growth / 1e3)}};
  };
  const double hours = static_cast<double>(feed_->running_time()) / GST_SECOND / 3600;
  return {{"model", options_.model.empty() ? "tones" : options_.model},
          {"seed", options_.seed},
          {"stream_hours", rounded(hours)},
          {"wall_seconds", rounded(wall)},
          {"events", events_},
          {"words",
           {{"said", n_words_said_},
            {"came", totals.words},
            {"heard", totals.heard},
            {"lost", totals.lost},
            {"wrong", totals.wrong},
            {"repeated", totals.repeated},
            {"backwards", totals.backwards}}},
          {"gaps", totals.gaps},
          {"mean_delay", rounded(totals.mean_delay)},
          {"max_delay", rounded(totals.max_delay)},
          {"longest_silence", rounded(longest_silence_)},
          {"longest_wait", rounded(feed_->longest_wait())},
          {"resident", trend(memory_.resident())},
          {"heap", trend(memory_.heap())},
          {"warnings", warnings_},
          {"complaints", check_->complaints()}};
}

void Soak::finish() {
  check_.reset();
  feed_.reset();
  gst_element_set_state(element_, GST_STATE_NULL);
  gst_element_set_bus(element_, nullptr);
  gst_bus_set_flushing(bus_, TRUE);  // Messages hold references to the element.
  if (GST_OBJECT_REFCOUNT_VALUE(element_) != 1) {
    failures_.push_back("a reference to the element leaked");
  }
  gst_object_unref(element_);
  gst_object_unref(bus_);
}

}  // namespace npuwhisper::soak

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "round.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "operations.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::stress {
namespace {

struct Situation {
  const char* name;
  Subject kind;
  int n_units;
  int n_threads;
  int n_operations;  ///< Number of operations per thread.
};

constexpr std::array<Situation, Round::kSituations> kSituations = {{
    {"npuwhisper", Subject::Element, 1, 3, 160},
    {"npuwhisperbin", Subject::Bin, 1, 3, 80},
    {"texttocea608", Subject::TextToCea608, 1, 3, 150},
    {"64 npuwhisper", Subject::Element, 64, 4, 150},
    {"npuwhisper, its runtime fails", Subject::Element, 2, 3, 120},
}};

constexpr std::chrono::microseconds kRest{1'000};

const Situation& situation_of(std::uint64_t seed) {
  return kSituations[seed % Round::kSituations];
}

std::chrono::milliseconds some_milliseconds(int most, Dice& dice) {
  return std::chrono::milliseconds(dice.number(0, most));
}

// Makes the scripted runtime fail in one of the possible ways.
void break_runtime(test::Script& script, Dice& dice) {
  const Error error{ErrorCode::DeviceError, "planned by the stress test"};
  switch (dice.number(0, 2)) {
    case 0:
      script.load_error = error;
      break;
    case 1:
      script.create_error = error;
      break;
    default:
      script.push_error = error;
      script.push_error_after = dice.number(0, 80'000);
  }
}

bool is_inside(GstObject* source, GstElement* subject) {
  return source == GST_OBJECT(subject) ||
         gst_object_has_as_ancestor(source, GST_OBJECT(subject)) != FALSE;
}

std::string text_of_error(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  gst_message_parse_error(message, &error, &debug);
  std::string text = std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + error->message + " (" +
                     (debug == nullptr ? "" : debug) + ")";
  g_error_free(error);
  g_free(debug);
  return text;
}

}  // namespace

Round::Round(std::uint64_t seed, Plant plant, OperationLog& log)
    : seed_(seed), plant_(plant), log_(log), dice_(seed, 0) {}

std::string Round::describe() const {
  return situation_of(seed_).name;
}

std::vector<std::string> Round::run() {
  set_script();
  make_units();
  disturb();
  plant_fault();
  stop_all();
  if (!runtime_fails_) play_in_order();
  const Operation operation(log_, "dispose of the pipelines");
  units_.clear();
  return std::move(failures_);
}

void Round::set_script() {
  test::Script script;
  script.load_time = some_milliseconds(10, dice_);
  script.decode_time = some_milliseconds(3, dice_);
  script.window = dice_.number(1, 30) * kSampleRate;
  script.drafts = dice_.chance(0.5);
  script.overlapping_words = dice_.chance(0.2);
  script.language_probability = dice_.chance(0.8) ? 0.9F : 0.3F;
  if (dice_.chance(0.3)) script.ring_samples = 4 * kSampleRate;
  runtime_fails_ = seed_ % kSituations == kSituations - 1;
  if (runtime_fails_) break_runtime(script, dice_);
  test::set_script(script);
}

void Round::make_units() {
  const Situation& situation = situation_of(seed_);
  const Operation operation(log_, "make the pipelines");
  for (int i = 0; i < situation.n_units; ++i) {
    units_.push_back(std::make_unique<Unit>(situation.kind, situation.n_units > 1, dice_));
  }
  for (const auto& unit : units_) gst_element_set_state(unit->pipeline(), GST_STATE_PLAYING);
}

void Round::disturb() {
  const Operation operation(log_, "wait for the other threads");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < situation_of(seed_).n_threads; ++i) {
      threads.emplace_back([this, stream = 1 + i] { operate(static_cast<std::uint64_t>(stream)); });
    }
  }
}

void Round::operate(std::uint64_t stream) {
  const std::string name = "operator " + std::to_string(stream);
  pthread_setname_np(pthread_self(), name.c_str());
  Dice dice(seed_, stream);
  OperationLog log(name);
  for (int i = 0; i < situation_of(seed_).n_operations; ++i) {
    Unit& unit = *dice.pick(units_);
    const OperationKind& kind = pick_operation(unit, dice);
    const Operation operation(log,
                              std::string(kind.name) + " of " + GST_OBJECT_NAME(unit.pipeline()));
    kind.run(unit, dice);
    ++n_operations_;
    dice.rest(kRest);
  }
}

void Round::plant_fault() const {
  switch (plant_) {
    case Plant::None:
      return;
    case Plant::Critical:
      gst_object_unref(nullptr);
      return;
    case Plant::Leak:
      gst_event_new_eos();
      return;
    case Plant::Descriptor:
      for (int i = 0; i < 8; ++i) open("/dev/null", O_RDONLY | O_CLOEXEC);
      return;
    case Plant::Hang: {
      const Operation operation(log_, "planted hang");
      std::this_thread::sleep_for(std::chrono::hours(1));
    }
  }
}

void Round::stop_all() {
  for (const auto& unit : units_) {
    const Operation operation(log_, std::string("stop ") + GST_OBJECT_NAME(unit->pipeline()));
    unit->stop();
    read_messages(*unit);
  }
}

void Round::read_messages(const Unit& unit) {
  GstBus* bus = gst_element_get_bus(unit.pipeline());
  std::map<std::string, int> n_errors;
  while (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ANY)) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR &&
        is_inside(GST_MESSAGE_SRC(message), unit.subject())) {
      ++n_errors[GST_MESSAGE_SRC_NAME(message)];
    }
    gst_message_unref(message);
  }
  gst_object_unref(bus);
  for (const auto& [name, n] : n_errors) most_errors_ = std::max(most_errors_, n);
}

// Relinks and restarts every pipeline, and checks that it plays to its end.
void Round::play_in_order() {
  for (const auto& unit : units_) {
    const Operation operation(log_, std::string("play ") + GST_OBJECT_NAME(unit->pipeline()));
    unit->play_to_the_end();
  }
  for (const auto& unit : units_) await_end(*unit);
  stop_all();
}

void Round::await_end(const Unit& unit) {
  const Operation operation(log_, "wait for the end of " + unit.description());
  GstBus* bus = gst_element_get_bus(unit.pipeline());
  // A source performs a seek that it received before its start. If the seek had the SEGMENT flag,
  // the pipeline posts SEGMENT_DONE instead of EOS.
  const auto types =
      static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_SEGMENT_DONE | GST_MESSAGE_ERROR);
  GstMessage* message = gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, types);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    failures_.push_back("in order again, but " + text_of_error(message));
  }
  gst_message_unref(message);
  gst_object_unref(bus);
}

}  // namespace npuwhisper::stress

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

namespace npuwhisper {

/// Decides which live streams of an engine may run a pass. A pass processes the audio that has
/// arrived when the pass begins. If many streams began passes at the same time, the device would
/// run their windows one after another. The last pass would then lack the audio that arrived while
/// it waited. With turns, a stream continues to take audio until the device can run its pass. The
/// stream with the earliest deadline gets the next turn. All times are read from one clock.
/// Thread-safe; never blocks.
class PassTurns {
 public:
  using Time = std::chrono::nanoseconds;

  /// The right to run one pass, which ends with the lifetime of this object. Must not outlive the
  /// PassTurns. A default-constructed Turn is the right of a stream that takes no turns.
  class Turn {
   public:
    Turn() = default;
    explicit Turn(PassTurns& turns) : turns_(&turns) {}
    ~Turn();
    Turn(Turn&& other) noexcept;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Turn& operator=(Turn&&) = delete;

   private:
    PassTurns* turns_ = nullptr;
  };

  /// `n_expected`: number of streams for which memory is reserved.
  explicit PassTurns(std::size_t n_expected);

  /// Returns a turn for `stream`, or nullopt if the stream must ask again. A stream must ask again
  /// while kPasses turns are in use, and while other streams with earlier deadlines wait for the
  /// free turns. A stream whose deadline has passed may use one turn more. A stream that has not
  /// asked again within kPatience no longer counts as waiting. `deadline`: the latest time at which
  /// the pass can begin without making words late. `now`: the current time.
  std::optional<Turn> ask(const void* stream, Time deadline, Time now);

  /// Returns a turn at once, even if kPasses turns are in use. For a stream that cannot take more
  /// audio.
  Turn take(const void* stream);

  /// Removes `stream` from the waiting streams. Has no effect if `stream` does not wait.
  void leave(const void* stream);

 private:
  /// Maximum number of turns in use. With two turns, one stream keeps the device busy while the
  /// other stream waits for audio or processes its text. Two streams also share decoder steps.
  static constexpr int kPasses = 2;
  /// Time after which a stream that has not asked again no longer waits: several times the usual
  /// duration of a live source's buffers (10 to 20 ms).
  static constexpr Time kPatience = std::chrono::milliseconds(100);

  struct Waiting {
    const void* stream;
    Time deadline;
    Time asked;
  };
  void forget(const void* stream);

  std::mutex mutex_;  // guards the members below
  std::vector<Waiting> waiting_;
  int n_running_ = 0;
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

namespace npuwhisper {

/// Decides which live streams of an engine may run a pass. A pass hears the audio that has arrived
/// when the pass begins. If many streams began passes at the same time, the device would run their
/// windows one after the other, and the last pass would hear audio that is old by then. With turns,
/// a stream continues to take audio until the device can run its pass. The stream whose unheard
/// audio is due first has its turn first. Times are of one clock. Thread-safe; never blocks.
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
  /// asked for kPatience does not wait any more. `deadline`: the time at which the pass must begin,
  /// so that its words are not late. `now`: the current time.
  std::optional<Turn> ask(const void* stream, Time deadline, Time now);

  /// Returns a turn at once, for a stream that cannot take more audio.
  Turn take(const void* stream);

  /// Ends the waiting of `stream`, if it waits.
  void leave(const void* stream);

 private:
  /// While one stream waits for audio or processes its text, the other one keeps the device busy.
  /// Two streams also share decoder steps.
  static constexpr int kPasses = 2;
  /// Several times the usual duration of a buffer of a live source, which is 10 to 20 ms.
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

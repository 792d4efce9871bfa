// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace npuwhisper::test {

/// What the calls of a pass take on the machine that is simulated. The default is a machine on
/// which a pass of base takes about 0.2 s.
struct PassCosts {
  std::chrono::microseconds encode{150'000};
  std::chrono::microseconds prompt{4'000};  ///< And for each of its tokens:
  std::chrono::microseconds prompt_token{150};
  std::chrono::microseconds step{2'500};
  std::chrono::microseconds align{5'000};  ///< And for each of its tokens:
  std::chrono::microseconds align_token{150};
};

/// A word, and the sample that had just arrived when it left the transcriber.
struct SimulatedWord {
  Word word;
  std::int64_t emitted = 0;
};

struct SimulatedStream {
  std::vector<SimulatedWord> words;
  TranscriberStats stats;
  std::chrono::nanoseconds busy{0};  ///< Simulated time spent in passes.
};

/// Real decoding in simulated time: plays `pcm` to a live transcriber in pieces of 20 ms as if they
/// came from a microphone, while calls of the decoder take what `costs` say, however long they
/// really take. So delays are those of the policy, the same in every run, and a stream passes as
/// fast as the machine computes. `options.live_latency` must be set; samples_waiting is set here.
/// Errors: those of the transcriber.
Result<SimulatedStream> listen_in_simulated_time(const std::shared_ptr<Engine>& engine,
                                                 TranscriberOptions options, const PassCosts& costs,
                                                 std::span<const std::int16_t> pcm);

}  // namespace npuwhisper::test

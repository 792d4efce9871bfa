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

/// Simulated costs of the calls in a pass. The defaults describe a machine on which a pass of base
/// takes about 0.2 s.
struct PassCosts {
  std::chrono::microseconds encode{150'000};
  std::chrono::microseconds prompt{4'000};  ///< Cost of a prompt, plus prompt_token per token.
  std::chrono::microseconds prompt_token{150};
  std::chrono::microseconds step{2'500};
  std::chrono::microseconds align{5'000};  ///< Cost of align(), plus align_token per token.
  std::chrono::microseconds align_token{150};
};

/// A word, and the simulated time, in samples, at which the transcriber returned it.
struct SimulatedWord {
  Word word;
  std::int64_t emitted = 0;
};

struct SimulatedStream {
  std::vector<SimulatedWord> words;
  TranscriberStats stats;
  std::chrono::nanoseconds busy{0};  ///< Simulated time spent in passes.
};

/// Plays `pcm` to a live transcriber in pieces of 20 ms, as if from a microphone. The decoder runs
/// the real model, but time is simulated. Each call of the decoder takes the time given in `costs`,
/// independent of its real duration. Delays therefore depend only on the policy and are equal in
/// every run. The function does not wait for real time to pass. `options.live_latency` must be set.
/// This function sets `options.samples_waiting`. Errors: those of the transcriber.
Result<SimulatedStream> listen_in_simulated_time(const std::shared_ptr<Engine>& engine,
                                                 TranscriberOptions options, const PassCosts& costs,
                                                 std::span<const std::int16_t> pcm);

}  // namespace npuwhisper::test

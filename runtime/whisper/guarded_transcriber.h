// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/transcriber.h>

#include "whisper/wrapped_transcriber.h"

namespace npuwhisper {

/// Wraps a transcriber and converts its exceptions (mainly std::bad_alloc) to an Error
/// (Unavailable). The wrapped transcriber may be in any state after an exception, so every call
/// returns an Error until a reset() succeeds. Reentrant, like Transcriber.
class GuardedTranscriber final : public WrappedTranscriber {
 public:
  explicit GuardedTranscriber(std::unique_ptr<Transcriber> transcriber)
      : WrappedTranscriber(std::move(transcriber)) {}

  Result<std::vector<Segment>> push(std::span<const float> pcm) override;
  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) override;
  Result<std::vector<Segment>> settle() override;
  Result<std::vector<Segment>> drain() override;
  void reset() override;
  /// Returns no words if this call throws, or if an earlier call has thrown since the last reset().
  /// Later calls then return an Error until a reset() succeeds.
  std::vector<Word> draft() const override;

 private:
  template <typename Call>
  auto call(Call&& call) const -> decltype(call());

  mutable bool broken_ = false;  // a call has thrown since the last reset()
};

}  // namespace npuwhisper

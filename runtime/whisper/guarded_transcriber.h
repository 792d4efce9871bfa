// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

/// Wraps a transcriber and converts its exceptions (mainly std::bad_alloc) to an Error
/// (Unavailable). The wrapped transcriber may be in any state after an exception, so every call
/// returns an Error until a reset() succeeds. Reentrant, like Transcriber.
class GuardedTranscriber final : public Transcriber {
 public:
  explicit GuardedTranscriber(std::unique_ptr<Transcriber> transcriber)
      : transcriber_(std::move(transcriber)) {}

  Result<std::vector<Segment>> push(std::span<const float> pcm) override;
  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) override;
  Result<std::vector<Segment>> settle() override;
  Result<std::vector<Segment>> drain() override;
  void reset() override;
  void cancel() override { transcriber_->cancel(); }
  std::int64_t position() const override { return transcriber_->position(); }
  /// Returns no words if this call throws, or if an earlier call has thrown since the last reset().
  /// Later calls then return an Error until a reset() succeeds.
  std::vector<Word> draft() const override;
  const std::string& language() const override { return transcriber_->language(); }
  float language_probability() const override { return transcriber_->language_probability(); }
  bool language_is_doubtful() const override { return transcriber_->language_is_doubtful(); }
  TranscriberStats stats() const override { return transcriber_->stats(); }

 private:
  template <typename Call>
  auto call(Call&& call) const -> decltype(call());

  const std::unique_ptr<Transcriber> transcriber_;
  mutable bool broken_ = false;  // a call has thrown since the last reset()
};

}  // namespace npuwhisper

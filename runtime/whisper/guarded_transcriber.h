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

/// A transcriber that no exception leaves: what another one throws (std::bad_alloc above all) is an
/// Error (Unavailable). The other one may be in any state after that, so every call returns an
/// Error until a reset() succeeds. Reentrant, as Transcriber.
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
  /// None where there is no memory for them; then the next call returns the Error.
  std::vector<Word> draft() const override;
  const std::string& language() const override { return transcriber_->language(); }
  float language_probability() const override { return transcriber_->language_probability(); }
  bool language_is_doubtful() const override { return transcriber_->language_is_doubtful(); }
  TranscriberStats stats() const override { return transcriber_->stats(); }

 private:
  template <typename Call>
  auto call(Call&& call) const -> decltype(call());

  const std::unique_ptr<Transcriber> transcriber_;
  mutable bool broken_ = false;  // By an exception since the last reset().
};

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

/// Base of the transcribers that wrap another one. Forwards the functions that no wrapper changes.
/// Reentrant, like Transcriber.
class WrappedTranscriber : public Transcriber {
 public:
  void cancel() final { transcriber_->cancel(); }
  std::int64_t position() const override { return transcriber_->position(); }
  const std::string& language() const final { return transcriber_->language(); }
  float language_probability() const final { return transcriber_->language_probability(); }
  bool language_is_doubtful() const final { return transcriber_->language_is_doubtful(); }
  TranscriberStats stats() const final { return transcriber_->stats(); }

 protected:
  explicit WrappedTranscriber(std::unique_ptr<Transcriber> transcriber)
      : transcriber_(std::move(transcriber)) {}

  const std::unique_ptr<Transcriber> transcriber_;
};

}  // namespace npuwhisper

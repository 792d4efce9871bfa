// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/captions.h>

#include <memory>
#include <utility>

namespace npuwhisper {

/// Passes text in upper case to another caption maker, which lays out the text. Lines are broken
/// after the conversion, because the conversion may make text longer ("ß" becomes "SS"). Reentrant.
class UpperCaseCaptions final : public CaptionMaker {
 public:
  explicit UpperCaseCaptions(std::unique_ptr<CaptionMaker> maker) : maker_(std::move(maker)) {}

  void add(std::span<const SpokenText> texts, std::string_view language) override;
  std::vector<Caption> take(std::chrono::nanoseconds known,
                            std::optional<std::chrono::nanoseconds> due) override {
    return maker_->take(known, due);
  }
  std::vector<Caption> flush_before(std::chrono::nanoseconds next) override {
    return maker_->flush_before(next);
  }
  std::optional<std::chrono::nanoseconds> pending() const override { return maker_->pending(); }
  void raise_floor(std::chrono::nanoseconds to) override { maker_->raise_floor(to); }
  void restart(std::chrono::nanoseconds from) override { maker_->restart(from); }

 private:
  std::unique_ptr<CaptionMaker> maker_;
};

}  // namespace npuwhisper

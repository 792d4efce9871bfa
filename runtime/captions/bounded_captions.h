// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/captions.h>

#include <memory>
#include <utility>

namespace npuwhisper {

/// Passes calls to another caption maker. Clamps all times to the range from 73 years before 0 to
/// 146 years after 0, in which the maker's computations do not overflow. Reentrant.
class BoundedCaptions final : public CaptionMaker {
 public:
  explicit BoundedCaptions(std::unique_ptr<CaptionMaker> maker) : maker_(std::move(maker)) {}

  void add(std::span<const SpokenText> texts, std::string_view language) override;
  std::vector<Caption> take(std::chrono::nanoseconds known,
                            std::optional<std::chrono::nanoseconds> due) override;
  std::vector<Caption> flush_before(std::chrono::nanoseconds next) override;
  std::optional<std::chrono::nanoseconds> pending() const override { return maker_->pending(); }
  void raise_floor(std::chrono::nanoseconds to) override;
  void restart(std::chrono::nanoseconds from) override;

 private:
  std::unique_ptr<CaptionMaker> maker_;
};

}  // namespace npuwhisper

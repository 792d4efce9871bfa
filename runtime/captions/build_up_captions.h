// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <npuwhisper/captions.h>

#include "captions/atoms.h"

namespace npuwhisper {

/// Builds captions that grow (style BuildUp). A word appears at the end of the bottom line when it
/// is spoken. When the bottom line is full, the lines move up. The screen is cleared after 3 s
/// without speech.
class BuildUpCaptions final : public CaptionMaker {
 public:
  explicit BuildUpCaptions(const CaptionLayout& layout) : layout_(layout) {}

  void add(std::span<const SpokenText> texts, std::string_view language) override;
  std::vector<Caption> take(std::chrono::nanoseconds known,
                            std::optional<std::chrono::nanoseconds> due) override;
  std::vector<Caption> flush_before(std::chrono::nanoseconds next) override;
  std::optional<std::chrono::nanoseconds> pending() const override;
  void raise_floor(std::chrono::nanoseconds to) override;
  void restart(std::chrono::nanoseconds from) override;

 private:
  struct Line {
    std::string text;
    int width = 0;
  };

  std::vector<Caption> collect(std::chrono::nanoseconds known,
                               std::optional<std::chrono::nanoseconds> due, bool is_end);
  std::optional<std::chrono::nanoseconds> end_of(std::size_t n, std::chrono::nanoseconds known,
                                                 bool must_go) const;
  void write(const Atom& atom);
  Caption show(std::chrono::nanoseconds start, std::chrono::nanoseconds end);

  CaptionLayout layout_;
  std::vector<Atom> atoms_;  // Atoms that are not on the screen yet.
  std::vector<Line> screen_;
  std::chrono::nanoseconds spoken_{0};  // End time of the words on the screen.
  std::chrono::nanoseconds floor_{0};
};

}  // namespace npuwhisper

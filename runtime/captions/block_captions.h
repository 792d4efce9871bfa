// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <npuwhisper/captions.h>

#include "captions/atoms.h"

namespace npuwhisper {

/// Builds captions that appear as a whole (styles Subtitle and Broadcast). No word is repeated.
class BlockCaptions final : public CaptionMaker {
 public:
  explicit BlockCaptions(const CaptionLayout& layout) : layout_(layout) {}

  void add(std::span<const SpokenText> texts, std::string_view language) override;
  std::vector<Caption> take(std::chrono::nanoseconds known,
                            std::optional<std::chrono::nanoseconds> due) override;
  std::vector<Caption> flush_before(std::chrono::nanoseconds next) override;
  std::optional<std::chrono::nanoseconds> pending() const override;
  void raise_floor(std::chrono::nanoseconds to) override;
  void restart(std::chrono::nanoseconds from) override;

 private:
  /// The arguments of take() or flush_before(). No word that is added later begins before `known`.
  /// Text that begins at or before `due` does not wait for later words. `is_end`: the remaining
  /// text does not wait for later words.
  struct Outlook {
    std::chrono::nanoseconds known;
    std::optional<std::chrono::nanoseconds> due;
    bool is_end = false;
  };

  std::vector<Caption> collect(const Outlook& outlook);
  std::size_t choose(const Outlook& outlook) const;
  std::size_t before_pause() const;
  std::size_t n_in_one(std::size_t from, std::size_t to) const;
  std::size_t n_captions(std::size_t from, std::size_t to) const;
  std::size_t sentence_end(std::size_t first, std::size_t last) const;
  bool is_enough(std::size_t n) const;
  std::size_t best_split(std::size_t n_fit, std::size_t n_all) const;
  std::size_t best_for_now(std::chrono::nanoseconds due) const;
  std::optional<std::chrono::nanoseconds> end_of(std::size_t n, const Outlook& outlook) const;
  Caption remove(std::size_t n, std::chrono::nanoseconds end);

  std::span<const Atom> first(std::size_t n) const { return std::span(atoms_).first(n); }
  std::chrono::nanoseconds start() const;
  bool is_due(const Outlook& outlook) const;
  int capacity() const { return layout_.columns * layout_.lines; }

  CaptionLayout layout_;
  std::string language_;
  std::vector<SpokenText> texts_;  // Texts that are not in a caption yet.
  std::vector<Atom> atoms_;        // The atoms of texts_.
  std::chrono::nanoseconds floor_{0};
};

}  // namespace npuwhisper

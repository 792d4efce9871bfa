// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/block_captions.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "captions/line_layout.h"
#include "captions/reading.h"

namespace npuwhisper {
namespace {

using std::chrono::nanoseconds;

// The cost, in units of BreakCost, of a caption whose width differs from the mean width by a whole
// caption (capacity()). Without this cost, captions that end at phrases would differ too much in
// width.
constexpr double kUnevenCost = 96;
// The cost of holding back all known text for the next caption.
constexpr double kHoldCost = 24;
// The cost of ending a caption after the last known word. The next word is unknown and may belong
// to the same phrase.
constexpr double kUnknownCost = 4;
// The cost of a split that needs more than the minimum number of captions.
constexpr double kOneMoreCost = 16;

}  // namespace

void BlockCaptions::add(std::span<const SpokenText> texts, std::string_view language) {
  language_ = language;
  texts_.insert(texts_.end(), texts.begin(), texts.end());
  atoms_ = split_atoms(texts_, layout_.columns, language_);
  if (atoms_.empty()) texts_.clear();
}

std::vector<Caption> BlockCaptions::take(nanoseconds known, std::optional<nanoseconds> due) {
  return collect({.known = known, .due = due});
}

std::vector<Caption> BlockCaptions::flush_before(nanoseconds next) {
  return collect({.known = next, .due = {}, .is_end = true});
}

std::optional<nanoseconds> BlockCaptions::pending() const {
  return atoms_.empty() ? std::nullopt : std::optional(start());
}

void BlockCaptions::raise_floor(nanoseconds to) {
  floor_ = std::max(floor_, to);
}

void BlockCaptions::restart(nanoseconds from) {
  texts_.clear();
  atoms_.clear();
  floor_ = from;
}

nanoseconds BlockCaptions::start() const {
  return std::max(atoms_.front().start, floor_);
}

bool BlockCaptions::is_due(const Outlook& outlook) const {
  return outlook.due && start() <= *outlook.due;
}

std::vector<Caption> BlockCaptions::collect(const Outlook& outlook) {
  std::vector<Caption> captions;
  while (!atoms_.empty()) {
    const std::size_t n = choose(outlook);
    if (n == 0) break;
    const auto end = end_of(n, outlook);
    if (!end) break;
    captions.push_back(remove(n, *end));
  }
  return captions;
}

/// Returns the number of atoms of the next caption, or 0 if the number depends on words that are
/// not known yet.
std::size_t BlockCaptions::choose(const Outlook& outlook) const {
  const std::size_t limit = before_pause();
  const std::size_t n_fit = n_in_one(0, limit);
  if (const std::size_t n = sentence_end(1, n_fit); n > 0) return n;
  const bool ends_here = limit < atoms_.size() || outlook.is_end ||
                         outlook.known - atoms_.back().end >= nanoseconds(reading::kPause);
  if (n_fit < limit) {
    const std::size_t sentence = sentence_end(n_fit + 1, limit);
    const bool is_plenty = width_of(atoms_) >= 2 * capacity();
    if (sentence == 0 && !ends_here && !is_plenty && !is_due(outlook)) return 0;
    return best_split(n_fit, sentence > 0 ? sentence : limit);
  }
  if (ends_here) return limit;
  return is_due(outlook) ? best_for_now(*outlook.due) : 0;
}

/// Returns the number of atoms before the first pause.
std::size_t BlockCaptions::before_pause() const {
  std::size_t n = 1;
  while (n < atoms_.size() && atoms_[n].start - atoms_[n - 1].end < nanoseconds(reading::kPause))
    ++n;
  return n;
}

/// Returns how many of the first atoms in [from, to) fit into one caption, given the caption's size
/// and maximum duration.
std::size_t BlockCaptions::n_in_one(std::size_t from, std::size_t to) const {
  const auto atoms = std::span(atoms_).subspan(from, to - from);
  const nanoseconds start = std::max(atoms.front().start, floor_);
  std::size_t n = n_fitting(atoms, layout_.columns, layout_.lines);
  while (n > 1 && atoms[n - 1].end - start > nanoseconds(reading::kMost)) --n;
  return n;
}

/// Returns the smallest n in [from, to] for which the first n atoms end with a sentence and are
/// enough for a caption. Returns 0 if there is no such n.
std::size_t BlockCaptions::sentence_end(std::size_t from, std::size_t to) const {
  for (std::size_t n = from; n <= to; ++n) {
    const BreakCost cost =
        n < atoms_.size() ? atoms_[n].break_before : cost_of_ending(atoms_[n - 1], language_);
    if (cost == kAfterSentence && is_enough(n)) return n;
  }
  return 0;
}

/// Returns whether the first n atoms are enough for a caption. A shorter sentence shares a caption
/// with the sentence after it.
bool BlockCaptions::is_enough(std::size_t n) const {
  return 2 * width_of(first(n)) >= layout_.columns ||
         atoms_[n - 1].end - start() >= 2 * nanoseconds(reading::kLeast);
}

/// Returns the number of captions for the atoms [from, to) if each caption takes as many atoms as
/// fit.
std::size_t BlockCaptions::n_captions(std::size_t from, std::size_t to) const {
  std::size_t n = 0;
  for (; from < to; ++n) from += n_in_one(from, to);
  return n;
}

/// Splits the first `n_all` atoms into captions and returns the number of atoms of the first
/// caption, at most `n_fit`. Prefers few captions of similar width that end at phrases.
std::size_t BlockCaptions::best_split(std::size_t n_fit, std::size_t n_all) const {
  const std::size_t n_needed = n_captions(0, n_all);
  const double even = static_cast<double>(width_of(first(n_all))) / static_cast<double>(n_needed);
  std::size_t best = n_fit;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t n = 1; n <= n_fit; ++n) {
    const double uneven = (width_of(first(n)) - even) / capacity();
    const double cost = atoms_[n].break_before + kUnevenCost * uneven * uneven +
                        (n_captions(n, n_all) < n_needed ? 0 : kOneMoreCost);
    if (cost < least) {
      least = cost;
      best = n;
    }
  }
  return best;
}

/// Returns the number of atoms of a caption that is due before the end of its phrase is known.
/// Atoms that begin after `due` may be kept for the next caption.
std::size_t BlockCaptions::best_for_now(nanoseconds due) const {
  const double width = width_of(atoms_);
  std::size_t best = atoms_.size();
  const BreakCost last = cost_of_ending(atoms_.back(), language_);
  double least = last > kAfterPunctuation ? last + kUnknownCost : last;
  for (std::size_t n = atoms_.size() - 1; n > 0 && atoms_[n].start > due; --n) {
    const double held = (width - width_of(first(n))) / width;
    const double cost = atoms_[n].break_before + kHoldCost * held;
    if (cost < least) {
      least = cost;
      best = n;
    }
  }
  return best;
}

/// Returns the end time of a caption of the first n atoms, or nullopt if this time depends on words
/// that are not known yet.
std::optional<nanoseconds> BlockCaptions::end_of(std::size_t n, const Outlook& outlook) const {
  const nanoseconds start = this->start();
  const nanoseconds spoken = std::max(atoms_[n - 1].end, start + reading::kShortest);
  const nanoseconds read =
      start + nanoseconds(std::chrono::seconds(width_of(first(n)))) / reading::kColumnsPerSecond;
  const nanoseconds wanted = std::max(
      {spoken, start + reading::kLeast, std::min<nanoseconds>(read, start + reading::kMost)});
  if (n < atoms_.size()) {
    const nanoseconds next = std::max(atoms_[n].start, start + reading::kShortest);
    if (wanted > next)
      return std::min(wanted, std::max(next, atoms_[n].start + reading::kMostDelay));
    // Extends the caption over a short gap, unless the caption would last too long.
    const bool flickers =
        next - wanted < nanoseconds(reading::kGap) && next - start <= nanoseconds(reading::kMost);
    return flickers ? next : wanted;
  }
  if (outlook.known - wanted >= nanoseconds(reading::kGap)) return wanted;
  if (outlook.is_end) {
    const nanoseconds next = std::max<nanoseconds>(outlook.known, start + reading::kShortest);
    return std::min(wanted, std::max<nanoseconds>(next, outlook.known + reading::kMostDelay));
  }
  if (!is_due(outlook)) return std::nullopt;
  const nanoseconds at_most = std::max(outlook.known, spoken + reading::kMostDelay);
  return std::min(std::max<nanoseconds>(wanted, spoken + reading::kLinger), at_most);
}

Caption BlockCaptions::remove(std::size_t n, nanoseconds end) {
  Caption caption{
      .start = start(), .end = end, .spoken = atoms_[n - 1].end, .text = {}, .marks = {}};
  const auto begins = lay_out(first(n), layout_.columns);
  auto line = begins.begin();
  for (std::size_t i = 0; i < n; ++i) {
    const Atom& atom = atoms_[i];
    if (line != begins.end() && *line == i) {
      if (i > 0) caption.text += '\n';
      ++line;
    } else if (atom.after_space) {
      caption.text += ' ';
    }
    if (atom.begins_word) caption.marks.push_back({caption.text.size(), atom.start});
    caption.text += atom.text;
  }
  texts_.clear();
  for (std::size_t i = n; i < atoms_.size(); ++i) {
    const Atom& atom = atoms_[i];
    texts_.push_back({atom.start, atom.end, (atom.after_space ? " " : "") + atom.text});
  }
  atoms_.erase(atoms_.begin(), atoms_.begin() + static_cast<std::ptrdiff_t>(n));
  floor_ = end;
  return caption;
}

}  // namespace npuwhisper

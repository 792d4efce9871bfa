// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/build_up_captions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "captions/reading.h"

namespace npuwhisper {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Words that begin within this time after a new word are shown together with it.
constexpr milliseconds kStep{100};
// Time for which the last words stay on the screen after their end, if no further words follow.
constexpr milliseconds kHold{3000};

}  // namespace

void BuildUpCaptions::add(std::span<const SpokenText> texts, std::string_view language) {
  std::vector<Atom> atoms = split_atoms(texts, layout_.columns, language);
  std::move(atoms.begin(), atoms.end(), std::back_inserter(atoms_));
}

std::vector<Caption> BuildUpCaptions::take(nanoseconds known, std::optional<nanoseconds> due) {
  return collect(known, due, false);
}

std::vector<Caption> BuildUpCaptions::flush_before(nanoseconds next) {
  std::vector<Caption> captions = collect(next, {}, true);
  screen_.clear();
  return captions;
}

std::optional<nanoseconds> BuildUpCaptions::pending() const {
  if (atoms_.empty()) return std::nullopt;
  return std::max(atoms_.front().start, floor_);
}

void BuildUpCaptions::raise_floor(nanoseconds to) {
  floor_ = std::max(floor_, to);
}

void BuildUpCaptions::restart(nanoseconds from) {
  atoms_.clear();
  screen_.clear();
  floor_ = from;
}

std::vector<Caption> BuildUpCaptions::collect(nanoseconds known, std::optional<nanoseconds> due,
                                              bool is_end) {
  std::vector<Caption> captions;
  while (!atoms_.empty()) {
    const nanoseconds start = *pending();
    const auto next = std::find_if(atoms_.begin() + 1, atoms_.end(),
                                   [&](const Atom& atom) { return atom.start >= start + kStep; });
    const auto n = static_cast<std::size_t>(next - atoms_.begin());
    const auto end = end_of(n, known, is_end || (due && start <= *due));
    if (!end) break;
    // The words on the screen stay until the new words start, or until the screen is cleared.
    if (!screen_.empty()) {
      const nanoseconds until = std::min<nanoseconds>(start, spoken_ + kHold);
      if (until >= floor_ + kStep) captions.push_back(show(floor_, until));
      if (start >= spoken_ + kHold) screen_.clear();
    }
    for (auto atom = atoms_.begin(); atom != next; ++atom) write(*atom);
    atoms_.erase(atoms_.begin(), next);
    captions.push_back(show(start, *end));
    captions.back().spoken = spoken_;
  }
  if (atoms_.empty() && !screen_.empty()) {
    // No further words have arrived, so the screen stays unchanged until `known` or until `due`,
    // whichever is later, but for at most kHold after the end of the last word.
    const nanoseconds settled = std::max(known, due.value_or(known));
    const nanoseconds until = std::min<nanoseconds>(settled, spoken_ + kHold);
    if (until >= floor_ + kStep) captions.push_back(show(floor_, until));
    if (known >= spoken_ + kHold) screen_.clear();
  }
  return captions;
}

/// Returns the end time of the screen that shows the next n atoms, or nullopt if this time depends
/// on words that are not known yet. If `must_go` is set, always returns a time.
std::optional<nanoseconds> BuildUpCaptions::end_of(std::size_t n, nanoseconds known,
                                                   bool must_go) const {
  const nanoseconds spoken = atoms_[n - 1].end;
  const nanoseconds least = std::max(*pending() + kStep, spoken);
  if (n < atoms_.size())
    return std::min(atoms_[n].start, std::max<nanoseconds>(least, spoken + kHold));
  if (known >= least) return std::min(known, std::max<nanoseconds>(least, spoken + kHold));
  return must_go ? std::optional(least) : std::nullopt;
}

/// Appends the atom to the screen.
void BuildUpCaptions::write(const Atom& atom) {
  const int space = atom.after_space ? 1 : 0;
  if (screen_.empty() || screen_.back().width + space + atom.width > layout_.columns) {
    screen_.push_back({atom.text, atom.width});
    if (static_cast<int>(screen_.size()) > layout_.lines) screen_.erase(screen_.begin());
  } else {
    Line& line = screen_.back();
    if (atom.after_space) line.text += ' ';
    line.text += atom.text;
    line.width += space + atom.width;
  }
  spoken_ = std::max(spoken_, atom.end);
}

Caption BuildUpCaptions::show(nanoseconds start, nanoseconds end) {
  Caption caption{.start = start, .end = end, .spoken = {}, .text = {}, .marks = {}};
  for (const Line& line : screen_) {
    if (!caption.text.empty()) caption.text += '\n';
    caption.text += line.text;
  }
  floor_ = end;
  return caption;
}

}  // namespace npuwhisper

// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is a caption layout and a sequence of calls to a CaptionMaker.
#include <npuwhisper/captions.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "captions/characters.h"
#include "decisions.h"
#include "harness.h"

namespace npuwhisper::fuzz {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kMaxText = 200;
constexpr std::array kLanguages = {"", "en", "tr", "zh", "ja", "th", "ko", "de"};

CaptionLayout layout_of(Decisions& input) {
  constexpr std::array kStyles = {CaptionStyle::Subtitle, CaptionStyle::Broadcast,
                                  CaptionStyle::BuildUp};
  auto layout = CaptionLayout::of(kStyles[static_cast<std::size_t>(input.choice(3))],
                                  static_cast<int>(input.between(0, 80)),
                                  static_cast<int>(input.between(0, 5)));
  layout.upper_case = input.yes();
  return layout;
}

/// Returns the text as valid UTF-8 and without white space, because captions are valid UTF-8 and
/// the layout changes white space.
std::string letters(const std::string& text) {
  std::string valid;
  append_valid(text, valid);
  std::string kept;
  for (const Character& character : split_characters(valid)) {
    if (!character.is_space && character.text.find_first_of(" \t\r\n\v\f") == std::string::npos) {
      kept += character.text;
    }
  }
  return kept;
}

/// Calls one maker and checks the times, lines and marks of the captions that it returns.
class Session {
 public:
  explicit Session(const CaptionLayout& layout)
      : layout_(layout), maker_(CaptionMaker::create(layout)) {}

  void step(Decisions& input) {
    switch (input.choice(8)) {
      case 0:
        return check(maker_->take(said_, nanoseconds(said_ + milliseconds(input.byte() * 10))));
      case 1:
        return check(maker_->take(said_));
      case 2:
        return check(maker_->flush_before(said_ + milliseconds(input.byte() * 40)));
      case 3:
        return maker_->raise_floor(said_ + milliseconds(input.between(-2000, 8000)));
      case 4:
        return restart(input);
      default:
        return add(input);
    }
  }

  void finish() {
    check(maker_->flush());
    require(!maker_->pending(), "nothing left after flush()");
  }

 private:
  void add(Decisions& input) {
    std::vector<SpokenText> texts;
    for (int n = input.choice(4); n >= 0; --n) {
      said_ += milliseconds(input.between(0, 3000));
      const auto end = said_ + milliseconds(input.between(0, 5000));
      texts.push_back({said_, end, input.text(kMaxText)});
      if (input.yes()) said_ = end;
    }
    maker_->add(texts, kLanguages[static_cast<std::size_t>(input.choice(kLanguages.size()))]);
  }

  /// Restarts the maker at a time that the input chooses. Some inputs choose a time that no
  /// ordinary stream has.
  void restart(Decisions& input) {
    const nanoseconds from(input.yes() ? static_cast<std::int64_t>(input.word() >> 1)
                                       : input.between(0, 1'000'000'000));
    // Limits the start, so that the times of later words do not overflow.
    said_ = std::min(from, nanoseconds::max() - std::chrono::hours(1000));
    last_end_ = nanoseconds::min();
    maker_->restart(said_);
  }

  void check(const std::vector<Caption>& captions) {
    for (const Caption& caption : captions) {
      require(caption.end > caption.start, "captions that last");
      require(caption.start >= last_end_, "captions that do not overlap");
      last_end_ = caption.end;
      check_lines(caption.text);
      std::size_t last_mark = 0;
      for (const CaptionMark& mark : caption.marks) {
        require(mark.offset >= last_mark && mark.offset <= caption.text.size(),
                "marks that ascend within the text");
        last_mark = mark.offset;
      }
    }
  }

  void check_lines(const std::string& text) const {
    require(std::ranges::count(text, '\n') < layout_.lines, "as many lines as the layout has");
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string line = text.substr(begin, end - begin);
      int columns = 0;
      for (const Character& character : split_characters(line)) columns += character.width;
      require(columns <= layout_.columns, "lines that fit");
      begin = end + 1;
    }
  }

  const CaptionLayout layout_;
  std::unique_ptr<CaptionMaker> maker_;
  nanoseconds said_{0};
  nanoseconds last_end_ = nanoseconds::min();
};

/// Checks that the captions of a single text contain the whole text. Checks nothing for the style
/// BuildUp or in upper case, because such captions differ from the text.
void check_nothing_is_lost(const CaptionLayout& layout, const std::string& text) {
  if (layout.style == CaptionStyle::BuildUp || layout.upper_case) return;
  const auto maker = CaptionMaker::create(layout);
  const SpokenText spoken{nanoseconds(0), std::chrono::seconds(5), text};
  maker->add({&spoken, 1}, "en");
  std::string shown;
  for (const Caption& caption : maker->flush()) shown += caption.text;
  require(letters(shown) == letters(text), "captions with all of the text");
}

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  Decisions input(data, size);
  const auto layout = layout_of(input);
  check_nothing_is_lost(layout, input.text(kMaxText));
  Session session(layout);
  while (!input.done()) session.step(input);
  session.finish();
  return 0;
}

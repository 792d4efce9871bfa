// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests captions with times beyond the range of any clock. Builds with -Db_sanitize=undefined
// detect overflows.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include <npuwhisper/captions.h>

namespace npuwhisper {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kLatest{std::int64_t{1} << 62};
constexpr nanoseconds kTimes[] = {
    nanoseconds::min(),   nanoseconds::min() + seconds(1), -kLatest,          nanoseconds(0),
    kLatest - seconds(1), nanoseconds::max() - seconds(1), nanoseconds::max()};

std::string words_of(const std::vector<Caption>& captions) {
  std::string words;
  for (const Caption& caption : captions) words += caption.text + " ";
  return words;
}

TEST(BoundedCaptions, TimesBeyondAllClocksLoseNoText) {
  for (const CaptionStyle style :
       {CaptionStyle::Subtitle, CaptionStyle::Broadcast, CaptionStyle::BuildUp}) {
    for (const nanoseconds start : kTimes) {
      for (const nanoseconds end : kTimes) {
        const auto maker = CaptionMaker::create(CaptionLayout::of(style));
        maker->restart(start);
        const SpokenText texts[] = {{start, end, " One."}, {end, end, " Two"}};
        maker->add(texts, "en");
        std::vector<Caption> captions = maker->take(start, end);
        maker->raise_floor(end);
        for (Caption& caption : maker->flush()) captions.push_back(std::move(caption));
        EXPECT_NE(words_of(captions).find("One."), std::string::npos);
        EXPECT_NE(words_of(captions).find("Two"), std::string::npos);
        EXPECT_FALSE(maker->pending());
        for (const Caption& caption : captions) EXPECT_GT(caption.end, caption.start);
      }
    }
  }
}

/// flush_before() returns all remaining text for every start time of the next text.
TEST(BoundedCaptions, RemainingTextIsFlushedWheneverTheNextBegins) {
  for (const nanoseconds next : kTimes) {
    const auto maker = CaptionMaker::create(CaptionLayout::of(CaptionStyle::Subtitle));
    const SpokenText text{seconds(1), seconds(2), " One"};
    maker->add({&text, 1}, "en");
    EXPECT_EQ(maker->flush_before(next).size(), 1U);
  }
}

}  // namespace
}  // namespace npuwhisper

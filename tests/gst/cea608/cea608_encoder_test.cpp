// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/cea608/caption_encoder.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "cea608_receiver.h"
#include "gst/cea608/frame_clock.h"

namespace npuwhisper::cea608 {
namespace {

using Texts = std::vector<std::string>;

// An encoder with 30 slots per second, and a receiver that decodes the encoder's pairs.
struct Line21 {
  explicit Line21(Mode mode, int row = -1, int column = 0)
      : encoder({.mode = mode, .origin_row = row, .origin_column = column}) {}
  ~Line21() { EXPECT_EQ(receiver.complaint(), ""); }
  Line21(const Line21&) = delete;
  Line21& operator=(const Line21&) = delete;

  std::string run(int n_slots) {
    std::string hex;
    for (int i = 0; i < n_slots; ++i) {
      const BytePair pair = encoder.next();
      receiver.feed(pair.first, pair.second);
      char text[8];
      std::snprintf(text, sizeof text, "%02x%02x", pair.first, pair.second);
      hex += (hex.empty() ? "" : " ") + std::string(text);
    }
    return hex;
  }
  // Returns the number of slots until the screen shows `screen`, or -1 after one minute.
  int run_until(const Texts& screen) {
    for (int i = 0; i < 1800; ++i) {
      if (receiver.screen() == screen) return i;
      run(1);
    }
    return -1;
  }

  CaptionEncoder encoder;
  test::Cea608Receiver receiver;
};

TEST(Cea608Encoder, PadsWhenThereIsNothingToSay) {
  Line21 line(Mode::RollUp2);
  EXPECT_TRUE(line.encoder.idle());
  EXPECT_EQ(line.run(3), "8080 8080 8080");
  line.encoder.add(" \n ", 0, 10);
  EXPECT_TRUE(line.encoder.idle());
}

TEST(Cea608Encoder, RollUpByteByByte) {
  Line21 line(Mode::RollUp2);
  line.encoder.set_timeout(5);
  line.encoder.add("Hi you", 1, 4);
  // The pairs are RU2 (roll-up with 2 rows), CR (carriage return), the PAC (preamble address code)
  // of row 15, and the text. EDM (erase displayed memory) follows 5 slots after the last pair.
  EXPECT_EQ(line.run(18),
            "8080 9425 9425 94ad 94ad 9470 9470 c8e9 2079 ef75 8080 8080 8080 8080 942c 942c 8080 "
            "8080");
  EXPECT_TRUE(line.encoder.idle());
}

TEST(Cea608Encoder, RollUpDepths) {
  for (const auto& [mode, code] : {std::pair{Mode::RollUp3, "9426"}, {Mode::RollUp4, "94a7"}}) {
    Line21 line(mode);
    line.encoder.add("x", 0, {});
    EXPECT_EQ(line.run(1), code);
    line.run(20);
  }
}

TEST(Cea608Encoder, RollUpRunsOnAndWraps) {
  Line21 line(Mode::RollUp2);
  for (const char* text : {"The quick brown fox", "jumps over", "the lazy", "dog", ", twice."}) {
    line.encoder.add(text, 0, {});
  }
  line.run(60);
  EXPECT_EQ(line.receiver.screen(),
            (Texts{"The quick brown fox jumps over", "the lazy dog, twice."}));
  line.encoder.add("new\nrow", 0, {});
  line.run(60);
  EXPECT_EQ(line.receiver.screen(), (Texts{"the lazy dog, twice. new", "row"}));
  EXPECT_EQ(line.receiver.origin(), (std::pair{13, 0}));
}

TEST(Cea608Encoder, RollUpFillsTheRowToItsLastColumn) {
  Line21 line(Mode::RollUp2);
  line.encoder.add("0123456789012345678901234567", 0, {});
  line.encoder.add("890", 0, {});
  line.encoder.add("x", 0, {});
  line.run(60);
  EXPECT_EQ(line.receiver.screen(), (Texts{"0123456789012345678901234567 890", "x"}));
}

TEST(Cea608Encoder, RollUpIsPacedByItsDuration) {
  Line21 line(Mode::RollUp3);
  line.encoder.add("one two three four five six seven eight", 0, 300);
  line.run(60);
  EXPECT_EQ(line.receiver.screen(), (Texts{"one two three"}));
  line.run(240);
  EXPECT_EQ(line.receiver.screen(), (Texts{"one two three four five six", "seven eight"}));
}

TEST(Cea608Encoder, RollUpHurriesForTheNextText) {
  Line21 line(Mode::RollUp3);
  line.encoder.add("one two three four five six seven eight", 0, 300);
  line.encoder.add("Next.", 30, 30);
  line.run(60);
  EXPECT_EQ(line.receiver.screen(), (Texts{"one two three four five six", "seven eight Next."}));
}

TEST(Cea608Encoder, RollUpKeepsRoomAboveItsBase) {
  Line21 line(Mode::RollUp4, 0, 31);
  line.encoder.add("abcd", 0, {});
  line.run(100);
  EXPECT_EQ(line.receiver.screen(), (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(line.receiver.origin(), (std::pair{0, 31}));
}

TEST(Cea608Encoder, PopOnByteByByte) {
  Line21 line(Mode::PopOn);
  line.encoder.add("Hi!\nYou", 20, 40);
  // The pairs are RCL (resume caption loading), ENM (erase non-displayed memory), the PAC (preamble
  // address code) of row 14, "Hi!", the PAC of row 15 and "You". EOC (end of caption) is sent in
  // the text's first slot, and EDM (erase displayed memory) at the text's end.
  EXPECT_EQ(line.run(22),
            "9420 9420 94ae 94ae 94d0 94d0 c8e9 a180 9470 9470 d9ef 7580 8080 8080 8080 8080 8080 "
            "8080 8080 8080 942f 942f");
  EXPECT_EQ(line.receiver.screen(), (Texts{"Hi!", "You"}));
  line.run(38);
  EXPECT_EQ(line.run(3), "942c 942c 8080");
  EXPECT_TRUE(line.encoder.idle());
}

TEST(Cea608Encoder, PopOnsOneAfterTheOther) {
  Line21 line(Mode::PopOn);
  line.encoder.add("First", 20, 40);
  line.encoder.add("Second", 60, 40);
  line.encoder.add("Third", 120, 40);
  EXPECT_EQ(line.run_until({"First"}), 21);
  EXPECT_EQ(line.run_until({"Second"}), 40) << "at once, without an erasure between";
  EXPECT_EQ(line.run_until({}), 40);
  EXPECT_EQ(line.run_until({"Third"}), 20);
}

TEST(Cea608Encoder, PopOnErasesWhileItLoadsTheNext) {
  Line21 line(Mode::PopOn);
  line.encoder.add("First", 20, 40);
  line.encoder.add("A second caption, which has two rows of text", 70, 40);
  line.run_until({"First"});
  EXPECT_EQ(line.run_until({}), 40);
  EXPECT_EQ(line.run_until({"A second caption, which has two", "rows of text"}), 10);
}

TEST(Cea608Encoder, PopOnThatIsLateIsSeenForASecond) {
  Line21 line(Mode::PopOn);
  line.encoder.add("Late", 0, 5);
  EXPECT_EQ(line.run_until({"Late"}), 9);
  EXPECT_EQ(line.run_until({}), 31) << "from the second End Of Caption on";
}

TEST(Cea608Encoder, PopOnWithoutAnEndTimesOut) {
  Line21 line(Mode::PopOn);
  line.encoder.set_timeout(50);
  line.encoder.add("Hi", 0, {});
  line.run_until({"Hi"});
  EXPECT_EQ(line.run_until({}), 51);
}

TEST(Cea608Encoder, PopOnSharesTheTimeOfManyRows) {
  Line21 line(Mode::PopOn);
  line.encoder.add("1\n2\n3\n4\n5\n6", 60, 300);
  EXPECT_EQ(line.run_until({"1", "2", "3", "4"}), 61);
  EXPECT_EQ(line.run_until({"5", "6"}), 150);
  EXPECT_EQ(line.run_until({}), 150);
}

TEST(Cea608Encoder, BlocksKeepTheirOrigin) {
  for (const Mode mode : {Mode::PopOn, Mode::PaintOn}) {
    Line21 top(mode, 2, 5);
    top.encoder.add("a b\nc", 0, 100);
    top.run(40);
    EXPECT_EQ(top.receiver.screen(), (Texts{"a b", "c"}));
    EXPECT_EQ(top.receiver.origin(), (std::pair{2, 5}));
    Line21 bottom(mode, 14);
    bottom.encoder.add("a\nb\nc", 0, 100);
    bottom.run(40);
    EXPECT_EQ(bottom.receiver.origin(), (std::pair{12, 0})) << "moved up so that all rows fit";
  }
}

TEST(Cea608Encoder, PaintOnByteByByte) {
  Line21 line(Mode::PaintOn);
  line.encoder.add("Hi!", 1, 35);
  line.encoder.add("You", 60, 35);
  // The pairs are RDC (resume direct captioning), the PAC (preamble address code) of row 14, and
  // the text. EDM (erase displayed memory) follows half a second after the text's end.
  EXPECT_EQ(line.run(8), "8080 9429 9429 94d0 94d0 c8e9 a180 8080");
  line.run(43);
  EXPECT_EQ(line.run(3), "942c 942c 8080");
  EXPECT_EQ(line.run_until({"You"}), 12);
}

TEST(Cea608Encoder, PaintOnRunsOnWordByWord) {
  Line21 line(Mode::PaintOn);
  unsigned start = 0;
  for (const char* word : {"The", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog",
                           ".", "It", "sleeps"}) {
    line.encoder.add(word, start, 6);
    start += 10;
  }
  line.run(125);
  EXPECT_EQ(line.receiver.screen(),
            (Texts{"The quick brown fox jumps over", "the lazy dog. It sleeps"}));
  EXPECT_EQ(line.receiver.origin(), (std::pair{13, 0}));
  line.run(40);
  EXPECT_TRUE(line.receiver.screen().empty());
}

TEST(Cea608Encoder, PaintOnBeginsAnewWhenItsRowsAreFull) {
  Line21 line(Mode::PaintOn);
  line.encoder.add("0123456789 123456789 123456789", 0, 30);
  line.encoder.add("and a second row of this", 30, 30);
  line.encoder.add("which is full", 60, 30);
  line.run(60);
  EXPECT_EQ(line.receiver.screen(),
            (Texts{"0123456789 123456789 123456789", "and a second row of this"}));
  line.run(30);
  EXPECT_EQ(line.receiver.screen(), (Texts{"which is full"}));
}

TEST(Cea608Encoder, PaintOnLeavesTextInRowsAlone) {
  Line21 line(Mode::PaintOn);
  line.encoder.add("First row\nsecond row", 0, 60);
  line.encoder.add("Short", 60, 60);
  line.encoder.add("in\nrows", 120, 60);
  line.run(60);
  EXPECT_EQ(line.receiver.screen(), (Texts{"First row", "second row"}));
  line.run(60);
  EXPECT_EQ(line.receiver.screen(), (Texts{"Short"}));
  line.run(60);
  EXPECT_EQ(line.receiver.screen(), (Texts{"in", "rows"}));
}

TEST(Cea608Encoder, EarlierTextThatComesLaterGoesFirst) {
  Line21 line(Mode::RollUp2);
  line.encoder.add("second", 60, {});
  line.encoder.add("first", 30, {});
  line.run(90);
  EXPECT_EQ(line.receiver.screen(), (Texts{"first second"}));
}

TEST(Cea608Encoder, ResetForgetsAndErases) {
  for (const Mode mode : {Mode::PopOn, Mode::PaintOn, Mode::RollUp2}) {
    Line21 line(mode);
    line.encoder.add("Shown", 0, 1000);
    line.run(15);
    ASSERT_EQ(line.receiver.screen(), (Texts{"Shown"}));
    line.encoder.add("Forgotten", 30, 100);
    line.encoder.reset();
    EXPECT_EQ(line.run(3), "942c 942c 8080");
    EXPECT_TRUE(line.encoder.idle());
    line.encoder.add("New", 0, 100);
    line.run(15);
    EXPECT_EQ(line.receiver.screen(), (Texts{"New"}));
  }
}

TEST(Cea608Encoder, ANewLayoutErasesTheOld) {
  Line21 line(Mode::RollUp2);
  line.encoder.add("Old", 0, {});
  line.run(15);
  line.encoder.set_layout({.mode = Mode::PopOn, .origin_row = 3});
  line.encoder.add("New", 30, 100);
  line.run(10);
  EXPECT_TRUE(line.receiver.screen().empty());
  EXPECT_EQ(line.run_until({"New"}), 21);
  EXPECT_EQ(line.receiver.origin(), (std::pair{3, 0}));
  line.encoder.set_layout({.mode = Mode::RollUp3, .origin_row = 10});
  line.encoder.add("Rolls", 0, {});
  line.run(30);
  EXPECT_EQ(line.receiver.screen(), (Texts{"Rolls"}));
  EXPECT_EQ(line.receiver.origin(), (std::pair{10, 0}));
}

TEST(Cea608Encoder, ANewLayoutCutsWaitingCaptionsAgain) {
  Line21 line(Mode::PopOn);
  line.encoder.add("a b c d", 60, 300);
  line.encoder.set_layout({.mode = Mode::PopOn, .origin_column = 31});
  EXPECT_EQ(line.run_until({"a", "b", "c", "d"}), 61);
  line.encoder.add("e f g h i", 30, 300);
  line.encoder.set_layout({.mode = Mode::PopOn, .origin_column = 30});
  EXPECT_GT(line.run_until({"e", "f", "g", "h"}), 0);
  EXPECT_GT(line.run_until({"i"}), 0);
}

TEST(Cea608Encoder, FinishErasesAfterASecond) {
  Line21 line(Mode::RollUp2);
  line.encoder.add("Bye", 0, {});
  line.encoder.finish();
  line.run_until({"Bye"});
  EXPECT_EQ(line.run_until({}), 30);
  line.run(1);
  EXPECT_TRUE(line.encoder.idle());

  Line21 shown(Mode::PopOn);
  shown.encoder.add("Bye", 0, 100);
  shown.run(20);
  shown.encoder.finish();
  shown.run(60);
  EXPECT_EQ(shown.receiver.screen(), (Texts{"Bye"})) << "its end is known, and comes later";
  shown.run(30);
  EXPECT_TRUE(shown.receiver.screen().empty());
}

TEST(Cea608Encoder, TooMuchTextIsSkippedToTheLiveEdge) {
  Line21 line(Mode::RollUp2);
  // Adds 60 characters per second for 40 seconds.
  const std::string words = "aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk last";
  for (int second = 0; second < 40; ++second) {
    line.encoder.add(words, 0, 30);
    line.run(30);
  }
  const auto& counters = line.encoder.counters();
  EXPECT_EQ(counters.texts, 40U);
  EXPECT_EQ(counters.characters, 40 * words.size());
  EXPECT_GT(counters.dropped_characters, 10 * words.size() / 2);
  EXPECT_LT(counters.dropped_characters, 20 * words.size());
  // The remaining backlog takes at most ten seconds (300 slots), plus the time of one caption part.
  int n_slots = 0;
  while (line.encoder.next() != kPadding) ++n_slots;
  EXPECT_LT(n_slots, 330);
}

TEST(Cea608Encoder, MemoryIsBounded) {
  for (const Mode mode : {Mode::PopOn, Mode::PaintOn, Mode::RollUp2}) {
    Line21 line(mode);
    for (int i = 0; i < 10; ++i) line.encoder.add(std::string(100'000, 'x'), 0, {});
    EXPECT_GT(line.encoder.counters().dropped_characters, 990'000U);
    line.encoder.add("end", 3600, {});
    EXPECT_NE(line.run_until({"end"}), 0);
  }
}

TEST(Cea608Encoder, CaptionsThatAreOverAreDropped) {
  Line21 line(Mode::PopOn);
  for (int i = 0; i < 20; ++i) {
    line.encoder.add("Fifty characters that take about thirty-five slots", 0, 10);
  }
  line.encoder.add("Now", 30, 60);
  line.run(80);
  EXPECT_EQ(line.receiver.screen(), (Texts{"Now"}));
  EXPECT_EQ(line.encoder.counters().dropped_characters, 950U);
}

// A strict receiver understands the output for any text with any timing.
TEST(Cea608Encoder, ReceiverUnderstandsEverything) {
  std::mt19937 random(608);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const char* const kWords[] = {"a",
                                "Öl",
                                "♪",
                                "♪♪♪",
                                "ççç",
                                "\n",
                                "x.y",
                                "naïveté",
                                "½½",
                                "ŒŒ",
                                "",
                                "<",
                                "日本",
                                "{}",
                                "\xfe",
                                "I",
                                "Donaudampfschifffahrtsgesellschaftskapitän"};
  for (int round = 0; round < 50; ++round) {
    Line21 line(static_cast<Mode>(pick(5)), pick(16) - 1, pick(32));
    line.encoder.set_timeout(static_cast<std::uint64_t>(pick(100)));
    for (int i = 0; i < 30; ++i) {
      std::string text;
      for (int n = pick(30); n > 0; --n) text += std::string(kWords[pick(17)]) + " ";
      std::optional<std::uint64_t> duration;
      if (pick(2) == 0) duration = static_cast<std::uint64_t>(pick(120));
      line.encoder.add(text, static_cast<std::uint64_t>(pick(60)), duration);
      line.run(pick(90));
      if (pick(20) == 0) line.encoder.reset();
      if (pick(20) == 0) {
        line.encoder.set_layout({.mode = static_cast<Mode>(pick(5)),
                                 .origin_row = pick(16) - 1,
                                 .origin_column = pick(32)});
      }
    }
    line.encoder.finish();
    int n_left = 0;
    for (; !line.encoder.idle() && n_left < 2000; ++n_left) line.run(1);
    EXPECT_LT(n_left, 2000);
    EXPECT_TRUE(line.receiver.screen().empty());
    ASSERT_EQ(line.receiver.complaint(), "") << "round " << round;
  }
}

TEST(Cea608FrameClock, NeverDrifts) {
  const FrameClock ntsc(30000, 1001);
  // A day at 29.97 frames per second has 2,589,410 frames and a fraction.
  const guint64 last = ntsc.frame_at(24 * 3600 * GST_SECOND);
  EXPECT_EQ(last, 2'589'411U);
  EXPECT_EQ(ntsc.time_of(30000), 1001 * GST_SECOND);
  EXPECT_EQ(ntsc.time_of(30000 * 86), 86 * 1001 * GST_SECOND);
  for (guint64 frame = last - 100; frame < last; ++frame) {
    EXPECT_EQ(ntsc.frame_at(ntsc.time_of(frame)), frame);
    EXPECT_EQ(ntsc.frame_at(ntsc.time_of(frame) + 1), frame + 1);
  }
}

TEST(Cea608FrameClock, SlotsOfAllRates) {
  struct Rate {
    int n, d;
    guint64 frames_per_slot, slots_per_second;
  };
  for (const Rate& rate :
       {Rate{24000, 1001, 1, 24}, Rate{24, 1, 1, 24}, Rate{25, 1, 1, 25}, Rate{30000, 1001, 1, 30},
        Rate{30, 1, 1, 30}, Rate{48, 1, 2, 24}, Rate{50, 1, 2, 25}, Rate{60000, 1001, 2, 30},
        Rate{60, 1, 2, 30}, Rate{120000, 1001, 4, 30}, Rate{1, 1, 1, 1}}) {
    const FrameClock clock(rate.n, rate.d);
    EXPECT_EQ(clock.slots_per_second(), rate.slots_per_second) << rate.n;
    EXPECT_TRUE(clock.is_slot(0));
    EXPECT_EQ(clock.is_slot(1), rate.frames_per_slot == 1) << rate.n;
    EXPECT_EQ(clock.slots_between(0, 100 * rate.frames_per_slot), 100U) << rate.n;
    EXPECT_EQ(clock.slots_between(1, 1 + rate.frames_per_slot), 1U) << rate.n;
    EXPECT_EQ(clock.slots_between(5, 4), 0U);
  }
}

}  // namespace
}  // namespace npuwhisper::cea608

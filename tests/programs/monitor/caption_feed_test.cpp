// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/monitor/caption_feed.h"

#include <gtest/gtest.h>

#include <string>

#include "programs/monitor/caption_event.h"

namespace npuwhisper::monitor {
namespace {

constexpr std::size_t kEnough = 1 << 20;

std::string greeting(const char* resumed) {
  return std::string("retry: 1000\nevent: hello\ndata: {\"session\":\"s\",\"resumed\":") + resumed +
         "}\n\n";
}

TEST(CaptionFeed, TellsEachReaderEverythingOnce) {
  CaptionFeed feed("s", 10);
  auto reader = feed.join("");
  EXPECT_EQ(feed.read(reader, kEnough), greeting("false"));
  EXPECT_EQ(feed.read(reader, kEnough), "");
  feed.add_final("1");
  feed.set_partial("2");
  feed.set_status("3");
  EXPECT_EQ(feed.read(reader, kEnough),
            "id: s-1\nevent: final\ndata: 1\n\n"
            "event: partial\ndata: 2\n\n"
            "event: status\ndata: 3\n\n");
  EXPECT_EQ(feed.read(reader, kEnough), "");
  auto late = feed.join("");
  EXPECT_NE(feed.read(late, kEnough).find("data: 1\n"), std::string::npos);
}

TEST(CaptionFeed, KeepsTheLastPartialTextAndStatusOnly) {
  CaptionFeed feed("s", 10);
  auto reader = feed.join("");
  feed.read(reader, kEnough);
  for (const char* text : {"a", "b", "c"}) {
    feed.set_partial(text);
    feed.set_status(text);
  }
  EXPECT_EQ(feed.read(reader, kEnough), "event: partial\ndata: c\n\nevent: status\ndata: c\n\n");
  feed.set_partial("");
  EXPECT_EQ(feed.read(reader, kEnough), "event: partial\ndata: {}\n\n");
}

TEST(CaptionFeed, TellsASlowReaderWhatItMissed) {
  CaptionFeed feed("s", 3);
  auto reader = feed.join("");
  feed.read(reader, kEnough);
  for (int i = 1; i <= 5; ++i) feed.add_final(std::to_string(i));
  EXPECT_EQ(feed.read(reader, kEnough),
            "event: missed\ndata: {\"pieces\":2}\n\n"
            "id: s-3\nevent: final\ndata: 3\n\n"
            "id: s-4\nevent: final\ndata: 4\n\n"
            "id: s-5\nevent: final\ndata: 5\n\n");
}

TEST(CaptionFeed, CutsWhatIsLongWithoutLosingAnything) {
  CaptionFeed feed("s", 10);
  auto reader = feed.join("");
  feed.read(reader, kEnough);
  for (int i = 1; i <= 5; ++i) feed.add_final(std::to_string(i));
  feed.set_partial("partial");
  std::string all;
  int n_reads = 0;
  for (std::string chunk; !(chunk = feed.read(reader, 1)).empty(); ++n_reads) all += chunk;
  EXPECT_EQ(n_reads, 5);
  auto other = feed.join("");
  EXPECT_EQ(greeting("false") + all, feed.read(other, kEnough));
}

TEST(CaptionFeed, GoesOnBehindTheLastEventOfItsOwnSession) {
  CaptionFeed feed("s", 2);
  for (int i = 1; i <= 4; ++i) feed.add_final(std::to_string(i));
  auto reader = feed.join("s-3");
  EXPECT_EQ(feed.read(reader, kEnough), greeting("true") + "id: s-4\nevent: final\ndata: 4\n\n");
  auto up_to_date = feed.join("s-4");
  EXPECT_EQ(feed.read(up_to_date, kEnough), greeting("true"));
  auto long_away = feed.join("s-1");
  EXPECT_EQ(feed.read(long_away, kEnough),
            greeting("true") +
                "event: missed\ndata: {\"pieces\":1}\n\n"
                "id: s-3\nevent: final\ndata: 3\n\nid: s-4\nevent: final\ndata: 4\n\n");
  for (const char* id : {"t-3", "s", "s-", "s-x", "s-3x", "s-5", "s3", "s--1",
                         "s-99999999999999999999999999", "ss-3"}) {
    auto stranger = feed.join(id);
    EXPECT_TRUE(feed.read(stranger, kEnough).starts_with(greeting("false") + "id: s-3\n")) << id;
  }
}

double same(double time) {
  return time;
}

TEST(CaptionEvent, TakesTheTextItsTimesAndItsDelay) {
  const auto event = make_caption_event(
      R"({"final":true,"language":"en","start":1,"end":9,"text":" one two","words":[)"
      R"({"start":1.5,"end":2,"word":" one"},{"start":2,"end":2.5,"word":" two"}]})",
      {.stream_time = same, .delay = [](double time) { return 4 - time; }});
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_TRUE(event->final);
  EXPECT_EQ(event->delay, 1.5);
  EXPECT_EQ(event->json,
            R"({"text":" one two","start":1.5,"end":2.5,"delay":1.5,"language":"en","words":[)"
            R"({"text":" one","start":1.5,"end":2.0},{"text":" two","start":2.0,"end":2.5}]})");
}

TEST(CaptionEvent, HasTimesOfTheStream) {
  const auto event =
      make_caption_event(R"({"final":true,"text":"x","words":[{"start":1,"end":2,"word":"x"}]})",
                         {.stream_time = [](double time) { return time + 6; }, .delay = same});
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->delay, 2);
  EXPECT_EQ(event->json, R"({"text":"x","start":7.0,"end":8.0,"delay":2.0,"language":"","words":[)"
                         R"({"text":"x","start":7.0,"end":8.0}]})");
}

TEST(CaptionEvent, MayHaveNoWordTimes) {
  const auto event = make_caption_event(R"({"final":true,"start":1,"end":9,"text":"x","words":[]})",
                                        {.stream_time = same, .delay = same});
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->delay, 9);
}

TEST(CaptionEvent, PartialTextMayBeNone) {
  const auto event =
      make_caption_event(R"({"type":"partial","final":false,"language":"en","text":"","words":[]})",
                         {.stream_time = same, .delay = same});
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_FALSE(event->final);
  EXPECT_EQ(event->json, R"({"text":"","language":"en","words":[]})");
}

TEST(CaptionEvent, RefusesWhatItCannotRead) {
  for (const char* json : {"", "[]", "{}", R"({"final":1})", R"({"final":true,"text":1})",
                           R"({"final":true,"words":[{"start":1}]})"}) {
    EXPECT_FALSE(make_caption_event(json, {.stream_time = same, .delay = same})) << json;
  }
}

}  // namespace
}  // namespace npuwhisper::monitor

// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the captions that npuwhisperbin attaches to frames. ffmpeg reads the captions back.
#include <cstdio>

#include "caption_bin_fixture.h"
#include "temporary_folder.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> lines;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return lines;
  char part[4096];
  while (std::fgets(part, sizeof part, pipe) != nullptr) {
    std::string line(part);
    line.erase(line.find_last_not_of("\r\n") + 1);
    lines.push_back(line);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return lines;
}

// Writes video with captions to a file, and reads the captions back with ffmpeg.
class ReadBack : public ::testing::Test {
 protected:
  void SetUp() override { set_script({.texts = {" First line.", " And a second."}}); }
  std::string file(const char* name) const { return (folder_.path() / name).string(); }
  std::string chain(const std::string& mode, int n_seconds) const {
    return bin("mode=" + mode + " streaming=false") + audio(n_seconds) + video(n_seconds) +
           "b.audio_src ! fakesink async=false sync=false ";
  }
  static void make_pop_on(const Pipeline& pipeline) {
    GObject* captions = nullptr;
    ASSERT_TRUE(gst_child_proxy_lookup(GST_CHILD_PROXY(pipeline.element("b")), "captions::mode",
                                       &captions, nullptr));
    gst_util_set_object_arg(captions, "mode", "pop-on");
    g_object_unref(captions);
  }
  // Converts the captions of `input` to SRT with ffmpeg and removes their styling. Checks their
  // texts and start times.
  void expect_captions(const std::string& input) const {
    const auto lines =
        lines_of("cd " + folder_.path().string() + " && ffmpeg -nostdin -v error " + input +
                 " -map 0:s -f srt - | sed -e 's/<[^>]*>//g' -e 's/{[^}]*}//g'");
    std::vector<std::string> texts;
    std::vector<double> starts;
    for (const std::string& line : lines) {
      int h = 0;
      int m = 0;
      int s = 0;
      int ms = 0;
      if (std::sscanf(line.c_str(), "%d:%d:%d,%d -->", &h, &m, &s, &ms) == 4) {
        starts.push_back(h * 3600 + m * 60 + s + ms / 1000.0);
      } else if (line.find_first_not_of("0123456789") != std::string::npos) {
        texts.push_back(line);
      }
    }
    // The caption at 0 s cannot be sent ahead of its time, so its start is not checked.
    EXPECT_EQ(texts, (std::vector<std::string>{"First line.", "And a second.", "First line."}));
    ASSERT_EQ(starts.size(), 3U);
    EXPECT_NEAR(starts[1], 3.9, 0.1);
    EXPECT_NEAR(starts[2], 7.9, 0.1);
  }

  TemporaryFolder folder_;
};

TEST_F(ReadBack, Cea708InH264) {
  Pipeline pipeline(chain("cea708", 11) +
                    "b.video_src ! videoconvert ! video/x-raw,format=I420 ! x264enc "
                    "speed-preset=ultrafast ! mpegtsmux ! filesink location=" +
                    file("out.ts"));
  make_pop_on(pipeline);
  ASSERT_TRUE(pipeline.run());
  expect_captions("-f lavfi -i 'movie=out.ts[out+subcc]'");
}

TEST_F(ReadBack, Cea608InQuickTime) {
  Pipeline pipeline(chain("cea608", 11) +
                    "b.video_src ! ccextractor name=x remove-caption-meta=true  qtmux name=m ! "
                    "filesink location=" +
                    file("out.mov") +
                    " x.src ! videoconvert ! video/x-raw,format=I420 ! x264enc "
                    "speed-preset=ultrafast tune=zerolatency ! queue max-size-time=0 ! m.video_0 "
                    "x.caption ! queue max-size-time=0 ! ccconverter ! "
                    "closedcaption/x-cea-608,format=s334-1a ! m.caption_0");
  make_pop_on(pipeline);
  ASSERT_TRUE(pipeline.run());
  expect_captions("-i out.mov");
}

// line21decoder outputs the triplets of both fields. qtmux 1.22 reads beyond the end of a buffer
// with two triplets. The pipeline therefore converts the captions to the raw format, which contains
// only field 1.
TEST_F(ReadBack, Cea608InLine21) {
  Pipeline pipeline(
      bin("mode=cea608 streaming=false") + audio(11) +
      "b.audio_src ! fakesink async=false sync=false videotestsrc pattern=black num-buffers=330 ! "
      "video/x-raw,format=I420,width=720,height=525,framerate=30000/1001,"
      "interlace-mode=interleaved ! b.video_sink b.video_src ! line21encoder "
      "remove-caption-meta=true ! line21decoder ! ccextractor name=x remove-caption-meta=true  "
      "qtmux name=m ! filesink location=" +
      file("out.mov") +
      " x.src ! videoscale ! video/x-raw,width=64,height=64 ! x264enc speed-preset=ultrafast "
      "tune=zerolatency ! queue max-size-time=0 ! m.video_0 "
      "x.caption ! queue max-size-time=0 ! ccconverter ! closedcaption/x-cea-608,format=raw ! "
      "ccconverter ! closedcaption/x-cea-608,format=s334-1a ! m.caption_0");
  make_pop_on(pipeline);
  ASSERT_TRUE(pipeline.run());
  expect_captions("-i out.mov");
}

}  // namespace
}  // namespace npuwhisper::test

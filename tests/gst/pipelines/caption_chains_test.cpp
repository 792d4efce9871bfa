// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the chain from speech to captions in each common format. Third-party programs read the
// captions back. The runtime is scripted, so the words and their times are known to the
// millisecond.
#include <gmock/gmock.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "programs/hls/hls_stream.h"
#include "temporary_folder.h"
#include "tests/gst/support/caption_reader.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/pipeline_fixture.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

constexpr int kSeconds = 6;

std::string video(bool live, const char* caps) {
  return "videotestsrc pattern=black num-buffers=" + std::to_string(25 * kSeconds) +
         std::string(" is-live=") + (live ? "true" : "false") + " ! video/x-raw,framerate=25/1," +
         caps + " ";
}

// Returns the start in milliseconds of the first screen with `text`, or -1 if there is none.
int shown_from(const std::vector<Cue>& screens, const std::string& text) {
  for (const Cue& screen : screens) {
    if (screen.text.find(text) != std::string::npos) return screen.start_ms;
  }
  return -1;
}

class CaptionChains : public ::testing::Test {
 protected:
  void SetUp() override {
    Script script{.texts = {}, .window = kSampleRate};
    for (const Cue& cue : spoken()) script.texts.push_back(' ' + cue.text);
    set_script(script);
    std::vector<std::int16_t> pcm(kSampleRate * kSeconds);
    for (const Cue& cue : spoken()) {
      for (int i = cue.start_ms * 16; i < cue.end_ms * 16; ++i) {
        pcm[static_cast<std::size_t>(i)] = i / 40 % 2 == 0 ? 12000 : -12000;
      }
    }
    std::ofstream(file("sounds.raw"), std::ios::binary)
        .write(reinterpret_cast<const char*>(pcm.data()),
               static_cast<std::streamsize>(pcm.size() * sizeof pcm[0]));
  }
  std::string sounds() const {
    return "filesrc location=" + file("sounds.raw") +
           " blocksize=3200 ! rawaudioparse sample-rate=16000 num-channels=1 pcm-format=s16le ";
  }
  // Returns the launch description of a live source, with sounds() mixed into its audio.
  std::string live_sounds() const {
    return "audiomixer name=mixer audiotestsrc is-live=true wave=silence samplesperbuffer=1600 "
           "num-buffers=" +
           std::to_string(10 * kSeconds) +
           " ! audio/x-raw,rate=16000,channels=1,format=S16LE ! mixer. " + sounds() +
           "! mixer. mixer. ";
  }
  std::string file(const char* name) const { return (folder_.path() / name).string(); }
  std::vector<Cue> ffmpeg(const std::string& input) const {
    return captions_by_ffmpeg(folder_.path(), input);
  }
  // Returns the expected cues. Each cue lies within one of the windows of 1 s that the scripted
  // runtime decodes.
  static std::vector<Cue> spoken() {
    return {{100, 900, "Good evening."},
            {2100, 2900, "Here is the news,"},
            {4100, 4900, "told to nobody."}};
  }

  TemporaryFolder folder_;
};

TEST_F(CaptionChains, SubRipFile) {
  Pipeline pipeline(
      sounds() + "! npuwhisper caption-style=none ! srtenc ! filesink location=" + file("out.srt"));
  ASSERT_TRUE(pipeline.run());
  expect_same(ffmpeg("-i out.srt"), spoken(), 1);
}

TEST_F(CaptionChains, WebVttFile) {
  Pipeline pipeline(sounds() + "! npuwhisper caption-style=none ! webvttenc ! filesink location=" +
                    file("out.vtt"));
  ASSERT_TRUE(pipeline.run());
  expect_same(ffmpeg("-i out.vtt"), spoken(), 1);
}

TEST_F(CaptionChains, LiveRollUpInH264) {
  const PatientClock clock;
  Pipeline pipeline(
      "cccombiner name=c ! x264enc tune=zerolatency ! h264parse ! queue ! m. "
      "mpegtsmux name=m ! filesink location=" +
      file("out.ts") + " " + live_sounds() +
      "! tee name=a a. ! queue ! npuwhisper latency=2000 ! texttocea608 ! "
      "closedcaption/x-cea-608,framerate=25/1 ! ccconverter ! "
      "closedcaption/x-cea-708,format=cc_data ! queue ! c.caption "
      "a. ! queue max-size-time=5000000000 ! audioconvert ! audioresample ! voaacenc ! aacparse ! "
      "queue "
      "max-size-time=5000000000 ! m. " +
      video(true, "width=64,height=64") +
      "! queue max-size-time=5000000000 max-size-buffers=0 max-size-bytes=0 ! c.sink");
  ASSERT_TRUE(pipeline.run());
  const std::vector<Cue> screens = ffmpeg("-real_time 1 -f lavfi -i 'movie=out.ts[out+subcc]'");
  for (const Cue& cue : spoken()) {
    const int begun = shown_from(screens, cue.text.substr(0, 2));
    const int complete = shown_from(screens, cue.text);
    EXPECT_NEAR(begun, cue.start_ms, 500) << cue.text;
    EXPECT_GT(complete, cue.start_ms) << cue.text;
    EXPECT_LE(complete, cue.end_ms + 500) << cue.text;
  }
  ASSERT_FALSE(screens.empty());
  EXPECT_EQ(screens.back().text, "Good evening. Here is the news,\ntold to nobody.");
  EXPECT_EQ(output_of(folder_.path(),
                      "ffprobe -v error -count_packets -select_streams v -show_entries "
                      "stream=nb_read_packets -of default=nk=1:nw=1 out.ts | head -n 1"),
            std::to_string(25 * kSeconds) + "\n");
}

TEST_F(CaptionChains, LiveHls) {
  const PatientClock clock;
  auto stream = cli::HlsStream::create(
      {.folder = folder_.path() / "live",
       .source = live_sounds() + "! speech. " + video(true, "width=64,height=64") + "! picture.",
       .n_listed = 0,
       .language = "en"});
  ASSERT_TRUE(stream) << stream.error().message;
  const auto begin = PatientClock::now();
  std::chrono::nanoseconds first{};
  const auto played = (*stream)->run([&] {
    if (first == first.zero() && std::filesystem::exists(file("live/captions.m3u8"))) {
      first = PatientClock::now() - begin;
    }
    return false;
  });
  ASSERT_TRUE(played) << played.error().message;
  EXPECT_GT(first, 0s);
  EXPECT_LT(first, 5s) << "a segment of 2 s, the latency of 2 s, and a second";

  // A caption stays for at least 5/6 s. In live mode it stays slightly longer than its speech.
  expect_same(ffmpeg("-i live/captions.m3u8"), spoken(), 1, 500);
  // Reads the captions through the master playlist, as players do. ffmpeg ignores X-TIMESTAMP-MAP,
  // and -copyts keeps the times that are written in the cues. The checks below cover the mapping to
  // the times of the video.
  expect_same(ffmpeg("-strict experimental -copyts -i live/master.m3u8"), spoken(), 500);
  EXPECT_EQ(output_of(folder_.path(), "sed -n 2p live/captions00001.vtt"),
            "X-TIMESTAMP-MAP=MPEGTS:324180000,LOCAL:00:00:02.000\n");
  const std::string first_frame =
      output_of(folder_.path(),
                "ffprobe -v error -select_streams v -show_entries packet=pts_time -of "
                "default=nk=1:nw=1 live/video00000.ts | head -n 1");
  EXPECT_NEAR(std::strtod(first_frame.c_str(), nullptr), 3600, 0.5) << "MPEGTS 324000000 is 0";
}

TEST_F(CaptionChains, DvbSubtitles) {
  Pipeline pipeline("mpegtsmux name=m ! filesink location=" + file("out.ts") + " " + sounds() +
                    "! npuwhisper ! textrender font-desc=\"Sans 32\" ! "
                    "video/x-raw,format=AYUV,width=720,height=576 ! dvbsubenc ! queue ! m. " +
                    video(false, "width=720,height=576") +
                    "! x264enc speed-preset=ultrafast ! h264parse ! queue ! m.");
  ASSERT_TRUE(pipeline.run());
  // Extracts one picture every 0.8 s, so that each caption is in one picture and not in the next.
  output_of(folder_.path(),
            "ffmpeg -nostdin -v fatal -i out.ts -filter_complex "
            "\"[0:v][0:s]overlay,select='not(mod(n-5,20))'\" -vsync 0 p%02d.png");
  std::istringstream pages(output_of(
      folder_.path(),
      "ls p*.png > pictures && OMP_THREAD_LIMIT=1 tesseract pictures - --psm 6 2>/dev/null"));
  int time = 200;
  for (std::string page; std::getline(pages, page, '\f'); time += 800) {
    std::string wanted;
    for (const Cue& cue : spoken()) {
      if (cue.start_ms < time && time < cue.end_ms) wanted = cue.text;
    }
    EXPECT_EQ(page.substr(0, page.find('\n')), wanted) << time << " ms";
  }
  EXPECT_GT(time, 1000 * (kSeconds - 1));
}

}  // namespace
}  // namespace npuwhisper::test

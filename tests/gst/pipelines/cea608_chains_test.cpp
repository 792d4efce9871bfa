// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of whole caption chains. Third-party programs read the captions back: ffmpeg, and
// GStreamer's decoder of line 21.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "temporary_folder.h"
#include "tests/gst/support/caption_reader.h"
#include "tests/gst/support/pipeline_fixture.h"
#include "tests/gst/support/recorder.h"
#include "tiny_model.h"

namespace npuwhisper::test {
namespace {

const std::vector<Cue> kCues = {
    {3000, 5000, "Grüße, señor! À bientôt,\nmaçã e pêssego."},
    {6000, 8500, "♪♪ ½ “Ørsted” kostet 5 £ ♪"},
    {8500, 10000, "{Ende} © ABC"},
};

class Chains : public ::testing::Test {
 protected:
  void SetUp() override { write_cues(kCues); }

  std::string file(const char* name) const { return (folder_.path() / name).string(); }
  void write_cues(const std::vector<Cue>& cues) const {
    std::ofstream(file("in.srt")) << srt_of(cues);
  }
  std::string captions(const std::string& properties, const std::string& caps) const {
    return "filesrc location=" + file("in.srt") + " ! subparse ! texttocea608 " + properties +
           " ! closedcaption/x-cea-608," + caps + " ";
  }
  static std::string video(const std::string& rate, int n_frames, const std::string& more = "") {
    return "videotestsrc pattern=black num-buffers=" + std::to_string(n_frames) +
           " ! video/x-raw,framerate=" + rate + more + " ";
  }
  std::vector<char> bytes_of(const char* name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<Cue> ffmpeg(const std::string& input) const {
    return captions_by_ffmpeg(folder_.path(), input);
  }
  // Writes a QuickTime file with a caption track, and returns its captions as ffmpeg reads them.
  std::vector<Cue> through_mov(const std::string& mode, const std::string& rate) {
    Pipeline pipeline("qtmux name=m ! filesink location=" + file("out.mov") + " " +
                      captions("mode=" + mode, "format=s334-1a,framerate=" + rate) +
                      "! queue ! m.caption_0 " + video(rate, 660, ",width=64,height=64") +
                      "! x264enc ! queue ! m.video_0");
    if (!pipeline.run()) return {};
    return ffmpeg("-i out.mov");
  }

  TemporaryFolder folder_;
};

struct Rate {
  const char* rate;
  int frame_ms;
};

class ChainsAtRate : public Chains, public ::testing::WithParamInterface<Rate> {};

TEST_P(ChainsAtRate, QuickTimeCaptionTrack) {
  expect_same(through_mov("pop-on", GetParam().rate), kCues, 2 * GetParam().frame_ms);
}

TEST_P(ChainsAtRate, CaptionsInH264) {
  const std::string rate = GetParam().rate;
  Pipeline pipeline(
      "cccombiner name=c ! x264enc speed-preset=ultrafast ! h264parse ! mpegtsmux ! "
      "filesink location=" +
      file("out.ts") + " " + captions("mode=pop-on", "format=raw,framerate=" + rate) +
      "! ccconverter ! closedcaption/x-cea-708,format=cc_data ! queue ! c.caption " +
      video(rate, 11000 / GetParam().frame_ms, ",width=64,height=64") + "! c.sink");
  ASSERT_TRUE(pipeline.run());
  expect_same(ffmpeg("-f lavfi -i 'movie=out.ts[out+subcc]'"), kCues, 2 * GetParam().frame_ms);
}
INSTANTIATE_TEST_SUITE_P(All, ChainsAtRate,
                         ::testing::Values(Rate{"24/1", 42}, Rate{"25/1", 40},
                                           Rate{"30000/1001", 34}, Rate{"30/1", 34},
                                           Rate{"50/1", 20}, Rate{"60000/1001", 17}));

TEST_F(Chains, RollUpRowByRow) {
  // ffmpeg outputs the screen at each carriage return and at the end.
  const std::vector<std::string> wanted = {
      "Grüße, señor! À bientôt,",
      "Grüße, señor! À bientôt,\nmaçã e pêssego. ♪♪ ½ “Ørsted”",
      "maçã e pêssego. ♪♪ ½ “Ørsted”\nkostet 5 £ ♪ {Ende} © ABC",
  };
  std::vector<std::string> found;
  for (const Cue& cue : through_mov("roll-up2", "30000/1001")) found.push_back(cue.text);
  EXPECT_EQ(found, wanted);
}

TEST_F(Chains, RollUpOfFourRows) {
  const std::vector<Cue> found = through_mov("roll-up4", "25/1");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.back().text,
            "Grüße, señor! À bientôt,\nmaçã e pêssego. ♪♪ ½ “Ørsted”\nkostet 5 £ ♪ {Ende} © ABC");
}

TEST_F(Chains, PaintOn) {
  // The third text begins when the second ends, and is appended below it.
  const std::vector<std::string> wanted = {
      kCues[0].text,
      kCues[1].text + "\n" + kCues[2].text,
  };
  std::vector<std::string> found;
  for (const Cue& cue : through_mov("paint-on", "30000/1001")) found.push_back(cue.text);
  EXPECT_EQ(found, wanted);
}

TEST_F(Chains, AllCharacters) {
  const std::vector<Cue> cues = {
      {3000, 6000, "!\"#$%&()+,-./0123456789:;=?@[]"},
      {7000, 10000, "ABCDEFGHIJKLMNOPQRSTUVWXYZ\nabcdefghijklmnopqrstuvwxyz"},
      {11000, 14000, "áéíóúç÷Ññ█®°½¿™¢£♪àèâêîôû"},
      {15000, 18000, "ÁÉÓÚÜü¡*©℠“”ÀÂÇÈÊËëÎÏï"},
      {19000, 22000, "ÔÙùÛ«»ÃãÍÌìÒòÕõ{}\\^_|~"},
      {23000, 26000, "ÄäÖöß¥¤¦ÅåØø┌┐└┘"},
      // ffmpeg maps these codes to other characters than the standard does.
      {27000, 30000, "'‘—•"},
  };
  write_cues(cues);
  Pipeline pipeline("qtmux name=m ! filesink location=" + file("out.mov") + " " +
                    captions("mode=pop-on", "format=s334-1a,framerate=30/1") +
                    "! queue ! m.caption_0 " + video("30/1", 900, ",width=64,height=64") +
                    "! x264enc ! queue ! m.video_0");
  ASSERT_TRUE(pipeline.run());
  std::vector<Cue> wanted = cues;
  wanted.back().text = "’´-·";
  expect_same(ffmpeg("-i out.mov"), wanted, 68);
}

TEST_F(Chains, Line21) {
  Pipeline pipeline(
      "cccombiner name=c ! line21encoder remove-caption-meta=true ! line21decoder ! ccextractor "
      "name=x x. ! fakesink async=false x.caption ! filesink async=false location=" +
      file("read.bin") + " " + captions("mode=pop-on", "format=s334-1a,framerate=30000/1001") +
      "! tee name=t t. ! queue ! c.caption t. ! queue ! filesink async=false location=" +
      file("sent.bin") + " " +
      video("30000/1001", 270, ",format=I420,width=720,height=525,interlace-mode=interleaved") +
      "! c.sink");
  ASSERT_TRUE(pipeline.run());
  // The decoder outputs both fields of each frame, three bytes each.
  const std::vector<char> sent = bytes_of("sent.bin");
  const std::vector<char> read = bytes_of("read.bin");
  ASSERT_GT(sent.size(), 3 * 240U);
  ASSERT_GT(read.size(), 2 * 3 * 240U);
  for (std::size_t frame = 0; 3 * frame < sent.size() && 6 * frame < read.size(); ++frame) {
    const std::string_view of_sent(&sent[3 * frame + 1], 2);
    const std::string_view of_read(&read[6 * frame + 1], 2);
    ASSERT_EQ(of_read, of_sent) << "frame " << frame;
  }
}

TEST_F(Chains, MxfAncillaryData) {
  {
    Pipeline writer(
        "mxfmux name=m ! filesink location=" + file("out.mxf") + " " +
        captions("mode=pop-on", "format=raw,framerate=25/1") + "! tee name=t t. " +
        "! queue ! filesink async=false location=" + file("sent.bin") + " t. ! queue " +
        "! ccconverter ! closedcaption/x-cea-708,format=cdp,framerate=25/1 ! queue ! m. " +
        video("25/1", 300, ",width=320,height=240") +
        "! x264enc ! video/x-h264,profile=main,stream-format=byte-stream,alignment=au "
        "! h264parse ! queue ! m.");
    ASSERT_TRUE(writer.run());
  }
  Pipeline reader("filesrc location=" + file("out.mxf") + " ! mxfdemux name=d d. " +
                  "! closedcaption/x-cea-708 ! capssetter replace=true "
                  "caps=closedcaption/x-cea-708,format=cdp,framerate=25/1 ! ccconverter "
                  "! closedcaption/x-cea-608,format=raw ! filesink location=" +
                  file("read.bin"));
  ASSERT_TRUE(reader.run());
  const auto pairs = [](const std::vector<char>& bytes) {
    std::string text(bytes.begin(), bytes.end());
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
      if (text.compare(i, 2, "\x80\x80") != 0) out.append(text, i, 2);
    }
    return out;
  };
  EXPECT_EQ(pairs(bytes_of("read.bin")), pairs(bytes_of("sent.bin")));
  EXPECT_GT(pairs(bytes_of("read.bin")).size(), 100U);
  expect_same(ffmpeg("-eia608_extract 1 -i out.mxf"), kCues, 80);
}

TEST_F(Chains, LiveVideoIsNotHeldUp) {
  write_tiny_model(folder_.path());
  Pipeline pipeline(
      "cccombiner name=c ! fakesink name=f sync=true "
      "audiotestsrc is-live=true wave=silence samplesperbuffer=1600 num-buffers=30 ! "
      "audio/x-raw,rate=16000,channels=1 ! npuwhisper latency=2000 device=cpu language=en model=" +
      folder_.path().string() +
      " ! texttocea608 ! closedcaption/x-cea-608,format=raw,framerate=25/1 ! queue ! c.caption "
      "videotestsrc is-live=true num-buffers=75 ! video/x-raw,framerate=25/1,width=64,height=64 ! "
      "queue max-size-time=0 max-size-buffers=0 max-size-bytes=0 ! c.sink");
  Recorder recorder(pipeline.element("c"));
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(recorder.buffers().size(), 75U);
}

}  // namespace
}  // namespace npuwhisper::test

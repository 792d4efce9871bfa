// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays real speech through real pipelines with Whisper base. The tests are skipped if the weights
// or Debian's pocketsphinx-testdata (LibriVox recordings with their text) are missing.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <npuwhisper/engine.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <vector>

#include "temporary_folder.h"
#include "tests/gst/support/caption_reader.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/pipeline_fixture.h"
#include "tests/gst/support/recorder.h"
#include "word_errors.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

const std::filesystem::path kRecordings = "/usr/share/pocketsphinx/test/data/librivox";
constexpr std::size_t kWavHeader = 44;

class Speech : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kRecordings / "transcription")) {
      GTEST_SKIP() << "install pocketsphinx-testdata";
    }
    if (const auto model = find_model("base"); !model) GTEST_SKIP() << model.error().message;
    join_recordings();
  }

  // Joins all five recordings into one WAV file, `n_times` in succession, and collects their words.
  void join_recordings(int n_times = 1) {
    starts_.clear();
    texts_.clear();
    std::ifstream transcription(kRecordings / "transcription");
    std::string lines;
    std::getline(transcription, lines, '\0');
    std::string all_lines;
    for (int i = 0; i < n_times; ++i) all_lines += lines;
    std::istringstream every(all_lines);
    std::string pcm;
    std::string header;
    for (std::string line; std::getline(every, line);) {
      std::smatch match;
      if (!std::regex_match(line, match, std::regex(R"(<s> (.*) </s> \((.*)\))"))) continue;
      starts_.push_back(static_cast<double>(pcm.size()) / 32000);
      texts_.push_back(words_of(match[1]));
      std::ifstream file(kRecordings / (match[2].str() + ".wav"), std::ios::binary);
      std::ostringstream bytes;
      bytes << file.rdbuf();
      header = bytes.str().substr(0, kWavHeader);
      pcm += bytes.str().substr(kWavHeader);
    }
    const auto put = [&](std::size_t at, std::size_t value) {
      for (std::size_t i = 0; i < 4; ++i) header[at + i] = static_cast<char>(value >> (8 * i));
    };
    put(4, pcm.size() + kWavHeader - 8);
    put(40, pcm.size());
    std::ofstream(file(), std::ios::binary) << header << pcm;
    length_ = static_cast<double>(pcm.size()) / 32000;
  }

  std::string file() const { return folder_.path() / "speech.wav"; }
  std::string source() const { return "filesrc location=" + file() + " ! wavparse ! "; }

  Words said(std::size_t from = 0) const {
    Words all;
    for (std::size_t i = from; i < texts_.size(); ++i) {
      all.insert(all.end(), texts_[i].begin(), texts_[i].end());
    }
    return all;
  }

  static std::unique_ptr<Recorder> record(const Pipeline& pipeline, const char* name = "n") {
    return std::make_unique<Recorder>(pipeline.element(name));
  }

  static Words heard(const Recorder& recorder) {
    std::string text;
    for (const std::string& cue : recorder.texts()) text += cue + ' ';
    return words_of(text);
  }

  static void expect_close(const Words& wanted, const Words& found) {
    std::string text;
    for (const std::string& word : found) text += word + ' ';
    EXPECT_LE(word_errors(wanted, found) * 10, wanted.size()) << "10 % may differ: " << text;
  }

  TemporaryFolder folder_;
  std::vector<Words> texts_;
  std::vector<double> starts_;
  double length_ = 0;
};

TEST_F(Speech, AudioFollowsTheTextOfSeveralPieces) {
  join_recordings(8);
  ASSERT_GT(length_, 190) << "the audio must exceed the limit of a pad without batch";
  for (const std::string sync : {"true", "false"}) {
    Pipeline pipeline(source() +
                      "npuwhisper name=n language-code=en beam-size=1 batch=3 meta-sync=" + sync +
                      " ! fakesink sync=false n.audio_src ! fakesink sync=false");
    const auto recorder = record(pipeline);
    ASSERT_TRUE(pipeline.run()) << "meta-sync=" << sync;
    expect_close(said(), heard(*recorder));
  }
}

TEST_F(Speech, FileToSrt) {
  const std::string srt = folder_.path() / "out.srt";
  Pipeline pipeline(source() + "npuwhisper language=en ! srtenc ! filesink location=" + srt);
  ASSERT_TRUE(pipeline.run());
  std::ifstream lines(srt);
  std::string text;
  std::string last_end = "00:00:00,000";
  int n_cues = 0;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, std::regex(R"((\S+) --> (\S+))"))) {
      EXPECT_LE(last_end, match[1]) << "cues overlap";
      EXPECT_LT(match[1], match[2]);
      last_end = match[2];
      ++n_cues;
    } else if (line.find_first_not_of("0123456789") != std::string::npos) {
      EXPECT_LE(line.size(), 42U) << line;
      text += line + ' ';
    }
  }
  EXPECT_GE(n_cues, 3);
  expect_close(said(), words_of(text));
}

TEST_F(Speech, WordsHaveTheirTimes) {
  Pipeline pipeline(source() + "npuwhisper name=n language=en output-mode=word ! fakesink");
  const auto out = record(pipeline);
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(out->complaint(), "");
  expect_close(said(), heard(*out));
  EXPECT_EQ(out->buffers().size(), heard(*out).size()) << "one buffer a word";
  EXPECT_LE(out->buffers().back().end, static_cast<GstClockTime>((length_ + 0.1) * GST_SECOND));
}

TEST_F(Speech, SeekInTheMiddle) {
  Pipeline pipeline(source() + "npuwhisper name=n language=en ! fakesink name=s");
  const auto out = record(pipeline);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  const auto start = static_cast<GstClockTime>(starts_[3] * GST_SECOND);
  ASSERT_TRUE(gst_element_seek_simple(
      pipeline.get(), GST_FORMAT_TIME,
      static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE),
      static_cast<gint64>(start)));
  out->clear();
  ASSERT_TRUE(pipeline.run());
  expect_close(said(3), heard(*out));
  const auto cues = out->buffers();
  ASSERT_FALSE(cues.empty());
  EXPECT_GE(cues.front().start, start);
  EXPECT_LE(cues.front().start, start + 2 * GST_SECOND);
  EXPECT_EQ(out->all().back().type, GST_EVENT_EOS);
  out->clear();
}

TEST_F(Speech, TwoElementsShareTheModelAndAgree) {
  Pipeline pipeline(source() +
                    "tee name=t  t. ! queue ! npuwhisper name=n language=en ! fakesink  "
                    "t. ! queue ! npuwhisper name=m language=en ! fakesink");
  const auto first = record(pipeline, "n");
  const auto second = record(pipeline, "m");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(first->texts(), second->texts());
  expect_close(said(), heard(*first));
}

TEST_F(Speech, LiveThroughAClock) {
  const PatientClock clock;
  Pipeline pipeline(source() +
                    "identity sync=true ! npuwhisper name=n language=en latency=6000 ! "
                    "fakesink sync=true");
  const auto out = record(pipeline);
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(out->complaint(), "");
  const Words found = heard(*out);
  // Live windows end by the clock, not at pauses, so live text has more errors than offline text.
  std::string text;
  for (const std::string& word : found) text += word + ' ';
  EXPECT_LE(word_errors(said(), found) * 3, said().size()) << text;
}

TEST_F(Speech, SilenceGivesNoText) {
  Pipeline pipeline(
      "audiotestsrc wave=silence num-buffers=300 samplesperbuffer=1600 ! "
      "audio/x-raw,rate=16000,channels=1 ! npuwhisper name=n ! fakesink");
  const auto out = record(pipeline);
  ASSERT_TRUE(pipeline.run());
  EXPECT_TRUE(out->texts().empty()) << out->texts().front();
}

TEST_F(Speech, CaptionsInTheTransportStream) {
  const std::string frames = std::to_string(static_cast<int>(length_ + 3) * 25);
  Pipeline pipeline(
      "cccombiner name=c ! x264enc speed-preset=ultrafast ! h264parse ! mpegtsmux ! filesink "
      "location=" +
      (folder_.path() / "out.ts").string() + " videotestsrc pattern=black num-buffers=" + frames +
      " ! video/x-raw,framerate=25/1,width=64,height=64 ! c.sink " + source() +
      "npuwhisper name=n language=en ! texttocea608 mode=pop-on ! "
      "closedcaption/x-cea-608,framerate=25/1 ! ccconverter ! "
      "closedcaption/x-cea-708,format=cc_data ! queue ! c.caption");
  const auto out = record(pipeline);
  ASSERT_TRUE(pipeline.run());
  const std::vector<Cue> cues =
      captions_by_ffmpeg(folder_.path(), "-f lavfi -i 'movie=out.ts[out+subcc]'");
  ASSERT_FALSE(cues.empty());
  std::string text;
  for (const Cue& cue : cues) text += cue.text + ' ';
  expect_close(said(), words_of(text));
  EXPECT_EQ(words_of(text), heard(*out)) << "all that the element said";
  // The time of a long segment may be divided among its rows. Only the first row then appears at
  // the start of the segment.
  for (const Record& segment : out->buffers()) {
    const auto start = static_cast<int>(segment.start / GST_MSECOND);
    if (start < 3000) continue;  // This start is too early to be sent ahead of time.
    EXPECT_TRUE(std::any_of(cues.begin(), cues.end(), [&](const Cue& cue) {
      return std::abs(cue.start_ms - start) <= 500;
    })) << segment.text;
  }
}

/// Plays the recordings from a file. play() reads the file in buffers of `n_bytes` and returns the
/// cues.
class Playback : public Speech {
 protected:
  void SetUp() override {
    Speech::SetUp();
    if (IsSkipped()) return;
    std::ifstream wav(file(), std::ios::binary);
    wav.seekg(kWavHeader);
    std::ofstream(raw(), std::ios::binary) << wav.rdbuf();
  }

  std::string raw() const { return folder_.path() / "speech.raw"; }

  std::vector<Record> play(int n_bytes, int n_threads) const {
    Pipeline pipeline("filesrc location=" + raw() + " blocksize=" + std::to_string(n_bytes) +
                      " ! audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved ! "
                      "npuwhisper name=n streaming=true latency=4000 language=en n-threads=" +
                      std::to_string(n_threads) + " ! fakesink sync=false");
    const auto recorder = record(pipeline);
    EXPECT_TRUE(pipeline.run());
    EXPECT_EQ(recorder->complaint(), "");
    return recorder->buffers();
  }
};

TEST_F(Playback, IsTheSameHoweverItComes) {
  constexpr int kBytesOfASecond = 32000;
  const std::vector<Record> cues = play(kBytesOfASecond / 100, 1);
  EXPECT_GE(cues.size(), 5U);
  for (const int n_bytes : {kBytesOfASecond, 7778}) {
    SCOPED_TRACE(n_bytes);
    const std::vector<Record> other = play(n_bytes, 2);
    ASSERT_EQ(other.size(), cues.size());
    for (std::size_t i = 0; i < cues.size(); ++i) {
      EXPECT_EQ(other[i].text, cues[i].text) << i;
      EXPECT_EQ(other[i].start, cues[i].start) << cues[i].text;
      EXPECT_EQ(other[i].end, cues[i].end) << cues[i].text;
    }
  }
}

class Overlay : public Speech {};

TEST_F(Overlay, CaptionCanBeReadInThePicture) {
  if (GstElementFactory* factory = gst_element_factory_find("textoverlay")) {
    gst_object_unref(factory);
  } else {
    GTEST_SKIP() << "install gstreamer1.0-x for textoverlay";
  }
  if (std::system("tesseract --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "install tesseract-ocr to read the picture";
  }
  // The video has one picture every two seconds, for the length of the speech.
  const std::string pictures = folder_.path() / "%02d.png";
  Pipeline pipeline(
      "videotestsrc pattern=black num-buffers=" + std::to_string(static_cast<int>(length_ / 2)) +
      " ! video/x-raw,width=1280,height=360,framerate=1/2 ! textoverlay name=o "
      "font-desc=\"Sans 28\" shaded-background=false ! videoconvert ! pngenc ! "
      "multifilesink location=" +
      pictures + "  " + source() + "npuwhisper language=en ! o.text_sink");
  ASSERT_TRUE(pipeline.run());
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (entry.path().extension() != ".png") continue;
    const std::string base = entry.path().string();
    ASSERT_EQ(std::system(("tesseract " + base + " " + base + " >/dev/null 2>&1").c_str()), 0);
    std::ifstream read(base + ".txt");
    text.append(std::istreambuf_iterator<char>(read), {});
  }
  const Words read = words_of(text);
  Words wanted = said();
  const auto n_found = std::count_if(wanted.begin(), wanted.end(), [&](const std::string& word) {
    return std::find(read.begin(), read.end(), word) != read.end();
  });
  EXPECT_GE(n_found * 10, static_cast<std::ptrdiff_t>(wanted.size()) * 8) << text;
}

}  // namespace
}  // namespace npuwhisper::test

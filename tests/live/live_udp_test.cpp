// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of MPEG-TS over UDP with jitter and packet loss, a sender that pauses, and a sender that
// restarts.
#include <algorithm>
#include <fstream>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "heard_audio.h"
#include "live_speech.h"
#include "tests/gst/support/caption_reader.h"
#include "udp_sender.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

constexpr int kBitRate = 500'000;

class LiveUdp : public LiveSpeech {
 protected:
  /// Writes an MPEG transport stream of a test picture (H.264) and `wav` (AAC), encoded for live
  /// use. Returns the path of the file.
  std::filesystem::path transport_stream(const std::filesystem::path& wav) {
    const std::filesystem::path path = wav.string() + ".ts";
    output_of(folder_.path(),
              "ffmpeg -nostdin -v error -i " + wav.string() +
                  " -f lavfi -i testsrc2=size=192x108:rate=25 -shortest -map 1:v -map 0:a"
                  " -c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline"
                  " -pix_fmt yuv420p -g 25 -b:v 150k -c:a aac -b:a 96k -ar 48000"
                  " -muxrate " +
                  std::to_string(kBitRate) + " -f mpegts " + path.string());
    return path;
  }

  /// Splits `stream` into two files: the part sent in the first `seconds` seconds, and the later
  /// part.
  static std::pair<std::filesystem::path, std::filesystem::path> split(
      const std::filesystem::path& stream, double seconds) {
    const std::vector<char> bytes = bytes_of(stream);
    constexpr std::ptrdiff_t kPacket = 188;
    const auto n_packets = static_cast<std::ptrdiff_t>(seconds * kBitRate / 8) / kPacket;
    const std::filesystem::path head = stream.string() + ".head";
    const std::filesystem::path tail = stream.string() + ".tail";
    const char* middle = bytes.data() + n_packets * kPacket;
    std::ofstream(head, std::ios::binary).write(bytes.data(), n_packets * kPacket);
    std::ofstream(tail, std::ios::binary).write(middle, bytes.data() + bytes.size() - middle);
    return {head, tail};
  }

  /// Plays the audio and video of `source` through npuwhisperbin, and records the text. `source` is
  /// a launch description that ends with a decoder. The decoder gets the name d.
  void play(const std::string& source) {
    pipeline_ = std::make_unique<Pipeline>(
        source + " name=d npuwhisperbin name=b " + kProperties +
        "d. ! queue ! audioconvert ! audioresample ! b.audio_sink  d. ! queue ! videoconvert ! "
        "b.video_sink  b.video_src ! fakesink name=video sync=true  "
        "b.audio_src ! fakesink name=audio sync=true");
    GstElement* whisper = pipeline_->element("npuwhisper");
    text_ = std::make_unique<Recorder>(whisper);
    heard_ = std::make_unique<HeardAudio>(whisper);
    gst_element_set_state(pipeline_->get(), GST_STATE_PLAYING);
  }

  static std::string udpsrc(int port) {
    return "udpsrc address=127.0.0.1 port=" + std::to_string(port) + " ! decodebin";
  }

  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Recorder> text_;
  std::unique_ptr<HeardAudio> heard_;
};

class LiveUdpSource : public LiveUdp, public ::testing::WithParamInterface<const char*> {
 protected:
  static std::string source_of(int port) {
    if (std::string(GetParam()) == "udpsrc") return udpsrc(port);
    return "uridecodebin uri=udp://127.0.0.1:" + std::to_string(port);
  }
};

TEST_P(LiveUdpSource, TextOfWhatArrives) {
  const auto stream = transport_stream(speech("speech.wav", {"0890", "0930"}));
  const int port = free_udp_port();
  play(source_of(port));
  UdpSender sender(stream, kBitRate, port, {});
  EXPECT_GT(sender.wait(), 0);
  EXPECT_TRUE(is_text_complete(*text_, *heard_));
  EXPECT_EQ(text_->complaint(), "");
  expect_same(offline(heard_->samples()), heard(text_->buffers()));
  ASSERT_TRUE(gst_element_send_event(pipeline_->get(), gst_event_new_eos()));
  EXPECT_TRUE(pipeline_->wait_for_eos());
  expect_no_complaints(*pipeline_);
}

// An encoder's network fails for a while. Then the encoder restarts, with timestamps from 0.
TEST_F(LiveUdp, SenderStopsAndComesBack) {
  const auto whole = transport_stream(speech("first.wav", {"0890", "0930"}));
  const auto other = transport_stream(speech("second.wav", {"0930"}));
  constexpr double kPause = 6.2;  // Start of the pause after the first recording, in seconds.
  const auto [head, tail] = split(whole, kPause);
  const int port = free_udp_port();
  play(udpsrc(port));
  std::size_t n_heard = 0;
  std::ptrdiff_t n_cues = 0;
  for (const auto& part : {head, tail, other}) {
    UdpSender(part, kBitRate, port, {.loss = 0}).wait();
    EXPECT_TRUE(is_text_complete(*text_, *heard_));
    const auto samples = heard_->samples();
    const auto cues = text_->buffers();
    expect_same(offline(std::span(samples).subspan(n_heard)),
                heard({cues.begin() + n_cues, cues.end()}));
    n_heard = samples.size();
    n_cues = std::ssize(cues);
  }
  EXPECT_EQ(text_->complaint(), "");
  ASSERT_TRUE(gst_element_send_event(pipeline_->get(), gst_event_new_eos()));
  EXPECT_TRUE(pipeline_->wait_for_eos());
  expect_no_complaints(*pipeline_);
}

INSTANTIATE_TEST_SUITE_P(Sources, LiveUdpSource, ::testing::Values("udpsrc", "uridecodebin"));

}  // namespace
}  // namespace npuwhisper::test

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/server/realtime_session.h"

#include <glib.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "realtime_protocol.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::server {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr std::int16_t kLoud = 16000;

/// Returns the event that appends audio: samples of one amplitude.
std::string append(std::chrono::milliseconds duration, std::int16_t sample) {
  const std::vector<std::int16_t> pcm(
      static_cast<std::size_t>(duration.count() * PcmResampler::kInputRate / 1000), sample);
  gchar* text = g_base64_encode(reinterpret_cast<const guchar*>(pcm.data()),
                                pcm.size() * sizeof(std::int16_t));
  std::string event =
      R"({"type": "input_audio_buffer.append", "audio": ")" + std::string(text) + R"("})";
  g_free(text);
  return event;
}

std::string update(const std::string& input) {
  return R"({"type": "session.update", "session": {"audio": {"input": {)" + input + "}}}}";
}

class RealtimeSessionTest : public ::testing::Test {
 protected:
  void begin(test::Script script = {}) {
    test::set_script(std::move(script));
    const std::vector<std::string> names = {"base", "tiny"};
    models_.emplace(*ServedModels::open(names, {}));
    auto session = RealtimeSession::create(
        *models_, models_->all().front(), {},
        [this](const std::string& event) { EXPECT_EQ(protocol_.take(event), ""); });
    ASSERT_TRUE(session);
    session_ = *std::move(session);
  }

  /// Sends events. Returns the types of the events that came back.
  std::vector<std::string> take(const std::vector<std::string>& events) {
    const std::size_t n_before = protocol_.events().size();
    for (const std::string& event : events) session_->take(event);
    return protocol_.types(n_before);
  }

  /// Returns the duration of the last completed turn in seconds.
  double last_duration() const {
    const auto& events = protocol_.events();
    const auto last = std::find_if(events.rbegin(), events.rend(),
                                   [](const Json& event) { return event.contains("usage"); });
    return last == events.rend() ? 0 : last->at("usage").at("seconds").get<double>();
  }

  test::RealtimeProtocol protocol_;
  std::optional<ServedModels> models_;
  std::unique_ptr<RealtimeSession> session_;
};

TEST_F(RealtimeSessionTest, ATurnIsTranscribedWhileItLasts) {
  begin({.texts = {" one", " two", " three"}});
  EXPECT_EQ(protocol_.types(), std::vector<std::string>{"session.created"});
  EXPECT_EQ(take({append(1000ms, 0), append(2000ms, kLoud), append(1000ms, 0)}),
            (std::vector<std::string>{"input_audio_buffer.speech_started", "delta",
                                      "input_audio_buffer.speech_stopped",
                                      "input_audio_buffer.committed", "conversation.item.added",
                                      "conversation.item.done", "delta", "completed"}));
  // The scripted transcriber decodes 1.5 s at a time.
  EXPECT_EQ(protocol_.transcripts(), std::vector<std::string>{"one two"});
  EXPECT_NEAR(protocol_.events()[1].at("audio_start_ms"), 700, 10);
  EXPECT_NEAR(protocol_.events()[3].at("audio_end_ms"), 3000, 10);
  // From 0.3 s before the speech until the end is found, 0.5 s after it.
  EXPECT_NEAR(last_duration(), 2.8, 0.04);
}

TEST_F(RealtimeSessionTest, ClientsCommitWithoutTurnDetection) {
  begin({.texts = {" one", " two"}});
  EXPECT_EQ(take({update(R"("turn_detection": null)"), append(50ms, kLoud),
                  R"({"type": "input_audio_buffer.commit"})", append(1000ms, kLoud),
                  R"({"type": "input_audio_buffer.commit"})"}),
            (std::vector<std::string>{"session.updated", "error", "input_audio_buffer.committed",
                                      "conversation.item.added", "conversation.item.done", "delta",
                                      "completed"}));
  EXPECT_EQ(protocol_.events()[2].at("error").at("code"), "input_audio_buffer_commit_empty");
  EXPECT_EQ(protocol_.transcripts(), std::vector<std::string>{"one"});
}

TEST_F(RealtimeSessionTest, ClearDiscardsAudio) {
  begin({.texts = {" one", " two"}});
  EXPECT_EQ(
      take({append(1000ms, kLoud), R"({"type": "input_audio_buffer.clear"})",
            R"({"type": "input_audio_buffer.commit"})", append(800ms, kLoud), append(1000ms, 0)}),
      (std::vector<std::string>{"input_audio_buffer.speech_started", "input_audio_buffer.cleared",
                                "error", "input_audio_buffer.speech_started",
                                "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
                                "conversation.item.added", "conversation.item.done", "delta",
                                "completed"}));
  EXPECT_NEAR(protocol_.events()[4].at("audio_start_ms"), 1000, 10);  // Not before the clear.
}

TEST_F(RealtimeSessionTest, AnUpdateOfTurnDetectionEndsTheTurn) {
  begin();
  EXPECT_EQ(take({append(1000ms, kLoud), update(R"("turn_detection": null)")}),
            (std::vector<std::string>{
                "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
                "input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
                "delta", "completed", "session.updated"}));
}

TEST_F(RealtimeSessionTest, ATurnKeepsItsLanguage) {
  begin();
  take({append(1000ms, kLoud), update(R"("transcription": {"language": "de", "prompt": "Rat"})"),
        append(1000ms, 0)});
  EXPECT_EQ(test::calls().last_options.language, "");
  take({append(1000ms, kLoud), append(1000ms, 0)});
  EXPECT_EQ(test::calls().last_options.language, "de");
  EXPECT_EQ(test::calls().last_options.initial_prompt, "Rat");
  EXPECT_EQ(protocol_.transcripts().size(), 2U);
}

TEST_F(RealtimeSessionTest, NullResetsSettings) {
  begin();
  take({update(R"("transcription": {"language": "de", "prompt": "Rat"})"),
        update(R"("transcription": {"language": null, "prompt": null},)"
               R"("noise_reduction": {"type": "near_field"})"),
        append(1000ms, kLoud), append(1000ms, 0)});
  EXPECT_EQ(test::calls().last_options.language, "");
  EXPECT_EQ(test::calls().last_options.initial_prompt, "");
  EXPECT_EQ(protocol_.events()[2].at("session").at("audio").at("input").at("noise_reduction"),
            Json());
}

TEST_F(RealtimeSessionTest, OnlyMalformedEventsAreFaultsOfTheClient) {
  begin();
  EXPECT_TRUE(session_->take(R"({"type": "input_audio_buffer.commit"})"));
  EXPECT_EQ(protocol_.types().back(), "error");
  EXPECT_FALSE(session_->take(R"({"type": "none"})"));
}

TEST_F(RealtimeSessionTest, SettlingSendsTheTextOfTheAudioSoFar) {
  begin({.texts = {" last"}});
  session_->settle();
  take({append(1000ms, kLoud)});
  EXPECT_EQ(protocol_.types().back(), "input_audio_buffer.speech_started");
  session_->settle();
  EXPECT_EQ(protocol_.types().back(), "delta");
  EXPECT_EQ(protocol_.events().back().at("delta"), "last");
}

TEST_F(RealtimeSessionTest, LongTurnsAreEnded) {
  begin();
  take({update(R"("turn_detection": null)")});
  for (int i = 0; i < 31 * 6; ++i) take({append(10000ms, kLoud)});
  ASSERT_EQ(protocol_.transcripts().size(), 1U);
  EXPECT_NEAR(last_duration(), 1800, 10);
  take({R"({"type": "input_audio_buffer.commit"})"});
  EXPECT_EQ(protocol_.transcripts().size(), 2U);
  EXPECT_NEAR(last_duration(), 60, 10);
}

TEST_F(RealtimeSessionTest, AFailureEndsOnlyTheTurn) {
  begin({.texts = {" one"}, .drain_error = Error{ErrorCode::DeviceError, "the device is gone"}});
  take({update(R"("turn_detection": null)"), append(1000ms, kLoud),
        R"({"type": "input_audio_buffer.commit"})"});
  EXPECT_EQ(protocol_.types().back(), "failed");
  EXPECT_EQ(protocol_.events().back().at("error").at("message"), "the device is gone");
  take({append(1000ms, kLoud), R"({"type": "input_audio_buffer.commit"})"});
  EXPECT_EQ(protocol_.types().back(), "failed");
}

TEST_F(RealtimeSessionTest, CancelEndsARunningTake) {
  begin({.decode_time = std::chrono::hours(1)});
  std::thread thread([this] { take({append(2500ms, kLoud), append(2500ms, kLoud)}); });
  while (test::calls().creates == 0) std::this_thread::sleep_for(1ms);
  session_->cancel();
  thread.join();
  // The session stays cancelled after a reset.
  take({R"({"type": "input_audio_buffer.clear"})", append(5000ms, kLoud)});
}

TEST_F(RealtimeSessionTest, MalformedEventsGetAnError) {
  begin();
  const std::string levels(100000, '[');
  const std::string deep = levels + std::string(levels.size(), ']');
  std::string values = "[{}";
  for (int i = 0; i < 300; ++i) values += ",{}";
  const std::array<std::pair<std::string, std::string>, 21> cases = {{
      {R"({"type": "session.update", "session": {"include": )" + values + "]}}", ""},
      {update(R"("transcription": {"prompt": ")" + std::string(4097, 'a') + R"("})"),
       "session.audio.input.transcription.prompt"},
      {"", ""},
      {"[]", ""},
      {R"({"type": 1})", "type"},
      {R"({"type": "response.create"})", "type"},
      {R"({"type": "session.update"})", "session"},
      {R"({"type": "session.update", "session": {"type": "realtime"}})", "session.type"},
      {R"({"type": "session.update", "session": {"include": ["x"]}})", "session.include"},
      {R"({"type": "session.update", "session": {"include": )" + deep + "}}", ""},
      {levels, ""},
      {R"({"type": "session.update", "session": {"audio": [1]}})", "session.audio"},
      {update(R"("format": {"type": "audio/pcmu"})"), "session.audio.input.format"},
      {update(R"("noise_reduction": {})"), "session.audio.input.noise_reduction"},
      {update(R"("transcription": {"model": "/etc"})"), "session.audio.input.transcription.model"},
      {update(R"("transcription": {"language": "xyz"})"),
       "session.audio.input.transcription.language"},
      {update(R"("transcription": {"prompt": "\u0000"})"),
       "session.audio.input.transcription.prompt"},
      {update(R"("turn_detection": {"type": "server_vad", "threshold": 1e999})"), ""},
      {update(R"("turn_detection": {"type": "server_vad", "silence_duration_ms": -1})"),
       "session.audio.input.turn_detection.silence_duration_ms"},
      {R"({"type": "input_audio_buffer.append", "audio": "AA=="})", "audio"},
      {R"({"type": "input_audio_buffer.append", "audio": "A?=="})", "audio"},
  }};
  for (const auto& [event, param] : cases) {
    SCOPED_TRACE(event.substr(0, 100));
    EXPECT_EQ(take({event}), std::vector<std::string>{"error"});
    const Json& error = protocol_.events().back().at("error");
    EXPECT_EQ(error.at("param"), param.empty() ? Json() : Json(param));
    EXPECT_LT(error.at("message").get<std::string>().size(), 300U);
  }
  take({append(1000ms, kLoud), append(1000ms, 0)});
  EXPECT_EQ(protocol_.transcripts().size(), 1U);
}

TEST_F(RealtimeSessionTest, AnErrorNamesItsEvent) {
  begin();
  take({R"({"type": "none", "event_id": "mine"})", R"({"type": "none", "event_id": 1})"});
  EXPECT_EQ(protocol_.events()[1].at("error").at("event_id"), "mine");
  EXPECT_EQ(protocol_.events()[2].at("error").at("event_id"), Json());
}

}  // namespace
}  // namespace npuwhisper::server

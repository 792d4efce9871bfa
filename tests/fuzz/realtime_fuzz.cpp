// SPDX-License-Identifier: LGPL-2.1-or-later
// An input consists of lines. A line of digits stands for audio: each digit is 100 ms, silent if
// the digit is even. The line "settle" is a while without audio. Any other line is an event of the
// client.
#include <glib.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness.h"
#include "programs/server/realtime_session.h"
#include "tests/gst/support/scripted_runtime.h"
#include "tests/programs/server/realtime_protocol.h"

namespace npuwhisper::fuzz {
namespace {

using server::PcmResampler;
using server::RealtimeSession;
using server::ServedModels;

bool is_audio(std::string_view line) {
  return !line.empty() &&
         std::ranges::all_of(line, [](char digit) { return g_ascii_isdigit(digit); });
}

std::string audio_event(std::string_view digits) {
  std::vector<std::int16_t> pcm;
  for (const char digit : digits) {
    pcm.insert(pcm.end(), PcmResampler::kInputRate / 10, digit % 2 == 0 ? 0 : 16000);
  }
  gchar* text = g_base64_encode(reinterpret_cast<const guchar*>(pcm.data()),
                                pcm.size() * sizeof(std::int16_t));
  std::string event =
      std::string(R"({"type":"input_audio_buffer.append","audio":")") + text + "\"}";
  g_free(text);
  return event;
}

const ServedModels& models() {
  static const ServedModels served = [] {
    const std::vector<std::string> names = {"base", "tiny"};
    return *ServedModels::open(names, {});
  }();
  return served;
}

/// Returns whether an error tells that a turn has too little audio.
bool is_early(const nlohmann::json& event) {
  return event.at("type") == "error" &&
         event.at("error").at("code") == "input_audio_buffer_commit_empty";
}

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  npuwhisper::test::RealtimeProtocol protocol;
  const auto session =
      RealtimeSession::create(models(), models().all().front(), {}, [&](const std::string& event) {
        const std::string problem = protocol.take(event);
        require(problem.empty(), ("a session without " + problem).c_str());
      });
  require(session.has_value(), "a session");
  constexpr std::size_t kMaxAudio = 200;  // 20 s
  std::size_t n_audio = 0;
  std::string_view rest = text_of(data, size);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t n_errors = protocol.n_errors();
    bool is_good = false;
    if (line == "settle") {
      (*session)->settle();
      is_good = true;
    } else if (!is_audio(line)) {
      is_good = (*session)->take(line);
    } else if (n_audio + line.size() <= kMaxAudio) {
      n_audio += line.size();
      is_good = (*session)->take(audio_event(line));
    } else {
      break;
    }
    const std::size_t n_new = protocol.n_errors() - n_errors;
    require(is_good ? n_new == 0 || (n_new == 1 && is_early(protocol.events().back())) : n_new == 1,
            "one error for an event that is malformed or too early");
  }
  return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_event.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "programs/common/json_line.h"

namespace npuwhisper::monitor {
namespace {

using Json = nlohmann::ordered_json;

Json words_of(const Json& object) {
  Json words = Json::array();
  for (const Json& word : object.value("words", Json::array())) {
    words.push_back(
        {{"text", word.at("word")}, {"start", word.at("start")}, {"end", word.at("end")}});
  }
  return words;
}

void map_times(Json& timed, const std::function<double(double)>& map) {
  for (const char* name : {"start", "end"}) {
    if (timed.contains(name)) timed[name] = map(timed[name].get<double>());
  }
}

}  // namespace

Result<CaptionEvent> make_caption_event(const std::string& json, const TimeMeaning& meaning) {
  try {
    const Json object = Json::parse(json);
    Json words = words_of(object);
    CaptionEvent event;
    event.final = object.at("final").get<bool>();
    Json told = {{"text", object.at("text").get<std::string>()}};
    if (!words.empty()) {
      told["start"] = words.front().at("start");
      told["end"] = words.back().at("end");
    } else if (object.contains("end")) {
      told["start"] = object.at("start");
      told["end"] = object.at("end");
    }
    if (told.contains("end")) {
      event.delay = meaning.delay(told.at("end").get<double>());
      told["delay"] = std::round(event.delay * 1e3) / 1e3;
    }
    map_times(told, meaning.stream_time);
    for (Json& word : words) map_times(word, meaning.stream_time);
    told["language"] = object.value("language", "");
    told["words"] = words;
    event.json = cli::json_line(told);
    return event;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::InvalidArgument,
                std::string("cannot read the element's JSON: ") + error.what() + ": " + json);
  }
}

}  // namespace npuwhisper::monitor

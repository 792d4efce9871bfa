// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transcript.h"

namespace npuwhisper::cli {

Result<TimedSegment> parse_segment(std::string_view json) {
  try {
    const auto object = nlohmann::json::parse(json);
    TimedSegment segment{
        .start = object.at("start").get<double>(),
        .end = object.at("end").get<double>(),
        .text = object.at("text").get<std::string>(),
        .language = object.at("language").get<std::string>(),
        .tokens = object.at("tokens").get<std::vector<Token>>(),
        .words = {},
        .average_log_probability = object.at("avg_logprob").get<double>(),
        .no_speech_probability = object.at("no_speech_prob").get<double>(),
        .temperature = object.at("temperature").get<double>(),
        .compression_ratio = object.at("compression_ratio").get<double>(),
    };
    for (const auto& word : object.at("words")) {
      segment.words.push_back({.start = word.at("start").get<double>(),
                               .end = word.at("end").get<double>(),
                               .text = word.at("word").get<std::string>(),
                               .probability = word.at("probability").get<double>()});
    }
    return segment;
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::InvalidArgument, std::string("segment: ") + error.what());
  }
}

}  // namespace npuwhisper::cli

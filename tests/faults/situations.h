// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <functional>
#include <string>

namespace npuwhisper::test {

/// What the element does while a call fails.
enum class Situation { Load, File, Live, Seek, Stop };
inline constexpr std::array kSituations = {Situation::Load, Situation::File, Situation::Live,
                                           Situation::Seek, Situation::Stop};

const char* to_string(Situation situation);

/// What became of it.
struct Outcome {
  std::string error;      ///< Of the first ERROR message; empty: none.
  bool refused = false;   ///< A state change failed, or a buffer was not taken.
  bool finished = false;  ///< EOS came out.
  std::string text;       ///< All that came out, each text with its time.
  std::string again;  ///< The text of a stream that the same element got after NULL; or its error.
};

/// What the element is told.
struct Setting {
  std::string model;  ///< A folder.
  std::string device = "cpu";
};

/// Plays to an `npuwhisper` of this process. `begin` is called where the situation begins, `end`
/// where it is over. May hang where the element does.
Outcome run_situation(Situation situation, const Setting& setting,
                      const std::function<void()>& begin, const std::function<void()>& end);

}  // namespace npuwhisper::test

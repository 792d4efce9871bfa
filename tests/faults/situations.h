// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <functional>
#include <string>

namespace npuwhisper::test {

/// The element's activity while a call fails.
enum class Situation { Load, File, Live, Seek, Stop };
inline constexpr std::array kSituations = {Situation::Load, Situation::File, Situation::Live,
                                           Situation::Seek, Situation::Stop};

const char* to_string(Situation situation);

/// The result of a situation.
struct Outcome {
  std::string error;      ///< Text of the first ERROR message; empty: none.
  bool refused = false;   ///< A state change failed, or a buffer was rejected.
  bool finished = false;  ///< EOS left the element.
  std::string text;       ///< All output text, each piece with its time.
  std::string again;      ///< Text or error of a second stream, played after a return to NULL.
};

/// Settings of the element.
struct Setting {
  std::string model;  ///< Path of the model folder.
  std::string device = "cpu";
};

/// Plays audio to an `npuwhisper` in this process. Calls `begin` at the start of the situation and
/// `end` at its end. Does not return if the element hangs.
Outcome run_situation(Situation situation, const Setting& setting,
                      const std::function<void()>& begin, const std::function<void()>& end);

}  // namespace npuwhisper::test

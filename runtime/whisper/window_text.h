// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>
#include <npuwhisper/transcriber.h>

#include "engine/token_decoder.h"
#include "model/config.h"
#include "model/tokenizer.h"
#include "whisper/decoding.h"
#include "whisper/heard_audio.h"
#include "whisper/segments.h"
#include "whisper/word_timing.h"

namespace npuwhisper {

/// Makes the segments of decoded windows: splits the tokens at their timestamps, times the words if
/// options.word_times is set, and drops segments without text or, with a detector, without speech
/// near them. Adds times and counts to `stats`. Reentrant.
class WindowText {
 public:
  /// The arguments must outlive this object.
  WindowText(const Tokenizer& tokenizer, const ModelConfig& config,
             const TranscriberOptions& options, const HeardAudio& audio, TranscriberStats& stats);

  struct Window {
    TokenDecoder& decoder;  ///< Holds the encoded window.
    WindowPosition position;
    int last_advance;            ///< Advance of the window before this window, in mel frames.
    std::string_view language;   ///< Code of the language.
    std::span<const float> pcm;  ///< The window's samples. Used only for word times.
  };
  /// Replaces `segments` by those of the window. Returns the number of frames until the next window
  /// begins, which is the result of split_window() with one exception. If a detector finds at least
  /// a second of voice after the text, the next window begins at the end of the text, unless both
  /// this text and the last advance are shorter than two seconds. Errors: those of
  /// WordTimer::add_words().
  Result<int> make_segments(const DecodedWindow& heard, const Window& window,
                            std::vector<Segment>& segments);
  /// Starts a new stream: the times of later words do not depend on earlier words.
  void reset();

 private:
  int keep_unheard(const Window& window, std::span<const Segment> segments, int n_done) const;
  Result<void> add_words(const Window& window, std::vector<Segment>& segments);
  void drop_unspoken(std::vector<Segment>& segments);

  const Tokenizer& tokenizer_;
  const TranscriberOptions& options_;
  const HeardAudio& audio_;
  TranscriberStats& stats_;
  std::optional<WordTimer> word_timer_;
};

}  // namespace npuwhisper

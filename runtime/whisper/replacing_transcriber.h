// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/transcriber.h>

#include "whisper/replacement_list.h"
#include "whisper/wrapped_transcriber.h"

namespace npuwhisper {

/// Wraps a transcriber and replaces phrases in the texts of its segments, words and drafts. Does
/// not change tokens. Not live: replaces phrases within each segment. Live: the segments of the
/// wrapped transcriber must have words. Words that may begin a phrase wait for the words after
/// them, until settle() or drain(). With Pace::RealTime, such a word waits at most until half the
/// latency has passed since its end, so that even the longest pass returns before the word's
/// deadline. With Pace::Audio, it waits until the whole latency has passed, rounded up to 20 ms
/// of the stream's audio. push() then gives the wrapped transcriber at most 20 ms at a time, so the
/// text does not depend on the sizes of the pushes. Reentrant, like Transcriber.
class ReplacingTranscriber final : public WrappedTranscriber {
 public:
  /// `options`: those of the wrapped transcriber, but word_times says whether the returned segments
  /// have words.
  ReplacingTranscriber(std::unique_ptr<Transcriber> transcriber, ReplacementList list,
                       const TranscriberOptions& options);

  Result<std::vector<Segment>> push(std::span<const float> pcm) override;
  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) override;
  Result<std::vector<Segment>> settle() override;
  Result<std::vector<Segment>> drain() override;
  void reset() override;
  std::int64_t position() const override;
  std::vector<Word> draft() const override;

 private:
  template <typename Sample>
  Result<std::vector<Segment>> push_samples(std::span<const Sample> pcm);
  Result<std::vector<Segment>> finish(Result<std::vector<Segment>> segments);
  std::int64_t longest_piece() const;
  std::int64_t due() const;
  void release(std::int64_t due, std::vector<Segment>& out);
  void replace(Segment& segment) const;

  const ReplacementList list_;
  const bool is_live_;
  const bool word_times_;
  const bool is_in_steps_;           // live with Pace::Audio
  const std::int64_t longest_wait_;  // samples between a word's end and its release
  const std::function<std::int64_t()> samples_waiting_;
  std::int64_t n_samples_ = 0;    // samples pushed
  std::vector<Segment> waiting_;  // live segments that were not returned yet, as recognised
};

}  // namespace npuwhisper

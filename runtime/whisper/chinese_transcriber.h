// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <npuwhisper/transcriber.h>

#include "whisper/chinese_converter.h"
#include "whisper/wrapped_transcriber.h"

namespace npuwhisper {

/// Wraps a transcriber and converts the Chinese texts (languages "zh" and "yue") of its segments,
/// words and drafts to one script. Tokens are not changed. Each text is converted with the text
/// before it as context, because a live segment holds only a word or two. Reentrant, like
/// Transcriber.
class ChineseTranscriber final : public WrappedTranscriber {
 public:
  ChineseTranscriber(std::unique_ptr<Transcriber> transcriber,
                     std::unique_ptr<ChineseConverter> converter);

  Result<std::vector<Segment>> push(std::span<const float> pcm) override;
  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) override;
  Result<std::vector<Segment>> settle() override;
  Result<std::vector<Segment>> drain() override;
  void reset() override;
  std::vector<Word> draft() const override;

 private:
  Result<std::vector<Segment>> convert(Result<std::vector<Segment>> segments);
  void convert(Segment& segment);

  const std::unique_ptr<ChineseConverter> converter_;
  std::string context_;  // the end of the Chinese text so far, before conversion
};

}  // namespace npuwhisper

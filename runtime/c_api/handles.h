// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <npuwhisper/c_api.h>
#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>
#include <npuwhisper/transcriber.h>

// The types that npuwhisper/c_api.h declares. Programs in C see only pointers to them, so members
// may be added.

struct npuwhisper_error {
  npuwhisper::Error error;
};

struct npuwhisper_options {
  npuwhisper::EngineOptions engine;
  npuwhisper::TranscriberOptions transcriber;
};

struct npuwhisper_engine {
  std::shared_ptr<npuwhisper::Engine> engine;
};

struct npuwhisper_word {
  npuwhisper::Word word;
};

struct npuwhisper_words {
  std::vector<npuwhisper_word> list;
};

struct npuwhisper_segment {
  npuwhisper::Segment segment;  ///< The segment without its words, which are in `words`.
  npuwhisper_words words;
};

struct npuwhisper_segments {
  std::vector<npuwhisper_segment> list;
};

struct npuwhisper_transcriber {
  std::unique_ptr<npuwhisper::Transcriber> transcriber;
};

namespace npuwhisper {

/// Moves words into the type of the C interface. Throws std::bad_alloc.
npuwhisper_words wrap(std::vector<Word> words);
/// Moves a segment into the type of the C interface. Throws std::bad_alloc.
npuwhisper_segment wrap(Segment segment);
/// Moves segments into the type of the C interface. Throws std::bad_alloc.
npuwhisper_segments wrap(std::vector<Segment> segments);

}  // namespace npuwhisper

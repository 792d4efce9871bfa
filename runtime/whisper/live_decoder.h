// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "engine/token_decoder.h"
#include "model/config.h"
#include "model/tokenizer.h"
#include "whisper/greedy_hotwords.h"
#include "whisper/hotword_tree.h"
#include "whisper/logit_rules.h"
#include "whisper/prompt.h"

namespace npuwhisper {

/// The input of a live pass.
struct LivePass {
  Prompt::View prompt;
  std::span<const Token> committed;  ///< Final text of this window.
  std::span<const Token> draft;      ///< Expected text after `committed`, from the previous pass.
  bool must_speak = false;           ///< Whether the text after `committed` must have a word.
  int max_new = 0;                   ///< Limit on tokens after `committed`; at least 1.
};

/// The result of a live pass.
struct LiveHearing {
  std::vector<Token> tokens;  ///< Text after `committed`.
  bool was_forced = false;    ///< Whether the model would have ended the text without must_speak.
  float no_speech_probability = 0;
  /// Sum of the log probabilities of `tokens` and of the next token, if a next token was decoded,
  /// divided by tokens.size() + 1.
  float average_log_probability = 0;
};

/// Greedily decodes a window that has grown since its last decoding. One batched pass checks the
/// draft and accepts its tokens up to the first one that greedy search would not choose. From that
/// position on, decoding continues token by token. Therefore the text is exactly that of greedy
/// search after `committed`, with the hotwords of the options (GreedyHotwords). The text has no
/// timestamps, because words are timed by alignment. The class adds times and counts to `stats`.
/// Allocates nothing after construction. Reentrant.
class LiveDecoder {
 public:
  /// The arguments must outlive this object. `hotwords`: the tree of options.hotwords; null if
  /// there are none.
  LiveDecoder(const Tokenizer& tokenizer, const ModelConfig& config,
              const TranscriberOptions& options, TokenDecoder& decoder, TranscriberStats& stats,
              const HotwordTree* hotwords);

  /// Decodes the window that the decoder encoded last. The result is valid until the next call.
  /// Errors: those of the decoder; InvalidArgument if prompt and committed text exceed the
  /// decoder's maximum length; DeviceError if the decoder's logits are not finite.
  Result<const LiveHearing*> decode(const LivePass& pass);

 private:
  Result<std::span<float>> check_draft(const LivePass& pass, std::size_t n_draft);
  Result<void> go_on(const LivePass& pass, std::size_t n_draft, std::span<float> logits);

  const Tokenizer& tokenizer_;
  TokenDecoder& decoder_;
  TranscriberStats& stats_;
  const LogitRules rules_;
  std::optional<GreedyHotwords> hotwords_;  // empty without hotwords
  std::vector<Token> tokens_;               // prompt, committed text and draft
  std::vector<int> positions_;              // positions in tokens_ whose logits are needed
  LiveHearing hearing_;
};

}  // namespace npuwhisper

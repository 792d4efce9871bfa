// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "model/config.h"
#include "model/tokenizer.h"
#include "whisper/logit_rules.h"
#include "whisper/prompt.h"
#include "whisper/token_decoder.h"

namespace npuwhisper {

/// What a live pass is to continue.
struct LivePass {
  Prompt::View prompt;
  std::span<const Token> committed;  ///< Text of this window that stands.
  std::span<const Token> draft;      ///< What the pass before expected to follow.
  bool must_speak = false;           ///< The text after `committed` has at least one word.
  int max_new = 0;                   ///< Most tokens after `committed`; at least 1.
};

/// What a live pass heard.
struct LiveHearing {
  std::vector<Token> tokens;  ///< Text after `committed`.
  bool was_forced = false;    ///< LivePass::must_speak changed the text: the model chose its end.
  float no_speech_probability = 0;
  float average_log_probability = 0;  ///< Of `tokens` and what ended them.
};

/// Greedy decoding of a window that was decoded before, when it was shorter. The draft is checked
/// in one batched pass: as long as each token is the one that greedy search would choose now, it
/// is taken over; from the first that differs on, decoding goes on token by token. So the text is
/// exactly that of greedy search after `committed`. No timestamps: words are timed by alignment.
/// Times and counts are added to `stats`. Allocates nothing after construction. Reentrant.
class LiveDecoder {
 public:
  /// The arguments must outlive this object.
  LiveDecoder(const Tokenizer& tokenizer, const ModelConfig& config,
              const TranscriberOptions& options, TokenDecoder& decoder, TranscriberStats& stats);

  /// Errors: those of the decoder; DeviceError if it gives no number. The result lives until the
  /// next call.
  Result<const LiveHearing*> decode(const LivePass& pass);

 private:
  Result<std::span<float>> check_draft(const LivePass& pass, std::size_t n_draft);
  Result<void> go_on(const LivePass& pass, std::size_t n_draft, std::span<float> logits);

  const Tokenizer& tokenizer_;
  TokenDecoder& decoder_;
  TranscriberStats& stats_;
  const LogitRules rules_;
  std::vector<Token> tokens_;   // prompt, committed, draft
  std::vector<int> positions_;  // of which logits are wanted
  LiveHearing hearing_;
};

}  // namespace npuwhisper

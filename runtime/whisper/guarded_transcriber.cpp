// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/guarded_transcriber.h"

#include <utility>

#include <npuwhisper/guarded.h>

namespace npuwhisper {

template <typename Call>
auto GuardedTranscriber::call(Call&& call) const -> decltype(call()) {
  return guarded("transcriber", [&]() -> decltype(call()) {
    if (std::exchange(broken_, true)) {
      return fail(ErrorCode::Unavailable,
                  "transcriber: an earlier call failed; call reset() first");
    }
    auto result = call();
    broken_ = false;
    return result;
  });
}

Result<std::vector<Segment>> GuardedTranscriber::push(std::span<const float> pcm) {
  return call([&] { return transcriber_->push(pcm); });
}

Result<std::vector<Segment>> GuardedTranscriber::push(std::span<const std::int16_t> pcm) {
  return call([&] { return transcriber_->push(pcm); });
}

Result<std::vector<Segment>> GuardedTranscriber::settle() {
  return call([&] { return transcriber_->settle(); });
}

Result<std::vector<Segment>> GuardedTranscriber::drain() {
  return call([&] { return transcriber_->drain(); });
}

void GuardedTranscriber::reset() {
  broken_ = false;
  const Result<void> done = call([&]() -> Result<void> {
    transcriber_->reset();
    return {};
  });
  static_cast<void>(done);  // If reset() failed, the next call returns an Error.
}

std::vector<Word> GuardedTranscriber::draft() const {
  auto words = call([&]() -> Result<std::vector<Word>> { return transcriber_->draft(); });
  return words ? std::move(*words) : std::vector<Word>();
}

}  // namespace npuwhisper

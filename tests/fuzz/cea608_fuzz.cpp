// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is a layout and a sequence of calls to the CEA-608 encoder. A receiver reads the
// encoder's byte pairs.
#include <optional>
#include <string>

#include "../../gst/cea608/caption_encoder.h"
#include "decisions.h"
#include "gst/cea608/markup_text.h"
#include "harness.h"
#include "tests/gst/cea608/cea608_receiver.h"

namespace npuwhisper::fuzz {
namespace {

using cea608::CaptionEncoder;
using cea608::Layout;

constexpr std::size_t kMaxText = 600;
/// Maximum number of slots until the encoder is idle. The encoder keeps at most 2048 columns of
/// text, and each column takes a few slots.
constexpr int kMostSlotsToIdle = 20000;

Layout layout_of(Decisions& input) {
  return {.mode = static_cast<cea608::Mode>(input.choice(5)),
          .origin_row = static_cast<int>(input.between(-1, 14)),
          .origin_column = static_cast<int>(input.between(0, 31))};
}

class Session {
 public:
  explicit Session(Decisions& input) : encoder_(layout_of(input)) {
    encoder_.set_slots_per_second(static_cast<std::uint64_t>(input.between(24, 30)));
  }

  void step(Decisions& input) {
    switch (input.choice(8)) {
      case 0:
        return encoder_.set_layout(layout_of(input));
      case 1:
        return encoder_.set_timeout(input.byte());
      case 2:
        return encoder_.reset();
      case 3:
        return send(input.byte() * 4);
      case 4:
        return send(1);
      default:
        return add(input);
    }
  }

  void finish() {
    if (has_endless_) encoder_.reset();
    encoder_.finish();
    for (int i = 0; i < kMostSlotsToIdle && !encoder_.idle(); ++i) send(1);
    require(encoder_.idle(), "an encoder that becomes idle");
  }

 private:
  void add(Decisions& input) {
    std::string text = input.text(kMaxText);
    if (input.yes()) text = markup_text(text);
    const std::uint64_t wait = input.byte();
    std::optional<std::uint64_t> duration;
    if (input.yes()) {
      const bool is_endless = input.yes();
      has_endless_ = has_endless_ || is_endless;
      duration = is_endless ? input.word() : input.byte();
    }
    encoder_.add(text, wait, duration);
  }

  void send(int n_slots) {
    for (int i = 0; i < n_slots; ++i) {
      const cea608::BytePair pair = encoder_.next();
      receiver_.feed(pair.first, pair.second);
    }
    if (!receiver_.complaint().empty()) {
      std::fprintf(stderr, "the receiver complains: %s\n", receiver_.complaint().c_str());
    }
    require(receiver_.complaint().empty(), "pairs that a receiver understands");
  }

  CaptionEncoder encoder_;
  test::Cea608Receiver receiver_;
  bool has_endless_ = false;  ///< Some text may stay longer than the harness waits.
};

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  Decisions input(data, size);
  Session session(input);
  while (!input.done()) session.step(input);
  session.finish();
  return 0;
}

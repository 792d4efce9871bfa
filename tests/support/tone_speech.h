// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace npuwhisper::test {

/// Speech in a toy language that can be generated and recognised exactly. A word is a tone in one
/// of the bands of the mel bank, surrounded by silence.
namespace tones {
inline constexpr int kFirstBand = 10;  ///< Band of word 0, an index among 80 bands.
inline constexpr int kBandStep = 4;
inline constexpr int kMostWords = 16;
inline constexpr double kWordSeconds = 0.26;
inline constexpr double kAmplitude = 0.5;
/// Returns the frequency of `word`, 0 to kMostWords - 1, in Hz.
double frequency(int word);
}  // namespace tones

struct ToneWord {
  int word = 0;
  std::int64_t start = 0;  ///< Start of the word, in samples since the speaker began.
  std::int64_t end = 0;    ///< End of the word, in samples since the speaker began.
};

/// Speaks the toy language at random: sentences with pauses between them, and occasionally a long
/// silence. The seed determines everything. Reentrant.
class ToneSpeaker {
 public:
  ToneSpeaker(int n_words, std::uint64_t seed) : n_words_(n_words), random_(seed) {}

  /// Writes the next `pcm.size()` samples. Adds the words that begin in these samples to `said`.
  void speak(std::span<float> pcm, std::vector<ToneWord>& said);

 private:
  void think();

  const int n_words_;
  std::mt19937_64 random_;
  std::int64_t position_ = 0;
  ToneWord now_{0, -1, -1};
  int left_in_sentence_ = 0;
};

}  // namespace npuwhisper::test

// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace npuwhisper::test {

/// Speech of a toy language, which can be made and understood exactly: a word is a tone, in one of
/// the bands of the mel bank, with silence around it.
namespace tones {
inline constexpr int kFirstBand = 10;  ///< Of 80.
inline constexpr int kBandStep = 4;
inline constexpr int kMostWords = 16;
inline constexpr double kWordSeconds = 0.26;
inline constexpr double kAmplitude = 0.5;
/// Of word `word`, 0 to kMostWords - 1.
double frequency(int word);
}  // namespace tones

struct ToneWord {
  int word = 0;
  std::int64_t start = 0;  ///< Samples since the speaker began.
  std::int64_t end = 0;
};

/// Somebody who speaks that language at random: sentences with pauses between them, and now and
/// then a long silence. Everything follows from the seed. Reentrant.
class ToneSpeaker {
 public:
  ToneSpeaker(int n_words, std::uint64_t seed) : n_words_(n_words), random_(seed) {}

  /// The next `pcm.size()` samples. Words that begin in them are added to `said`.
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

// SPDX-License-Identifier: LGPL-2.1-or-later

// Computes the log-mel spectrogram of samples on stdin and measures the time, for tests/bench/fft.
//
// usage: log_mel_LIBRARY FILE ROUNDS <SAMPLES
//   SAMPLES  16-bit samples in this machine's byte order, 16 kHz, mono
//   FILE     receives 80 mel bins a frame as 32-bit floats, normalised in one window
//
// Writes the shortest time of ROUNDS rounds to stdout, in seconds.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audio/mel_frontend.h"

namespace npuwhisper {
namespace {

constexpr int kMels = 80;

int complain(const std::string& message) {
  std::cerr << "log_mel: " << message << std::endl;
  return 1;
}

int run(std::span<char*> arguments) {
  int n_rounds = 0;
  if (arguments.size() == 3) {
    const std::string text = arguments[2];
    std::from_chars(text.data(), text.data() + text.size(), n_rounds);
  }
  if (n_rounds < 1) return complain("wanted FILE and ROUNDS, at least 1");

  const std::string bytes{std::istreambuf_iterator<char>(std::cin), {}};
  std::vector<std::int16_t> pcm(bytes.size() / sizeof(std::int16_t));
  std::copy_n(bytes.data(), pcm.size() * sizeof(std::int16_t), reinterpret_cast<char*>(pcm.data()));
  const int n_frames = static_cast<int>(pcm.size()) / kHop;
  auto mel = MelFrontend::create(kMels, n_frames);
  if (!mel) return complain(mel.error().message);

  std::vector<float> values(static_cast<std::size_t>(n_frames) * kMels);
  std::chrono::duration<double> shortest = std::chrono::hours(1);
  for (int round = 0; round < n_rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    (*mel)->reset();
    (*mel)->push(std::span<const std::int16_t>(pcm));
    (*mel)->finish();
    (*mel)->window(0, n_frames, n_frames, values).value();
    shortest =
        std::min<std::chrono::duration<double>>(shortest, std::chrono::steady_clock::now() - start);
  }

  std::ofstream file(arguments[1], std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!file.flush()) return complain(std::string("cannot write ") + arguments[1]);
  std::cout << shortest.count() << std::endl;
  return 0;
}

}  // namespace
}  // namespace npuwhisper

int main(int argc, char** argv) {
  return npuwhisper::run({argv, static_cast<std::size_t>(argc)});
}

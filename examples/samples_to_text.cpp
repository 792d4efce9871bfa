// SPDX-License-Identifier: LGPL-2.1-or-later

// Prints the text of speech, without GStreamer. Build it with
//     g++ -std=c++20 samples_to_text.cpp $(pkg-config --cflags --libs npuwhisper)
// usage: samples_to_text MODEL <SAMPLES   (16-bit samples of this machine's byte order, 16 kHz,
// mono)

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include <cstdint>
#include <iostream>
#include <span>
#include <vector>

namespace {

int report(const npuwhisper::Error& error) {
  std::cerr << "samples_to_text: " << error.message << '\n';
  return 1;
}

void print(const std::vector<npuwhisper::Segment>& segments) {
  for (const auto& segment : segments) std::cout << segment.text << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const auto engine = npuwhisper::Engine::open({.model = argc > 1 ? argv[1] : "base"});
  if (!engine) return report(engine.error());
  npuwhisper::TranscriberOptions options;
  options.language = "en";
  const auto transcriber = npuwhisper::Transcriber::create(*engine, options);
  if (!transcriber) return report(transcriber.error());

  std::vector<std::int16_t> second(16000);  // push() accepts any length of audio.
  while (std::cin.read(reinterpret_cast<char*>(second.data()), 2 * std::ssize(second)) ||
         std::cin.gcount() > 0) {
    const std::span<const std::int16_t> samples(second.data(), std::cin.gcount() / 2);
    const auto segments = (*transcriber)->push(samples);
    if (!segments) return report(segments.error());
    print(*segments);
  }
  const auto segments = (*transcriber)->drain();
  if (!segments) return report(segments.error());
  print(*segments);
}

// SPDX-License-Identifier: LGPL-2.1-or-later

// A user of the installed library, for install_test.py: transcribes 16-bit samples from stdin.
// usage: app MODEL <SAMPLES

#include <cstdint>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

int main(int, char** argv) {
  const std::string bytes{std::istreambuf_iterator<char>(std::cin), {}};
  std::vector<std::int16_t> pcm(bytes.size() / 2);
  bytes.copy(reinterpret_cast<char*>(pcm.data()), 2 * pcm.size());
  const auto engine = npuwhisper::Engine::open({.model = argv[1]});
  const auto transcriber = npuwhisper::Transcriber::create(engine.value(), {.language = "en"});
  auto segments = (*transcriber)->push(std::span<const std::int16_t>(pcm)).value();
  const auto last = (*transcriber)->drain().value();
  segments.insert(segments.end(), last.begin(), last.end());
  for (const auto& segment : segments) std::cout << segment.text << '\n';
}

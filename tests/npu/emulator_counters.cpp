// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator_counters.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

namespace npuwhisper::test {

nlohmann::json emulator_counters() {
  // The library that npuwhisper-emulate preloads exports this function.
  auto* const read = reinterpret_cast<std::size_t (*)(char*, std::size_t)>(
      dlsym(RTLD_DEFAULT, "npuwhisper_emulator_statistics"));
  if (read == nullptr) {
    ADD_FAILURE() << "this program does not run under npuwhisper-emulate";
    return {};
  }
  std::string text(read(nullptr, 0), '\0');
  read(text.data(), text.size() + 1);
  return nlohmann::json::parse(text);
}

long long growth(const nlohmann::json& before, const nlohmann::json& after, const char* part,
                 const char* name) {
  return after.at(part).at(name).get<long long>() - before.at(part).at(name).get<long long>();
}

}  // namespace npuwhisper::test

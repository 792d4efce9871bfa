// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/statistics.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace npuwhisper::emu {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> names(const Json& object) {
  std::vector<std::string> found;
  for (const auto& member : object.items()) found.push_back(member.key());
  return found;
}

TEST(Statistics, JsonHasTheCountersInTheOrderOfTheStructures) {
  const Json all = Json::parse(Statistics("NPU \"test\"").json());
  EXPECT_EQ(names(all), (std::vector<std::string>{"device", "emulated", "driver", "array"}));
  EXPECT_EQ(all.at("device"), "NPU \"test\"");
  EXPECT_EQ(all.at("emulated"), true);
  EXPECT_EQ(names(all.at("driver")),
            (std::vector<std::string>{"n_buffers", "buffer_bytes", "n_contexts", "n_loads",
                                      "n_submissions", "n_chains", "n_runs", "n_failed_runs",
                                      "n_syncs_to_device", "n_syncs_from_device", "bytes_to_device",
                                      "bytes_from_device"}));
  EXPECT_EQ(names(all.at("array")),
            (std::vector<std::string>{"n_runs", "n_instructions", "n_syncs", "n_descriptors",
                                      "bytes_from_host", "bytes_to_host", "multiply_accumulates",
                                      "n_kernel_calls", "core_busy_cycles", "core_stall_cycles",
                                      "seconds"}));
}

TEST(Statistics, JsonHasTheGrowthOfEachArray) {
  Statistics statistics("npu1");
  statistics.count(
      [](DriverCounters& counters) { counters.buffer_bytes = std::uint64_t{1} << 40; });
  Counters before, after;
  before.n_runs = 2;
  after.n_runs = 5;
  after.seconds = 0.0125;
  statistics.add_array(before, after);
  statistics.add_array(before, after);
  const Json all = Json::parse(statistics.json());
  EXPECT_EQ(all.at("driver").at("buffer_bytes"), std::uint64_t{1} << 40);
  EXPECT_EQ(all.at("array").at("n_runs"), 6);
  EXPECT_EQ(all.at("array").at("seconds"), 0.025);
}

}  // namespace
}  // namespace npuwhisper::emu

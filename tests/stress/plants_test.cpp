// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks that the stress test finds planted faults.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace npuwhisper::stress {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  int status = 0;  ///< Exit status of the shell, or 128 plus the signal that ended it.
  std::string output;
};

Outcome run(const std::string& arguments) {
  const std::string command =
      std::string("ulimit -c 0; ") + std::getenv("NPUWHISPER_STRESS") + " " + arguments + " 2>&1";
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> piece{};
  while (const std::size_t n = fread(piece.data(), 1, piece.size(), pipe)) {
    outcome.output.append(piece.data(), n);
  }
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

TEST(Plants, CriticalEndsTheProgramWithItsLastOperations) {
  const Outcome outcome = run("--seconds 1 --plant critical");
  EXPECT_GE(outcome.status, 128) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("--seed 1"));
  EXPECT_THAT(outcome.output, HasSubstr("gst_object_unref"));
  EXPECT_THAT(outcome.output, HasSubstr("make the pipelines"));
}

TEST(Plants, LeakIsNamed) {
  const Outcome outcome = run("--seconds 1 --plant leak");
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("GstEvent with 1 references: eos event"));
}

TEST(Plants, HangIsNamed) {
  const Outcome outcome = run("--seconds 1 --hang-after 5 --plant hang");
  EXPECT_GE(outcome.status, 128) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("RUNS: planted hang"));
  EXPECT_THAT(outcome.output, HasSubstr("nanosleep"));
}

TEST(Plants, DescriptorsThatGrowAreFound) {
  const Outcome outcome = run("--seconds 1 --plant descriptor");
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("FAILED: grown"));
}

}  // namespace
}  // namespace npuwhisper::stress

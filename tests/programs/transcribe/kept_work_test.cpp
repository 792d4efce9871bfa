// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/kept_work.h"

#include <gtest/gtest.h>

namespace npuwhisper::cli {
namespace {

using Kind = WorkState::Kind;
using Lines = std::vector<std::string>;

std::vector<Input> inputs(std::size_t n) {
  std::vector<Input> made;
  for (std::size_t i = 0; i < n; ++i) made.push_back(*parse_input(std::string(1, 'a' + char(i))));
  return made;
}

TEST(KeptWork, TellsWhatIsCompletePartialAndNotStarted) {
  const std::vector<TextPaths> paths = {{"o/a.srt", ""}, {"o/b.srt", ""}, {"o/c.srt"}, {"o/d.srt"}};
  const std::vector<WorkState> states = {
      {Kind::Complete}, {Kind::Failed}, {Kind::Partial, 83.5}, {Kind::NotStarted}};
  EXPECT_EQ(describe_kept_work(inputs(4), paths, states),
            (Lines{"complete: a in o/a.srt and on stdout",
                   "partial: c in o/c.srt, text up to 01:23", "not started: d"}));
}

TEST(KeptWork, NamesStdoutAndTextThatIsMissing) {
  const std::vector<TextPaths> paths(2, {""});
  const std::vector<WorkState> states = {{Kind::Complete}, {Kind::Partial}};
  EXPECT_EQ(describe_kept_work(inputs(2), paths, states),
            (Lines{"complete: a on stdout", "partial: b on stdout, no text yet"}));
}

TEST(KeptWork, CountsManyInputs) {
  const std::vector<TextPaths> paths(8, {""});
  const std::vector<WorkState> states(8);
  EXPECT_EQ(describe_kept_work(inputs(8), paths, states),
            (Lines{"not started: a, b, c, d, e and 3 more"}));
}

}  // namespace
}  // namespace npuwhisper::cli

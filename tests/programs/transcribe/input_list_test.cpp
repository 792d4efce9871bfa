// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/input_list.h"

#include <gtest/gtest.h>

#include "temporary_folder.h"

namespace npuwhisper::cli {
namespace {

class InputListTest : public testing::Test {
 protected:
  /// Returns a list with this content.
  InputList list(const std::string& content) {
    const auto path = folder_.path() / "list";
    std::ofstream(path, std::ios::binary) << content;
    return *InputList::open(path.string());
  }

  test::TemporaryFolder folder_;
};

TEST_F(InputListTest, ReturnsEachLineThatIsNotEmpty) {
  InputList names = list("a.wav\n\n b.wav \nlast");
  EXPECT_EQ(**names.next(), "a.wav");
  EXPECT_EQ(**names.next(), " b.wav ");
  EXPECT_EQ(**names.next(), "last");
  EXPECT_EQ(*names.next(), std::nullopt);
}

TEST_F(InputListTest, LimitsTheLengthOfANameButNotOfTheList) {
  const std::string longest(InputList::kMostBytes, 'a');
  InputList names = list(longest + '\n' + longest + '\n' + longest + "a\n");
  EXPECT_EQ(**names.next(), longest);
  EXPECT_EQ(**names.next(), longest);
  const auto name = names.next();
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().code, ErrorCode::InvalidArgument);
}

TEST_F(InputListTest, NeedsAFileThatCanBeRead) {
  const auto missing = InputList::open((folder_.path() / "missing").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_NE(missing.error().message.find("missing: No such file"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::cli

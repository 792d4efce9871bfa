// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/common/program_options.h"

#include <gtest/gtest.h>

namespace npuwhisper::cli {
namespace {

class ProgramOptionsTest : public ::testing::Test {
 protected:
  ProgramOptionsTest() {
    options_.add("text", text_, "", "TEXT", 't');
    options_.add("maybe", maybe_, "", "TEXT");
    options_.add("number", number_, "");
    options_.add("perhaps", perhaps_, "");
    options_.add("large", large_, "");
    options_.add("real", real_, "");
    options_.add("flag", flag_, "");
    options_.add("set", settings_, "");
    options_.add_rest(rest_);
  }

  Result<void> parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "program");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    return options_.parse(static_cast<int>(arguments.size()), argv.data());
  }
  void expect_error(std::vector<std::string> arguments, const std::string& told) {
    const auto parsed = parse(std::move(arguments));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(parsed.error().message.find(told), std::string::npos) << parsed.error().message;
  }

  ProgramOptions options_{"REST", "A test."};
  std::string text_ = "default";
  std::optional<std::string> maybe_;
  int number_ = 7;
  std::optional<int> perhaps_;
  std::int64_t large_ = 8;
  double real_ = 0.5;
  bool flag_ = false;
  std::vector<Setting> settings_;
  std::vector<std::string> rest_;
};

TEST_F(ProgramOptionsTest, KeepsWhatIsNotGiven) {
  ASSERT_TRUE(parse({}));
  EXPECT_EQ(text_, "default");
  EXPECT_EQ(maybe_, std::nullopt);
  EXPECT_EQ(number_, 7);
  EXPECT_EQ(perhaps_, std::nullopt);
  EXPECT_EQ(large_, 8);
  EXPECT_EQ(real_, 0.5);
  EXPECT_FALSE(flag_);
  EXPECT_TRUE(settings_.empty());
  EXPECT_TRUE(rest_.empty());
}

TEST_F(ProgramOptionsTest, TakesWhatIsGiven) {
  // The value of --text is not UTF-8. It is accepted, because a file name need not be UTF-8.
  ASSERT_TRUE(parse({"one", "--text", "a\xff", "--maybe=", "--number=-3", "--perhaps=-4", "--large",
                     "5000000000", "--real", "1.5", "--flag", "--set", "a=b=c", "--set=d=", "--",
                     "--two"}));
  EXPECT_EQ(text_, "a\xff");
  EXPECT_EQ(maybe_, "");
  EXPECT_EQ(number_, -3);
  EXPECT_EQ(perhaps_, -4);
  EXPECT_EQ(large_, 5'000'000'000);
  EXPECT_EQ(real_, 1.5);
  EXPECT_TRUE(flag_);
  EXPECT_EQ(settings_, (std::vector<Setting>{{"a", "b=c"}, {"d", ""}}));
  EXPECT_EQ(rest_, (std::vector<std::string>{"one", "--two"}));
}

TEST_F(ProgramOptionsTest, TakesOneLetterForAName) {
  ASSERT_TRUE(parse({"-t", "short"}));
  EXPECT_EQ(text_, "short");
}

TEST_F(ProgramOptionsTest, NamesMistakes) {
  expect_error({"--nonsense"}, "--nonsense");
}

TEST_F(ProgramOptionsTest, NamesTextThatIsNoNumber) {
  expect_error({"--number", "many"}, "many");
}

TEST_F(ProgramOptionsTest, NamesTextThatIsNoWholeNumber) {
  expect_error({"--perhaps", "3x"}, "--perhaps '3x': wanted a whole number");
  expect_error({"--perhaps="}, "--perhaps '': wanted a whole number");
}

TEST_F(ProgramOptionsTest, NamesSettingsWithoutAValue) {
  expect_error({"--set", "beam"}, "--set 'beam': wanted NAME=VALUE");
}

TEST_F(ProgramOptionsTest, NamesSettingsWithoutAName) {
  expect_error({"--set", "=5"}, "--set '=5': wanted NAME=VALUE");
}

// Parses a command line without arguments.
Result<void> parse_nothing(ProgramOptions& options) {
  std::string name = "program";
  char* argv[] = {name.data(), nullptr};
  return options.parse(1, argv);
}

TEST(ProgramOptionsHelp, TakesAHelpThatDescribesEachOption) {
  std::string text;
  bool flag = false;
  ProgramOptions options("Says --much.\n  --text=TEXT  A --text\n  --flag\n  -h, --help  This\n");
  options.add("text", text);
  options.add("flag", flag);
  const auto parsed = parse_nothing(options);
  EXPECT_TRUE(parsed) << parsed.error().message;
}

TEST(ProgramOptionsHelp, NamesAnOptionThatItDoesNotDescribe) {
  std::string text;
  for (const char* help : {"  -h, --help\n", "  -h, --help\n  --text  Without a value\n"}) {
    ProgramOptions options(help);
    options.add("text", text);
    const auto parsed = parse_nothing(options);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message, "the help does not describe --text=");
  }
}

TEST(ProgramOptionsHelp, NamesADescriptionWithoutAnOption) {
  ProgramOptions options("  -h, --help\n  --text=TEXT\n");
  const auto parsed = parse_nothing(options);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "the help describes --text=, which is not an option");
}

}  // namespace
}  // namespace npuwhisper::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/outputs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace npuwhisper::cli {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

class Outputs : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "npuwhisper-outputs-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Result<Paths> plan(std::vector<std::string> given, const fs::path& output, Format format) {
    std::vector<Input> inputs;
    for (const std::string& text : given) inputs.push_back(*parse_input(text));
    return plan_outputs(inputs, output.string(), format);
  }

  fs::path folder_;
};

TEST_F(Outputs, StdoutTakesSeveralTextsButOneSubtitleFile) {
  EXPECT_EQ(*plan({"a.wav", "b.wav"}, "", Format::Txt), Paths(2));
  EXPECT_EQ(*plan({"a.wav", "b.wav"}, "", Format::Json), Paths(2));
  EXPECT_EQ(*plan({"a.wav"}, "", Format::Srt), Paths(1));
  for (const Format format : {Format::Srt, Format::Vtt, Format::Ttml}) {
    const auto paths = plan({"a.wav", "b.wav"}, "", format);
    ASSERT_FALSE(paths);
    EXPECT_EQ(paths.error().code, ErrorCode::InvalidArgument);
  }
}

TEST_F(Outputs, OneInputGoesToTheFile) {
  EXPECT_EQ(*plan({"a.wav"}, folder_ / "x.txt", Format::Srt), Paths{folder_ / "x.txt"});
}

TEST_F(Outputs, OneInputGoesIntoAFolder) {
  EXPECT_EQ(*plan({"in/a.b.wav"}, folder_, Format::Srt), Paths{folder_ / "a.b.srt"});
  EXPECT_EQ(*plan({"-"}, folder_ / "new" / "", Format::Vtt), Paths{folder_ / "new" / "stdin.vtt"});
  EXPECT_TRUE(fs::is_directory(folder_ / "new"));
}

TEST_F(Outputs, SeveralInputsMakeAFolderWhoseNameEndsInASlash) {
  const fs::path made = folder_ / "made";
  EXPECT_EQ(*plan({"a.wav", "http://host/b.ogg?c"}, made / "", Format::Txt),
            (Paths{made / "a.txt", made / "b.txt"}));
  EXPECT_TRUE(fs::is_directory(made));
}

TEST_F(Outputs, RefusesOneFileForSeveralInputs) {
  const fs::path file = folder_ / "x.txt";
  const auto paths = plan({"a.wav", "b.wav"}, file, Format::Txt);
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().code, ErrorCode::InvalidArgument);
  EXPECT_NE(paths.error().message.find("'" + file.string() + "/'"), std::string::npos)
      << paths.error().message;
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(Outputs, AHyphenIsStdout) {
  EXPECT_EQ(*plan({"a.wav", "b.wav"}, "-", Format::Txt), Paths(2));
  EXPECT_EQ(*plan({"a.wav"}, "-", Format::Srt), Paths(1));
  EXPECT_FALSE(plan({"a.wav", "b.wav"}, "-", Format::Srt));
}

TEST_F(Outputs, SeveralInputsShareAJsonFileButNotAFolder) {
  const fs::path file = folder_ / "all.jsonl";
  EXPECT_EQ(*plan({"a.wav", "b.wav"}, file, Format::Json), (Paths{file, file}));
  EXPECT_EQ(*plan({"a.wav", "b.wav"}, folder_, Format::Json),
            (Paths{folder_ / "a.json", folder_ / "b.json"}));
}

TEST_F(Outputs, RefusesTwoInputsWithOneOutput) {
  const auto paths = plan({"x/a.wav", "y/a.ogg"}, folder_, Format::Txt);
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().message, "'x/a.wav' and 'y/a.ogg' would both be written to '" +
                                       (folder_ / "a.txt").string() + "'");
}

TEST_F(Outputs, RefusesToOverwriteAnInput) {
  const fs::path input = folder_ / "a.txt";
  std::ofstream(input) << "speech";
  EXPECT_FALSE(plan({input.string()}, input, Format::Txt));
  EXPECT_FALSE(plan({"file://" + input.string()}, input, Format::Txt));
  EXPECT_FALSE(plan({input.string()}, folder_, Format::Txt));
}

TEST_F(Outputs, TellsWhyAFolderCannotBeMade) {
  const fs::path file = folder_ / "file";
  std::ofstream(file) << "not a folder";
  const auto paths = plan({"a.wav", "b.wav"}, file / "", Format::Txt);
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().code, ErrorCode::Unavailable);
  EXPECT_NE(paths.error().message.find(file.string()), std::string::npos);
}

TEST_F(Outputs, EachInputHasATextForEachOutput) {
  const std::vector<Input> inputs = {*parse_input("a.wav"), *parse_input("b.wav")};
  const std::vector<Output> outputs = {{"-", Format::Json}, {folder_.string(), Format::Srt}};
  EXPECT_EQ(*plan_texts(inputs, outputs),
            (std::vector<TextPaths>{{"", folder_ / "a.srt"}, {"", folder_ / "b.srt"}}));
}

TEST_F(Outputs, TwoTextsInOneFileAreAnError) {
  const std::vector<Input> inputs = {*parse_input("a.wav")};
  for (const std::string& place : {folder_.string(), (folder_ / "a.srt").string()}) {
    const auto texts = plan_texts(
        inputs, std::vector<Output>{{folder_.string(), Format::Srt}, {place, Format::Srt}});
    ASSERT_FALSE(texts);
    EXPECT_EQ(texts.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(texts.error().message.find("a.srt"), std::string::npos);
  }
  const auto texts =
      plan_texts(inputs, std::vector<Output>{{"", Format::Txt}, {"-", Format::Json}});
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().message, "two texts of 'a.wav' would both be written to stdout");
}

TEST_F(Outputs, AListNeedsPlacesForAnyNumberOfTexts) {
  const auto check = [&](const fs::path& place, Format format) {
    const std::vector<Output> outputs = {{place.string(), format}};
    const auto checked = check_list_outputs(outputs);
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_EQ(check(folder_, Format::Srt), "");
  EXPECT_EQ(check(folder_ / "new" / "", Format::Txt), "");
  EXPECT_EQ(check("-", Format::Txt), "");
  EXPECT_EQ(check(folder_ / "all.json", Format::Json), "");
  EXPECT_NE(check("", Format::Vtt).find("vtt cannot hold several inputs"), std::string::npos);
  EXPECT_NE(check(folder_ / "a.txt", Format::Txt).find("is one file, but there are several inputs"),
            std::string::npos);
}

TEST_F(Outputs, ATextOfAListReplacesNoFileInAFolder) {
  const Input input = *parse_input("in/a.wav");
  const std::vector<Output> outputs = {{"-", Format::Json}, {folder_.string(), Format::Srt}};
  EXPECT_EQ(*plan_listed_texts(input, outputs), (TextPaths{"", folder_ / "a.srt"}));
  std::ofstream(folder_ / "a.srt") << "text";
  const auto texts = plan_listed_texts(input, outputs);
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().message, "its text '" + (folder_ / "a.srt").string() + "' exists");

  const std::vector<Output> shared = {{(folder_ / "a.srt").string(), Format::Json}};
  EXPECT_EQ(*plan_listed_texts(input, shared), TextPaths{folder_ / "a.srt"});
}

}  // namespace
}  // namespace npuwhisper::cli

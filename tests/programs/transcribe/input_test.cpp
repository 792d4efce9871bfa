// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/input.h"

#include <gtest/gtest.h>

#include <fstream>

#include "temporary_folder.h"

namespace npuwhisper::cli {
namespace {

using Kind = Input::Kind;

struct Case {
  const char* given;
  Kind kind;
  const char* location;
  const char* name;
};

TEST(Input, TellsFilesFromUris) {
  for (const Case& wanted : {
           Case{"-", Kind::Stdin, "", "stdin"},
           Case{"talk.mp4", Kind::File, "talk.mp4", "talk.mp4"},
           Case{"../a/talk.mp4", Kind::File, "../a/talk.mp4", "talk.mp4"},
           Case{"a:b.mp4", Kind::File, "a:b.mp4", "a:b.mp4"},
           Case{"./http://x", Kind::File, "./http://x", "x"},
           Case{"://x", Kind::File, "://x", "x"},
           Case{"file:///a/b%20c.mp4", Kind::File, "/a/b c.mp4", "b c.mp4"},
           Case{"FILE://localhost/a/b.mp4", Kind::File, "/a/b.mp4", "b.mp4"},
           Case{"http://host/a/b.mp3", Kind::Uri, "http://host/a/b.mp3", "b.mp3"},
           Case{"https://host:8/b%2Fc%20d.mp3?e=/f.g#h", Kind::Uri,
                "https://host:8/b%2Fc%20d.mp3?e=/f.g#h", "c d.mp3"},
           Case{"http://host/a/", Kind::Uri, "http://host/a/", "a"},
           Case{"http://host/", Kind::Uri, "http://host/", "host"},
           Case{"http://host/..?x", Kind::Uri, "http://host/..?x", "host"},
       }) {
    const auto input = parse_input(wanted.given);
    ASSERT_TRUE(input) << input.error().message;
    EXPECT_EQ(input->given, wanted.given);
    EXPECT_EQ(input->kind, wanted.kind) << wanted.given;
    EXPECT_EQ(input->location, wanted.location);
    EXPECT_EQ(input->name, wanted.name);
  }
}

TEST(Input, NamesUrisThatCannotBeParsed) {
  for (const char* given : {"http://host:port/x", "file://other/x", "file://%zz"}) {
    const auto input = parse_input(given);
    ASSERT_FALSE(input) << given;
    EXPECT_EQ(input.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(input.error().message.find(given), std::string::npos) << input.error().message;
  }
}

std::string complaint(const std::filesystem::path& path) {
  const auto checked = check_input(*parse_input(path.string()));
  return checked ? "" : checked.error().message;
}

TEST(Input, TellsWhyAFileCannotBeRead) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(complaint(folder.path() / "none"), "No such file or directory");
  EXPECT_EQ(complaint(folder.path()), "is a folder");
  const auto file = folder.path() / "file";
  std::ofstream(file).close();
  EXPECT_EQ(complaint(file), "the file is empty");
  std::ofstream(file) << "speech";
  EXPECT_EQ(complaint(file), "");
}

TEST(Input, DoesNotCheckWhatIsNoLocalFile) {
  EXPECT_TRUE(check_input(*parse_input("-")));
  EXPECT_TRUE(check_input(*parse_input("http://host/none")));
}

}  // namespace
}  // namespace npuwhisper::cli

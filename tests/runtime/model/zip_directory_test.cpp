// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/zip_directory.h"

#include <gtest/gtest.h>

#include <random>

#include "memory_file.h"
#include "model_formats.h"

namespace npuwhisper {
namespace {

using test::zip_file;

Result<std::map<std::string, ZipMember>> read(std::string_view bytes) {
  const test::MemoryFile memory(bytes);
  const auto file = RegularFile::open(memory.path());
  if (!file) return fail(file.error());
  return read_zip_directory(*file);
}

void expect_error(std::string_view bytes, ErrorCode code, std::string_view part) {
  const auto members = read(bytes);
  ASSERT_FALSE(members) << part;
  EXPECT_EQ(members.error().code, code) << members.error().message;
  EXPECT_NE(members.error().message.find(part), std::string::npos) << members.error().message;
}

TEST(ZipDirectory, FindsTheDataOfEachMember) {
  for (const bool zip64 : {false, true}) {
    const std::string file = zip_file({{.name = "a", .data = "first"},
                                       {.name = "b/c", .data = ""},
                                       {.name = "d", .data = "last"}},
                                      zip64);
    const auto members = read(file);
    ASSERT_TRUE(members) << members.error().message;
    ASSERT_EQ(members->size(), 3U);
    const auto data = [&](const char* name) {
      const ZipMember& member = members->at(name);
      return file.substr(member.offset, member.n_bytes);
    };
    EXPECT_EQ(data("a"), "first");
    EXPECT_EQ(data("b/c"), "");
    EXPECT_EQ(data("d"), "last");
  }
}

TEST(ZipDirectory, FindsTheEndBeforeAComment) {
  std::string file = zip_file({{.name = "a", .data = "first"}});
  const std::string comment = "PK\5\6 is not the end";
  file[file.size() - 2] = static_cast<char>(comment.size());
  const auto members = read(file + comment);
  ASSERT_TRUE(members) << members.error().message;
  EXPECT_EQ(members->at("a").n_bytes, 5U);
}

TEST(ZipDirectory, RefusesWhatItCannotRead) {
  expect_error("", ErrorCode::CorruptModel, "found no end record");
  expect_error(std::string(100'000, 'P'), ErrorCode::CorruptModel, "found no end record");
  expect_error(zip_file({{.name = "a", .data = "x", .method = 8}}), ErrorCode::Unsupported,
               "member 'a': found compression method 8, wanted 0");
  expect_error(zip_file({{.name = "a", .data = "x", .flags = 1}}), ErrorCode::Unsupported,
               "member 'a': found encrypted data");
  expect_error(zip_file({{.name = "a", .data = "x"}, {.name = "a", .data = "y"}}),
               ErrorCode::CorruptModel, "member 'a': found it twice");
}

/// Two entries of the directory that describe the same data would multiply the size of a model.
TEST(ZipDirectory, RefusesMembersThatOverlap) {
  std::string file = zip_file({{.name = "a", .data = "first"}, {.name = "b", .data = "second"}});
  const std::size_t second = file.rfind("PK\1\2");
  constexpr std::size_t kHeaderOffset = 42;
  file.replace(second + kHeaderOffset, 4, std::string(4, '\0'));
  expect_error(file, ErrorCode::CorruptModel, "members that overlap");
}

TEST(ZipDirectory, DataMustBeWithinTheFile) {
  std::string file = zip_file({{.name = "a", .data = "first"}});
  const std::size_t entry = file.rfind("PK\1\2");
  for (const std::size_t field : {20U, 24U}) file[entry + field + 1] = '\x7F';
  expect_error(file, ErrorCode::CorruptModel, "beyond the end of the file");
}

TEST(ZipDirectory, SurvivesAnyChange) {
  std::mt19937 random(1);
  for (const bool zip64 : {false, true}) {
    const std::string whole =
        zip_file({{.name = "a", .data = "first"}, {.name = "b", .data = "second"}}, zip64);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_FALSE(read(std::string_view(whole).substr(0, i)));
      std::string changed = whole;
      changed[i] = static_cast<char>(random());
      const auto members = read(changed);
      if (!members) continue;
      for (const auto& [name, member] : *members) {
        EXPECT_LE(member.offset + member.n_bytes, changed.size());
      }
    }
  }
}

}  // namespace
}  // namespace npuwhisper

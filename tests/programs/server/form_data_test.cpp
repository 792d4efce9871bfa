// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/server/form_data.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace npuwhisper::server {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=\"the mark\"";
// The file contains the beginning of a boundary, and line breaks.
const std::string kFile = "RIFF\r\n--the mar\r\n\r\n--the\r\n";
const std::string kBody =
    "preamble\r\n--the mark\r\n"
    "Content-Disposition: form-data; name=\"model\"\r\n\r\ntiny.en\r\n"
    "--the mark \r\n"
    "content-disposition: form-data; name=\"file\"; filename=\"a b.wav\"\r\n"
    "Content-Type: audio/wav\r\n\r\n" +
    kFile +
    "\r\n--the mark\r\n"
    "Content-Disposition: form-data; name=prompt\r\n\r\n\r\n"
    "--the mark--\r\nepilogue";

/// The parts that a FormData has reported.
struct Parts {
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> files;
  std::string bytes;

  FormData::Events events() {
    return {.field = [this](const std::string& name, std::string value) -> Result<void> {
              fields.emplace_back(name, std::move(value));
              return {};
            },
            .file = [this](const std::string& name) -> Result<void> {
              files.push_back(name);
              return {};
            },
            .bytes = [this](std::span<const char> piece) -> Result<void> {
              bytes.append(piece.data(), piece.size());
              return {};
            }};
  }
};

/// Returns the message of the error with which the body is refused, or "" if it is accepted.
std::string error_of(const std::string& body, const char* type = kType) {
  Parts parts;
  auto form = FormData::create(type, parts.events());
  if (!form) return form.error().message;
  if (const auto added = form->add(body); !added) return added.error().message;
  const auto finished = form->finish();
  return finished ? "" : finished.error().message;
}

std::string part(const std::string& head, const std::string& value) {
  return "--the mark\r\n" + head + "\r\n\r\n" + value + "\r\n";
}

std::string field(const std::string& name, const std::string& value) {
  return part("Content-Disposition: form-data; name=\"" + name + "\"", value);
}

TEST(FormDataTest, ReadsABodyThatIsSplitAnywhere) {
  for (std::size_t split = 0; split <= kBody.size(); ++split) {
    Parts parts;
    auto form = FormData::create(kType, parts.events());
    ASSERT_TRUE(form) << form.error().message;
    const std::string first = kBody.substr(0, split);
    const std::string second = kBody.substr(split);
    ASSERT_TRUE(form->add(first)) << split;
    ASSERT_TRUE(form->add(second)) << split;
    EXPECT_TRUE(form->finish()) << split;
    const std::vector<std::pair<std::string, std::string>> fields = {{"model", "tiny.en"},
                                                                     {"prompt", ""}};
    EXPECT_EQ(parts.fields, fields) << split;
    EXPECT_EQ(parts.files, std::vector<std::string>{"file"}) << split;
    EXPECT_EQ(parts.bytes, kFile) << split;
  }
}

TEST(FormDataTest, ReadsABodyByteByByte) {
  Parts parts;
  auto form = FormData::create(kType, parts.events());
  ASSERT_TRUE(form);
  for (const char& byte : kBody) ASSERT_TRUE(form->add({&byte, 1}));
  EXPECT_TRUE(form->finish());
  EXPECT_EQ(parts.bytes, kFile);
  EXPECT_EQ(parts.fields.size(), 2U);
}

TEST(FormDataTest, RefusesABodyThatEndsAnywhere) {
  const std::size_t end = kBody.find("--\r\nepilogue");
  for (std::size_t n = 0; n < end; ++n) EXPECT_NE(error_of(kBody.substr(0, n)), "") << n;
  EXPECT_EQ(error_of(kBody.substr(0, end + 2)), "");
}

TEST(FormDataTest, RefusesOtherTypes) {
  for (const char* type :
       {static_cast<const char*>(nullptr), "application/json", "multipart/mixed; boundary=x",
        "multipart/form-data", "multipart/form-data; boundary=\"\""}) {
    EXPECT_NE(error_of(kBody, type), "");
  }
  const std::string long_boundary = "multipart/form-data; boundary=" + std::string(71, 'x');
  EXPECT_NE(error_of(kBody, long_boundary.c_str()), "");
}

TEST(FormDataTest, RefusesMalformedParts) {
  EXPECT_NE(error_of("--the markX\r\n"), "");
  EXPECT_NE(error_of(part("Content-Type: text/plain", "x") + "--the mark--"), "");
  EXPECT_NE(error_of(part("Content-Disposition: attachment; name=a", "x") + "--the mark--"), "");
  EXPECT_NE(error_of(part("Content-Disposition: form-data", "x") + "--the mark--"), "");
  EXPECT_EQ(error_of(field("a", "x") + "--the mark--"), "");
}

TEST(FormDataTest, LimitsItsMemory) {
  const std::string end = "--the mark--";
  const std::string head = "Content-Disposition: form-data; name=a\r\nX: ";
  EXPECT_NE(error_of(part(head + std::string(FormData::kMaxHead, 'x'), "") + end), "");
  EXPECT_NE(error_of("--the mark\r\n" + std::string(2 * FormData::kMaxHead, 'x')), "");
  EXPECT_NE(error_of(field("a", std::string(FormData::kMaxFields, 'x')) + end), "");
  EXPECT_EQ(error_of(field("a", std::string(FormData::kMaxFields - 1, 'x')) + end), "");
  std::string parts;
  for (std::size_t i = 0; i < FormData::kMaxParts; ++i) parts += field("a", "x");
  EXPECT_EQ(error_of(parts + end), "");
  EXPECT_NE(error_of(parts + field("a", "x") + end), "");
}

TEST(FormDataTest, PassesOnTheErrorsOfEvents) {
  Parts parts;
  auto events = parts.events();
  events.bytes = [](std::span<const char>) -> Result<void> {
    return fail(ErrorCode::Unavailable, "no space");
  };
  auto form = FormData::create(kType, std::move(events));
  ASSERT_TRUE(form);
  const auto added = form->add(kBody);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace npuwhisper::server

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <npuwhisper/engine.h>

#include "temporary_folder.h"

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;

/// Places everything that find_model() examines in one folder, which is initially empty.
class FindModel : public testing::Test {
 protected:
  FindModel() {
    for (const char* name : {"NPUWHISPER_MODEL_DIR", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HF_HOME"}) {
      ::unsetenv(name);
    }
    set("HOME", root_ / "home");
    fs::create_directories(root_ / "work");
    fs::current_path(root_ / "work");
  }
  ~FindModel() override { fs::current_path("/"); }

  static void set(const char* name, const fs::path& value) { ::setenv(name, value.c_str(), 1); }

  /// Creates `folder` with a model in it and returns its path.
  fs::path make(const fs::path& folder) const {
    const fs::path path = root_ / folder;
    fs::create_directories(path);
    std::ofstream(path / "model.bin") << "weights";
    return path;
  }

  static void expect_found(const std::string& name, const fs::path& wanted) {
    const auto found = find_model(name);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, wanted);
  }

 private:
  test::TemporaryFolder folder_;

 protected:
  const fs::path root_ = fs::canonical(folder_.path());
};

TEST_F(FindModel, TakesAPathAsItIs) {
  const fs::path folder = make("anywhere/mine");
  expect_found(folder, folder);
  expect_found("../anywhere/mine", "../anywhere/mine");
  make("work/mine");
  expect_found("mine", "mine");
}

TEST_F(FindModel, PathWithoutModelIsNotFound) {
  fs::create_directories(root_ / "empty");
  make("home/.cache/npuwhisper/empty");
  const auto found = find_model(root_ / "empty");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::NotFound);
  EXPECT_NE(found.error().message.find("no model.bin in this folder"), std::string::npos);
  EXPECT_FALSE(find_model(""));
  EXPECT_FALSE(find_model("."));
}

TEST_F(FindModel, LooksInTheModelFolder) {
  set("NPUWHISPER_MODEL_DIR", root_ / "models");
  make("home/.cache/npuwhisper/base");
  expect_found("base", make("models/base"));

  const fs::path itself = make("folder/tiny");
  set("NPUWHISPER_MODEL_DIR", itself);
  expect_found("tiny", itself);
  set("NPUWHISPER_MODEL_DIR", itself.string() + "/");
  expect_found("tiny", itself.string() + "/");
  EXPECT_FALSE(find_model("small")) << "another model's folder";
}

TEST_F(FindModel, LooksInTheCache) {
  expect_found("base", make("home/.cache/npuwhisper/base"));
  set("XDG_CACHE_HOME", root_ / "xdg");
  EXPECT_FALSE(find_model("base"));
  expect_found("base", make("xdg/npuwhisper/base"));
  set("XDG_CACHE_HOME", "relative");
  expect_found("base", root_ / "home/.cache/npuwhisper/base");
}

/// A systemd service has no HOME. tools/npuwhisper-models then downloads to the account's home
/// (tests/tools/models_test.py), so find_model() must look there.
TEST_F(FindModel, WithoutHomeTheAccountHasOne) {
  const passwd* const account = ::getpwuid(::getuid());
  ASSERT_NE(account, nullptr);
  const std::string cache = std::string(account->pw_dir) + "/.cache/npuwhisper/no-such-model'";
  for (const bool is_empty : {false, true}) {
    ::unsetenv("HOME");
    if (is_empty) set("HOME", "");
    const auto found = find_model("no-such-model");
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message.find("'" + cache), std::string::npos) << found.error().message;
  }
}

TEST_F(FindModel, LooksInTheHuggingFaceCache) {
  const fs::path snapshot = "models--Systran--faster-whisper-base/snapshots/0123abcd";
  fs::create_directories(root_ / "home/.cache/huggingface/hub" / snapshot.parent_path() / "0000");
  expect_found("base", make("home/.cache/huggingface/hub" / snapshot));
  set("HF_HOME", root_ / "hf");
  EXPECT_FALSE(find_model("base"));
  expect_found("base", make("hf/hub" / snapshot));
  set("HF_HUB_CACHE", root_ / "hub");
  EXPECT_FALSE(find_model("base"));
  expect_found("base", make("hub" / snapshot));
}

TEST_F(FindModel, ListsThePlaces) {
  set("NPUWHISPER_MODEL_DIR", root_ / "models");
  const auto found = find_model("base");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::NotFound);
  const std::string& message = found.error().message;
  for (const std::string& part :
       {(root_ / "models/base").string(), (root_ / "home/.cache/npuwhisper/base").string(),
        (root_ / "home/.cache/huggingface/hub/models--Systran--faster-whisper-base").string(),
        std::string("run npuwhisper-models fetch base")}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
  }
}

}  // namespace
}  // namespace npuwhisper

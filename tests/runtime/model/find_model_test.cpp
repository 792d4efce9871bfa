// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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
    for (const char* name : {"NPUWHISPER_MODEL_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME",
                             "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME"}) {
      ::unsetenv(name);
    }
    set("HOME", root_ / "home");
    fs::create_directories(root_ / "work");
    fs::current_path(root_ / "work");
  }
  ~FindModel() override { fs::current_path("/"); }

  static void set(const char* name, const fs::path& value) { ::setenv(name, value.c_str(), 1); }

  /// Creates `folder` with the files of a CTranslate2 model and returns its path.
  fs::path make(const fs::path& folder) const {
    for (const char* name : {"model.bin", "config.json", "vocabulary.txt"}) {
      make_file(folder / name);
    }
    return root_ / folder;
  }

  /// Creates a file, and returns its path.
  fs::path make_file(const fs::path& file) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << "content";
    return root_ / file;
  }

  static std::string message(const std::string& name) {
    const auto found = find_model(name);
    if (found) return "found " + found->string();
    EXPECT_EQ(found.error().code, ErrorCode::NotFound);
    return found.error().message;
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
  EXPECT_NE(found.error().message.find("no model at this path"), std::string::npos);
  EXPECT_FALSE(find_model(""));
  EXPECT_FALSE(find_model("."));
}

/// The owner of the working directory must not be able to replace a published model.
TEST_F(FindModel, PublishedNameIsNotSearchedInTheWorkingDirectory) {
  make("work/base");
  make_file("work/models/ggml-base.bin");
  for (const char* name : {"base", "turbo", "base-q5_1"}) {
    EXPECT_EQ(message(name).find("found /"), std::string::npos) << name;
  }
  expect_found("./base", "./base");
}

TEST_F(FindModel, TakesFilesAndFoldersOfAllFormats) {
  const fs::path openai = make_file("any/mine.pt");
  expect_found(openai, openai);
  const fs::path ggml = make_file("any/ggml-model.bin");
  expect_found(ggml, ggml);
  for (const char* weights : {"model.safetensors", "model.safetensors.index.json",
                              "pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    const fs::path folder = make_file(fs::path("hf") / weights / weights).parent_path();
    expect_found(folder, folder);
  }
  const fs::path ctranslate2 = make_file("any/folder/model.bin").parent_path();
  expect_found(ctranslate2, ctranslate2);
  EXPECT_FALSE(find_model(make_file("any/notes.txt")));
}

/// A download that was interrupted has only some of the files.
TEST_F(FindModel, PassesOverIncompleteFolders) {
  const fs::path cached = make("home/.cache/npuwhisper/base");
  set("NPUWHISPER_MODEL_DIR", root_ / "models");
  make("models/base");
  for (const char* missing : {"model.bin", "config.json", "vocabulary.txt"}) {
    fs::rename(root_ / "models/base" / missing, root_ / "moved");
    expect_found("base", cached);
    fs::rename(root_ / "moved", root_ / "models/base" / missing);
  }
  expect_found("base", root_ / "models/base");
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

TEST_F(FindModel, TakesTheMainSnapshotFirst) {
  const fs::path repository =
      "home/.cache/huggingface/hub/models--Systran--faster-whisper-large-v3";
  const fs::path first = make(repository / "snapshots/aaaa");
  expect_found("large", first);
  const fs::path main = make(repository / "snapshots/bbbb");
  expect_found("large", first);
  fs::create_directories(root_ / repository / "refs");
  std::ofstream(root_ / repository / "refs/main") << "bbbb";
  expect_found("large", main);
}

/// The file refs/main belongs to another program, and may be anything.
TEST_F(FindModel, PassesOverAFileOfTheMainRevisionThatIsNone) {
  const fs::path repository =
      "home/.cache/huggingface/hub/models--Systran--faster-whisper-large-v3";
  const fs::path first = make(repository / "snapshots/aaaa");
  make(repository / "snapshots/bbbb");
  const fs::path main = root_ / repository / "refs/main";
  fs::create_directories(main);
  expect_found("large", first);
  fs::remove(main);
  std::ofstream(main) << "bbbb" << std::string(200, ' ');
  expect_found("large", first);
  fs::remove(main);
  ASSERT_EQ(::mkfifo(main.c_str(), 0600), 0);
  expect_found("large", first);
}

/// Fills the places from the last to the first. Each new model takes precedence over the models
/// that exist already.
TEST_F(FindModel, SearchesPlacesInOrder) {
  set("NPUWHISPER_MODEL_DIR", root_ / "models");
  const fs::path hub = "home/.cache/huggingface/hub";
  const fs::path ggml_snapshot = hub / "models--ggerganov--whisper.cpp/snapshots/0123";
  const fs::path pywhispercpp = "home/.local/share/pywhispercpp/models";
  for (const fs::path& file :
       {ggml_snapshot / "ggml-large-v3-turbo.bin", pywhispercpp / "ggml-large-v3-turbo.bin",
        fs::path("home/.cache/whisper/large-v3-turbo.pt")}) {
    expect_found("turbo", make_file(file));
  }
  const fs::path original = hub / "models--openai--whisper-large-v3-turbo/snapshots/0123";
  make_file(original / "config.json");
  make_file(original / "model.safetensors");
  expect_found("turbo", root_ / original);
  expect_found("turbo",
               make(hub / "models--dropbox-dash--faster-whisper-large-v3-turbo/snapshots/0"));
  expect_found("turbo",
               make(hub / "models--mobiuslabsgmbh--faster-whisper-large-v3-turbo/snapshots/0"));
  expect_found("turbo", make("home/.cache/npuwhisper/large-v3-turbo"));
  expect_found("turbo", make("home/.cache/npuwhisper/turbo"));
  for (const char* file : {"models/ggml-large-v3-turbo.bin", "models/large-v3-turbo.pt"}) {
    expect_found("turbo", make_file(file));
  }
  expect_found("turbo", make("models/large-v3-turbo"));
  expect_found("turbo", make("models/turbo"));
  expect_found("large-v3-turbo", root_ / "models/large-v3-turbo");
}

TEST_F(FindModel, QuantisedNameSelectsThatFile) {
  set("XDG_DATA_HOME", root_ / "data");
  make("home/.cache/npuwhisper/base");
  make_file("data/pywhispercpp/models/ggml-base.bin");
  EXPECT_FALSE(find_model("base-q5_1"));
  expect_found("base-q5_1", make_file("data/pywhispercpp/models/ggml-base-q5_1.bin"));
  EXPECT_NE(message("base-q8_0").find("ggml-base-q8_0.bin'"), std::string::npos);
  fs::remove_all(root_ / "home/.cache/npuwhisper/base");
  fs::remove(root_ / "data/pywhispercpp/models/ggml-base.bin");
  EXPECT_FALSE(find_model("base")) << "a quantised file";
  EXPECT_NE(message("base-q9_9").find("known names"), std::string::npos);
}

/// Old versions of openai-whisper and whisper.cpp stored the newest large model as "large".
TEST_F(FindModel, FilesHaveTheTableNameOnly) {
  make_file("home/.cache/whisper/large.pt");
  make_file("home/.local/share/pywhispercpp/models/ggml-large.bin");
  EXPECT_FALSE(find_model("large"));
  expect_found("large-v1", make_file("home/.cache/whisper/large-v1.pt"));
}

TEST_F(FindModel, ListsThePlacesAndEndsWithTheCommand) {
  set("NPUWHISPER_MODEL_DIR", root_ / "models");
  const std::string text = message("turbo");
  for (const std::string& part :
       {(root_ / "models/turbo'").string(), (root_ / "models/large-v3-turbo.pt'").string(),
        (root_ / "home/.cache/npuwhisper/large-v3-turbo'").string(),
        (root_ / "home/.cache/huggingface/hub").string() +
            "/models--mobiuslabsgmbh--faster-whisper-large-v3-turbo'",
        (root_ / "home/.cache/whisper/large-v3-turbo.pt'").string(),
        (root_ / "home/.local/share/pywhispercpp/models/ggml-large-v3-turbo.bin'").string()}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  const std::string command = "; run npuwhisper-models fetch large-v3-turbo";
  EXPECT_EQ(text.substr(text.size() - std::min(text.size(), command.size())), command);
}

TEST_F(FindModel, UnknownNameListsTheMostSimilarNamesFirst) {
  EXPECT_NE(message("small-en").find("the known names are small.en, small, "), std::string::npos)
      << message("small-en");
  EXPECT_NE(message("large-v4").find("the known names are large-v1, large-v2, large-v3, "),
            std::string::npos)
      << message("large-v4");
  EXPECT_EQ(message("small-en").find("fetch"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper
